import { liveQuery } from "dexie";
import { describe, expect, it } from "vitest";
import { soon } from "@/testing/devices";
import { at, entryOf, me, memberOf, textOf, viewOf } from "@/testing/log";
import { freshStore } from "@/testing/stores";
import * as actions from "./actions";
import type { Store } from "./db";
import { histories, ingest, ingestPage } from "./ingest";
import * as queries from "./queries";

async function withLog(texts: string[], change: Parameters<typeof viewOf>[1] = {}, id = "c"): Promise<Store> {
  const db = await freshStore();
  await fill(db, id, texts, change);
  return db;
}

async function fill(db: Store, id: string, texts: string[], change: Parameters<typeof viewOf>[1] = {}) {
  const entries = texts.map((text, i) => entryOf(id, i + 1, { id: `${id}-m${i + 1}`, data: textOf(text) }));
  const page = {
    since: "s",
    removed: [],
    receipts: [],
    more: false,
    conversations: [{ conversation: viewOf(id, change), entries, gone: [] }],
  };
  await ingestPage(db, me, page, await histories(db));
}

async function add(db: Store, id: string, seq: number, change: Parameters<typeof entryOf>[2]) {
  const history = (await histories(db)).get(id);
  if (history) await ingest(db, me, [{ id, history, entries: [entryOf(id, seq, { id: `${id}-m${seq}`, ...change })] }]);
}

const ids = (slice: queries.MessageSlice) => slice.messages.map((message) => message.seq ?? message.text);
const hundred = Array.from({ length: 100 }, (_, i) => `text ${i + 1}`);

describe("a slice of messages", () => {
  it("is bounded on both sides, and says whether there is more", async () => {
    const db = await withLog(hundred);
    const end = await queries.messageSlice("c", { around: { at: "end" }, before: 3, after: 9 }, db);
    expect([ids(end), end.atStart, end.atEnd, end.anchorId]).toEqual([[98, 99, 100], false, true, null]);
    const middle = await queries.messageSlice("c", { around: { at: "seq", seq: 50 }, before: 2, after: 3 }, db);
    expect([ids(middle), middle.atStart, middle.atEnd, middle.anchorId]).toEqual([[48, 49, 50, 51, 52], false, false, "c-m50"]);
    const start = await queries.messageSlice("c", { around: { at: "message", id: "c-m2" }, before: 5, after: 1 }, db);
    expect([ids(start), start.atStart, start.atEnd]).toEqual([[1, 2], true, false]);
    const whole = await queries.messageSlice("c", { around: { at: "message", id: "c-m1" }, before: 0, after: 100 }, db);
    expect([whole.messages.length, whole.atStart, whole.atEnd]).toEqual([100, true, true]);
  });

  it("passes over what is not shown, however much of it there is in one place", async () => {
    const db = await withLog(hundred);
    // Half of the places within reach, and then a run that is longer than what is read at a time.
    for (let seq = 60; seq <= 98; seq += 1) if (seq < 80 || seq % 2 === 0) await db.messages.update(["c", `c-m${seq}`], { hidden: true });
    const end = await queries.messageSlice("c", { around: { at: "end" }, before: 14, after: 0 }, db);
    const odd = [81, 83, 85, 87, 89, 91, 93, 95, 97, 99];
    expect([ids(end), end.atStart]).toEqual([[57, 58, 59, ...odd, 100], false]);
    const up = await queries.messageSlice("c", { around: { at: "seq", seq: 58 }, before: 1, after: 5 }, db);
    expect([ids(up), up.atEnd]).toEqual([[57, 58, 59, 81, 83, 85], false]);
    const rest = await queries.messageSlice("c", { around: { at: "seq", seq: 97 }, before: 0, after: 50 }, db);
    expect([ids(rest), rest.atEnd]).toEqual([[97, 99, 100], true]);
  });

  it("opens at the first unread message of somebody else, else at the end", async () => {
    const db = await withLog(hundred.slice(0, 10), { read: { seq: 4, count: 4 } });
    const unread = await queries.messageSlice("c", { around: { at: "unread" }, before: 1, after: 2 }, db);
    expect([ids(unread), unread.anchorId, unread.readSeq]).toEqual([[4, 5, 6], "c-m5", 4]);
    await actions.markRead("c", undefined, db);
    const read = await queries.messageSlice("c", { around: { at: "unread" }, before: 2, after: 2 }, db);
    expect([ids(read), read.anchorId]).toEqual([[9, 10], null]);
  });

  it("ends with what waits, and shows changes before they are confirmed", async () => {
    const db = await withLog(["one", "two"]);
    await add(db, "c", 3, { senderId: "me", data: textOf("three") });
    await actions.sendMessage("c", { text: "four" }, db);
    await actions.editMessage("c", "c-m3", { text: "drei" }, db);
    await actions.react("c", "c-m1", "👍", true, db);
    await actions.removeForMe("c", "c-m2", db);
    const { messages, atEnd } = await queries.messageSlice("c", { around: { at: "end" }, before: 9, after: 0 }, db);
    expect(messages.map(({ text, progress }) => [text, progress])).toEqual([
      ["one", null],
      ["drei", "sent"],
      ["four", "pending"],
    ]);
    expect(atEnd).toBe(true);
    expect(messages[0]?.reactions).toEqual([{ emoji: "👍", userIds: ["me"], mine: true }]);
    const middle = await queries.messageSlice("c", { around: { at: "message", id: "c-m1" }, before: 0, after: 1 }, db);
    expect([ids(middle), middle.atEnd]).toEqual([[1], false]);
  });

  it("shows what failed, until it is tried again or given up", async () => {
    const db = await withLog(["one"]);
    const id = await actions.sendMessage("c", { text: "two" }, db);
    const edit = { code: "FORBIDDEN", message: "too late" };
    await db.outbox.where("id").equals(id).modify({ state: "failed", failure: edit });
    expect(await queries.messageById("c", id, db)).toMatchObject({ progress: "failed", failure: edit });
    expect((await queries.conversationList({}, db))[0]).toMatchObject({ failed: true });
    await actions.sendMessage("c", { text: "three" }, db);
    await actions.retrySend(id, db);
    const { messages } = await queries.messageSlice("c", { around: { at: "end" }, before: 9, after: 0 }, db);
    expect(messages.map(({ text, progress }) => [text, progress])).toEqual([
      ["one", null],
      ["three", "pending"],
      ["two", "pending"],
    ]);
    await actions.discardSend(id, db);
    expect(await queries.messageById("c", id, db)).toBeNull();
    expect(await queries.outboxCounts(db)).toEqual({ waiting: 1, failed: 0 });
  });
});

describe("the list", () => {
  it("has pinned ones first, then the latest, with drafts, and without what is hidden or archived", async () => {
    const db = await freshStore();
    for (const [at, id] of ["a", "b", "c", "d"].entries())
      await fill(
        db,
        id,
        Array.from({ length: at + 1 }, () => "x"),
      );
    await actions.setSwitches("a", { pinned: true }, db);
    await actions.setSwitches("c", { archived: true }, db);
    await actions.saveDraft("b", { text: "almost" }, db);
    const list = await queries.conversationList({}, db);
    expect(list.map(({ id, draft }) => [id, draft])).toEqual([
      ["a", null],
      ["d", null],
      ["b", "almost"],
    ]);
    expect((await queries.conversationList({ archived: true }, db)).map((item) => item.id)).toEqual(["c"]);
    expect(await queries.archivedCount(db)).toBe(1);
    expect(await queries.unreadTotal(db)).toBe(1 + 2 + 4);
    await actions.setSwitches("d", { hidden: true }, db);
    await actions.sendMessage("b", { text: "sent" }, db);
    expect((await queries.conversationList({}, db)).map(({ id, preview, draft }) => [id, preview?.text, draft])).toEqual([
      ["a", "x", null],
      ["b", "sent", null],
    ]);
  });

  it("names a direct conversation after the other, and never counts one's own as unread", async () => {
    const db = await withLog(["hi"], { kind: "direct", title: null });
    await fill(db, "self", ["note"], { kind: "self", members: [memberOf("me")] });
    const list = await queries.conversationList({}, db);
    expect(list.find((item) => item.id === "c")).toMatchObject({ person: { name: "ann" }, previewSender: { id: "ann" }, unread: 1 });
    expect(list.find((item) => item.id === "self")).toMatchObject({ unread: 0 });
    expect(await queries.selfConversationId(db)).toBe("self");
  });
});

describe("ticks", () => {
  it("are each person's in a group, and numbers in a large one", async () => {
    const members = ["me", "ann", "bob"].map((id) => memberOf(id));
    const db = await withLog([], { members });
    await add(db, "c", 1, { senderId: "me" });
    const progress = async () => {
      const one = (await queries.messageById("c", "c-m1", db))?.progress;
      // The list asks for all at once, and is told the same.
      expect((await queries.progressOf([["c", "c-m1"]], db)).get("c-m1")).toBe(one);
      return one;
    };
    await db.receipts.bulkPut([
      { conversationId: "c", userId: "ann", delivered: 1, read: 1 },
      { conversationId: "c", userId: "bob", delivered: 0, read: 0 },
    ]);
    expect(await progress()).toBe("sent");
    await db.receipts.put({ conversationId: "c", userId: "bob", delivered: 1, read: 0 });
    expect(await progress()).toBe("delivered");
    await db.receipts.put({ conversationId: "c", userId: "bob", delivered: 1, read: 1 });
    expect(await progress()).toBe("read");
    await db.conversations.update("c", { memberCount: 80, readBy: { seq: 1, by: 34 }, deliveredBy: { seq: 1, by: 79 } });
    expect(await queries.messageById("c", "c-m1", db)).toMatchObject({ progress: "delivered", readBy: 34, deliveredBy: 79 });
    expect(await progress()).toBe("delivered");
  });

  it("of many messages are told together, those that wait or failed as well, and of others' messages none", async () => {
    const db = await withLog(["theirs"]);
    await fill(db, "d", []);
    await add(db, "c", 2, { senderId: "me" });
    const waiting = await actions.sendMessage("c", { text: "waits" }, db);
    const failed = await actions.sendMessage("d", { text: "failed" }, db);
    await db.outbox.where("id").equals(failed).modify({ state: "failed" });
    const told = await queries.progressOf(
      [
        ["c", "c-m1"],
        ["c", "c-m2"],
        ["c", waiting],
        ["d", failed],
        ["d", "nowhere"],
      ],
      db,
    );
    expect(Object.fromEntries(told)).toEqual({ "c-m2": "sent", [waiting]: "pending", [failed]: "failed" });
  });
});

describe("searching", () => {
  it("finds all words, the newest first, in one conversation or everywhere, page by page", async () => {
    const db = await withLog(["Crème brûlée for two", "two plain cakes", "creme again, for two"]);
    await fill(db, "d", ["CREME for two elsewhere"]);
    const found = await queries.searchMessages("cre two", { limit: 10 }, db);
    expect(found.hits.map((hit) => hit.message.id)).toEqual(["d-m1", "c-m3", "c-m1"]);
    const [first] = found.hits;
    expect(first?.hits.map(([from, to]) => first.message.text.slice(from, to))).toEqual(["CRE", "two"]);
    const here = await queries.searchMessages("creme", { limit: 1, conversationId: "c" }, db);
    expect([here.hits.map((hit) => hit.message.id), here.more]).toEqual([["c-m3"], true]);
    const next = await queries.searchMessages("creme", { limit: 1, conversationId: "c", before: { createdAt: "", id: "c-m3" } }, db);
    expect([next.hits.map((hit) => hit.message.id), next.more]).toEqual([["c-m1"], false]);
    expect((await queries.searchMessages("  ", { limit: 5 }, db)).hits).toEqual([]);
  });

  it("does not find what was deleted, and follows what is written", async () => {
    const db = await withLog(["apple pie", "apple juice"]);
    await add(db, "c", 3, { type: "delete", data: { messageId: "c-m1" } });
    const seen: string[][] = [];
    const live = liveQuery(() => queries.searchMessages("apple", { limit: 9 }, db)).subscribe(
      (found) => void seen.push(found.hits.map((hit) => hit.message.text)),
    );
    await soon(() => expect(seen.at(-1)).toEqual(["apple juice"]));
    await add(db, "c", 4, { data: textOf("apple cake") });
    await soon(() => expect(seen.at(-1)).toEqual(["apple cake", "apple juice"]));
    live.unsubscribe();
  });

  it("keeps the last 15 searches, each once", async () => {
    const db = await freshStore();
    for (let i = 1; i <= 20; i += 1) await actions.rememberSearch(`q${i}`, db);
    await actions.rememberSearch(" q10 ", db);
    const recent = await queries.recentSearches(db);
    expect([recent.length, recent[0], recent[1], recent.at(-1)]).toEqual([15, "q10", "q20", "q6"]);
  });

  it("knows people by the beginnings of their names", async () => {
    const db = await freshStore();
    const person = { bio: null, avatarUrl: null, createdAt: at(0), fetchedAt: 0 };
    await db.people.bulkPut([
      { id: "1", name: "Zoë Krüger", username: "zoe", ...person },
      { id: "2", name: null, username: "kru", ...person },
      { id: "me", name: "Kru", username: null, ...person },
      { id: "3", name: null, username: null, ...person },
    ]);
    expect((await queries.knownPeople("kru", 9, db)).map((one) => one.id)).toEqual(["2", "1"]);
  });
});

describe("marking", () => {
  it("reads up to there, tells it once, and takes the mark away", async () => {
    const db = await withLog(["a", "b", "c"]);
    await actions.markUnread("c", db);
    expect((await queries.conversationList({}, db))[0]).toMatchObject({ markedUnread: true, unread: 3 });
    await actions.markRead("c", { seq: 2, count: 2 }, db);
    await actions.markRead("c", { seq: 1, count: 1 }, db);
    expect((await queries.conversationList({}, db))[0]).toMatchObject({ markedUnread: false, unread: 1 });
    expect(await db.personal.get(["c", "read"])).toMatchObject({ read: { seq: 2, count: 2 } });
    await actions.markAllRead(db);
    expect(await queries.unreadTotal(db)).toBe(0);
  });
});

describe("what a conversation opens with", () => {
  it("is the conversation, whose it is, and the messages around the place that is wanted", async () => {
    const db = await freshStore();
    expect(await queries.opening("c", null, db)).toMatchObject({
      conversation: null,
      account: { userId: "me" },
      synced: false,
      first: null,
    });
    const entries = [1, 2, 3, 4].map((seq) => entryOf("c", seq));
    await ingestPage(
      db,
      me,
      { since: "s", removed: [], receipts: [], more: false, conversations: [{ conversation: viewOf("c"), entries, gone: [] }] },
      new Map(),
    );
    const stretch = { around: { at: "end" as const }, before: 2, after: 2 };
    const found = await queries.opening("c", (conversation) => (conversation.unread === 4 ? stretch : { ...stretch, before: 1 }), db);
    expect(found.first?.stretch).toBe(stretch);
    expect(found.first?.slice.messages.map((message) => message.text)).toEqual(["text 3", "text 4"]);
    expect((await queries.opening("c", null, db)).first).toBeNull();
  });
});
