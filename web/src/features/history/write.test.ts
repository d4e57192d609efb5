import { describe, expect, it } from "vitest";
import { histories, ingest, ingestPage } from "@/store/ingest";
import { conversationById, everybody, type MessageView, wholeHistory } from "@/store/queries";
import { removeForMe, sendMessage } from "@/store/actions";
import type { Store } from "@/store/db";
import { at, entryOf, me, textOf, viewOf } from "@/testing/log";
import { freshStore } from "@/testing/stores";
import { asJson, asText, fileName, type Words } from "./write";

const words: Words = {
  heading: "Group c",
  nameOf: (id) => (id === "me" ? "You" : id),
  insteadOf: (message) => (message.deleted ? "deleted" : message.type === "message" ? null : `${message.notice?.what}`),
  reply: (name, excerpt) => `to ${name}: ${excerpt}`,
  edited: "edited",
  reactions: (list) => `+ ${list}`,
  timeZone: "UTC",
};

async function join(parts: AsyncIterable<string>): Promise<string> {
  let all = "";
  for await (const part of parts) all += part;
  return all;
}

async function withLog(): Promise<Store> {
  const db = await freshStore();
  const day = 86_400;
  const entries = [
    entryOf("c", 1, { data: textOf("hello\nyou"), createdAt: at(0) }),
    entryOf("c", 2, { data: textOf("hidden") }),
    entryOf("c", 3, {
      id: "m3",
      data: textOf("fine", { replyTo: { id: "m1", senderId: "ann", excerpt: "hello\nyou" } }),
      senderId: "me",
      createdAt: at(day),
    }),
    entryOf("c", 4, { type: "reaction", data: { messageId: "m3", emoji: "👍", op: "add" }, createdAt: at(day) }),
    entryOf("c", 5, { type: "edit", data: { messageId: "m1", text: "hello\nall" }, createdAt: at(day) }),
    entryOf("c", 6, { type: "member", data: { op: "left", userId: "ann" }, createdAt: at(day + 60) }),
    entryOf("c", 7, { createdAt: at(day + 60) }),
    entryOf("c", 8, { type: "delete", data: { messageId: "m7" }, createdAt: at(day + 61) }),
  ];
  const conversations = [{ conversation: viewOf("c"), entries, gone: [] }];
  await ingestPage(db, me, { since: "s", removed: [], receipts: [], more: false, conversations }, await histories(db));
  await removeForMe("c", "m2", db);
  await sendMessage("c", { text: "not sent" }, db);
  return db;
}

describe("a history as a file", () => {
  it("for people: a line for each message, days apart, nothing that is not shown or not sent", async () => {
    const db = await withLog();
    expect(await join(asText(wholeHistory("c", db), words))).toBe(
      [
        "Group c",
        "",
        "2026-11-27 08:00 ann (edited): hello",
        "    all",
        "",
        "2026-11-28 08:00 You (to ann: hello you): fine",
        "    + 👍 ann",
        "2026-11-28 08:01 * left",
        "2026-11-28 08:01 ann: deleted",
        "",
      ].join("\n"),
    );
  });

  it("for programs: everything about each message, and the people that are named", async () => {
    const db = await withLog();
    const conversation = await conversationById("c", db);
    if (!conversation) throw new Error("no conversation");
    const written = JSON.parse(await join(asJson(wholeHistory("c", db), { conversation, people: await everybody(db), savedAt: at(9) })));
    expect(written).toMatchObject({ format: "restante-history", version: 1, savedAt: at(9), conversation: { id: "c", title: "Group c" } });
    const messages = written.messages as MessageView[];
    expect(messages.map((message) => message.id)).toEqual(["m1", "m3", "m6", "m7"]);
    expect(messages[1]).toMatchObject({ text: "fine", replyTo: { id: "m1" }, reactions: [{ emoji: "👍", userIds: ["ann"] }] });
    expect(written.people).toContainEqual({ id: "ann", name: "ann", username: null });
  });

  it("has every message of a long one, once and in order", async () => {
    const db = await freshStore();
    const conversations = [{ conversation: viewOf("c"), entries: [], gone: [] }];
    await ingestPage(db, me, { since: "s", removed: [], receipts: [], more: false, conversations }, await histories(db));
    const history = (await histories(db)).get("c");
    if (!history) throw new Error("no history");
    await ingest(db, me, [{ id: "c", history, entries: Array.from({ length: 1_203 }, (_, i) => entryOf("c", i + 1)) }]);
    const seqs: (number | null)[] = [];
    for await (const page of wholeHistory("c", db)) seqs.push(...page.map((message) => message.seq));
    expect(seqs).toEqual(Array.from({ length: 1_203 }, (_, i) => i + 1));
  });

  it("has a name that every file system takes", () => {
    expect(fileName('A/B: "c"?', "2026-11-27", "txt")).toBe("A-B-c-2026-11-27.txt");
    expect(fileName("👋", "2026-11-27", "json")).toBe("conversation-2026-11-27.json");
    expect(fileName("رحلة إلى بورتو", "2026-11-27", "txt")).toBe("رحلة-إلى-بورتو-2026-11-27.txt");
  });
});
