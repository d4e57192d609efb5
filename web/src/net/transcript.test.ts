/**
 * What the real server said to one device in `live.test.ts`: a direct conversation, edits, reactions, deletions, a group that is
 * named, left and joined again, the death of the server, and what came afterwards. Recorded with `RECORD=…`.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { conversationList, messageSlice } from "@/store/queries";
import { quickDevice, soon } from "@/testing/devices";
import { at, memberOf, viewOf } from "@/testing/log";
import { type Line, Replay } from "@/testing/recorded";
import { freshStore } from "@/testing/stores";
import { type Cursor, type Entry, isEntry } from "./events";

const lines = JSON.parse(readFileSync(new URL("../testing/transcripts/bob.json", import.meta.url), "utf8")) as Line[];
// The record ends with the end of the server.
while (lines.length > 0 && "closed" in (lines.at(-1) as Line)) lines.pop();
const writes = lines.flatMap((line) => ("asked" in line && line.payload && "id" in (line.payload as object) ? [line] : []));

/** The end of each log, as far as the record tells of it. */
function highest(said: readonly Line[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const line of said) {
    if (!("heard" in line) || !isEntry(line.payload)) continue;
    const { conversationId, seq } = line.payload;
    ends.set(conversationId, Math.max(seq, ends.get(conversationId) ?? 0));
  }
  return ends;
}

/** One's own conversation, which the server lists; as far as the record tells of it. */
async function* listed() {
  const note = lines.find((line) => "heard" in line && line.heard === "account") as { payload: Entry };
  const id = note.payload.conversationId;
  const told = lines.flatMap((line) =>
    "asked" in line && line.asked === "message:delivered" ? (line.payload as { cursors: Cursor[] }).cursors : [],
  );
  const epoch = told.find((cursor) => cursor.conversationId === id)?.epoch ?? "";
  yield [viewOf(id, { kind: "self", epoch, members: [memberOf(note.payload.senderId)] })];
}

async function replayed(change: (lines: Line[]) => Line[] = (same) => same) {
  const bob = (
    writes.map((line) => lines.find((one) => "answered" in one && one.answered === line.n)).find(Boolean) as { answer: { entry: Entry } }
  ).answer.entry.senderId;
  const db = await freshStore({ userId: bob, deviceId: "device" });
  const replay = new Replay(change(lines), async (said) => {
    const ends = [...highest(said)];
    const rows = await db.conversations.bulkGet(ends.map(([id]) => id));
    return ends.every(([, seq], at) => rows[at]?.whole === seq);
  });
  const { device, arrived, troubles } = quickDevice(db, replay.connect, { list: listed });
  for (const { asked, payload } of writes) {
    const body = payload as { id: string; conversationId: string; messageId?: string };
    const row = {
      id: body.id,
      conversationId: body.conversationId,
      messageId: body.messageId ?? body.id,
      event: asked as "message:send",
      body,
    };
    await db.outbox.add({ ...row, createdAt: at(0), state: "waiting", failure: null });
  }
  const running = device.run();
  await soon(() => expect(replay.next).toBeUndefined(), 3_000);
  await soon(async () => expect(await db.outbox.toArray()).toEqual([]));
  await soon(async () => {
    for (const [id, seq] of highest(lines)) expect((await db.conversations.get(id))?.whole).toBe(seq);
  });
  const list = await conversationList({}, db);
  const shown = new Map<string, string[]>();
  for (const { id } of list) {
    const { messages } = await messageSlice(id, { around: { at: "end" }, before: 100, after: 0 }, db);
    shown.set(
      id,
      messages.map((one) => (one.notice ? `(${one.notice.what})` : one.deleted ? "-" : one.text)),
    );
  }
  device.close();
  await running;
  return { db, bob, list, shown: [...shown.values()], arrived, troubles, asked: replay.asked };
}

const doubled = (all: Line[]): Line[] => all.flatMap((line): Line[] => ("heard" in line ? [line, line] : [line]));
const away = Array.from({ length: 20 }, (_, i) => `while away ${i + 1}`);

describe("what the server said", () => {
  it("is shown as it was meant", async () => {
    const { list, shown, troubles } = await replayed();
    expect(troubles).toEqual([]);
    const pair = shown.find((texts) => texts.length > 10) as string[];
    expect(pair.slice(0, 2)).toEqual(["-", "Hi Ann"]);
    expect(pair.filter((text) => away.includes(text)).toSorted()).toEqual(away.toSorted());
    expect(pair.slice(-2)).toEqual(["from the second tab", "after the hand-over"]);
    const group = list.find((one) => one.kind === "group");
    expect(group).toMatchObject({ title: "Long walk", memberCount: 2, left: false });
    const notices = ["(changed)", "(changed)", "(role)", "(left)", "(joined)"];
    expect(shown.find((texts) => texts.includes("welcome back"))).toEqual([...notices, "welcome back"]);
  });

  it("is shown the same when everything heard comes twice", async () => {
    const once = await replayed();
    const twice = await replayed(doubled);
    expect(twice.shown).toEqual(once.shown);
    expect(twice.list.map((one) => one.unread)).toEqual(once.list.map((one) => one.unread));
  });

  it("tells of each message of others once", async () => {
    const { arrived, bob, db } = await replayed(doubled);
    expect(new Set(arrived.map((one) => one.messageId)).size).toBe(arrived.length);
    for (const { conversationId, messageId } of arrived)
      expect((await db.messages.get([conversationId, messageId]))?.senderId).not.toBe(bob);
  });

  it("acknowledges nothing that it does not have", async () => {
    const { asked, db } = await replayed();
    const cursors = asked.flatMap(({ event, payload }) =>
      event === "message:delivered" ? (payload as { cursors: { conversationId: string; seq: number }[] }).cursors : [],
    );
    expect(cursors.length).toBeGreaterThan(3);
    for (const { conversationId, seq } of cursors) expect((await db.conversations.get(conversationId))?.whole).toBeGreaterThanOrEqual(seq);
  });
});
