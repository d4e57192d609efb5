import { describe, expect, it } from "vitest";
import type { Entry, SyncPage } from "@/net/events";
import { at, entryOf, me, memberOf, textOf, viewOf } from "@/testing/log";
import { freshStore } from "@/testing/stores";
import { sendMessage } from "./actions";
import { readMeta, type Store, writeMeta } from "./db";
import { histories, ingest, ingestPage, meet, settle, Stale } from "./ingest";
import { conversationById, conversationList, messageById, messageSlice, receiptsOf, unreadTotal } from "./queries";

const page = (change: Partial<SyncPage> = {}): SyncPage => ({
  since: "s1",
  conversations: [],
  removed: [],
  receipts: [],
  more: false,
  ...change,
});

async function takePage(db: Store, change: Partial<SyncPage>) {
  await ingestPage(db, me, page(change), await histories(db));
}

async function take(db: Store, entries: Entry[], gone: [number, number][] = []) {
  const id = entries[0]?.conversationId ?? "c";
  const history = (await histories(db)).get(id);
  if (!history) throw new Error(`no ${id}`);
  return ingest(db, me, [{ id, history, entries, gone }]);
}

async function withGroup(entries: Entry[] = [], view: Parameters<typeof viewOf>[1] = {}) {
  const db = await freshStore();
  await takePage(db, { conversations: [{ conversation: viewOf("c", view), entries, gone: [] }] });
  return db;
}

const texts = async (db: Store, id = "c") => {
  const { messages } = await messageSlice(id, { around: { at: "end" }, before: 100, after: 0 }, db);
  return messages.map((message) => message.text);
};

describe("ingest", () => {
  it("stores a page, its entries and where the next begins, in one go", async () => {
    const db = await withGroup([entryOf("c", 1), entryOf("c", 2)]);
    expect(await texts(db)).toEqual(["text 1", "text 2"]);
    expect(await readMeta(db, "since")).toBe("s1");
    expect((await db.conversations.get("c"))?.whole).toBe(2);
    const [item] = await conversationList({}, db);
    expect(item).toMatchObject({ unread: 2, preview: { text: "text 2" }, activityAt: at(2) });
  });

  it("drops what was there before and holds back what lies above a gap", async () => {
    const db = await withGroup([entryOf("c", 1)]);
    await take(db, [entryOf("c", 3), entryOf("c", 1)]);
    expect(await texts(db)).toEqual(["text 1"]);
    await take(db, [entryOf("c", 3), entryOf("c", 2)]);
    expect(await texts(db)).toEqual(["text 1", "text 2", "text 3"]);
    await take(db, [entryOf("c", 7)], [[4, 6]]);
    expect((await db.conversations.get("c"))?.whole).toBe(7);
  });

  it("leaves nothing of a page that fails", async () => {
    const db = await withGroup([entryOf("c", 1)]);
    const fail = () => {
      throw new Error("no room");
    };
    db.messages.hook("creating", fail);
    await expect(
      takePage(db, { since: "s2", conversations: [{ conversation: viewOf("c"), entries: [entryOf("c", 2)], gone: [] }] }),
    ).rejects.toThrow();
    db.messages.hook("creating").unsubscribe(fail);
    expect(await readMeta(db, "since")).toBe("s1");
    expect((await db.conversations.get("c"))?.whole).toBe(1);
    await take(db, [entryOf("c", 2)]);
    expect(await texts(db)).toEqual(["text 1", "text 2"]);
  });

  it("shows what somebody wrote before they were blocked, also when it comes only after that", async () => {
    const db = await withGroup([entryOf("c", 1)], { kind: "direct" });
    await db.contacts.put({ userId: "ann", state: "blocked", since: at(9) });
    expect(await take(db, [entryOf("c", 2)])).toEqual([{ conversationId: "c", messageId: "m2" }]);
    expect(await texts(db)).toEqual(["text 1", "text 2"]);
    expect(await conversationById("c", db)).toMatchObject({ unread: 2, preview: { text: "text 2" } });
  });

  it("passes over what is withheld without a trace, and has nothing to read because of it", async () => {
    const db = await withGroup([entryOf("c", 1)], { kind: "direct" });
    await db.conversations.update("c", { read: { seq: 1, count: 1 } });
    await db.contacts.put({ userId: "ann", state: "blocked", since: at(1) });
    const before = await conversationById("c", db);
    const withheld = (seq: number, count: number) => entryOf("c", seq, { type: "withheld", senderId: "me", count, data: null });
    // A message, and an edit or a reaction, which counts nothing.
    expect(await take(db, [withheld(2, 2), withheld(3, 2)])).toEqual([]);
    expect(await texts(db)).toEqual(["text 1"]);
    const { preview, activityAt } = before ?? {};
    expect(await conversationById("c", db)).toMatchObject({ unread: 0, mentions: 0, preview, activityAt, head: { seq: 3, count: 2 } });
    expect(await messageById("c", "m2", db)).toBeNull();
    // Its place is passed: what comes next follows on.
    expect(await take(db, [entryOf("c", 4, { count: 3 })])).toHaveLength(1);
    expect(await texts(db)).toEqual(["text 1", "text 4"]);
    expect(await unreadTotal(db)).toBe(1);
  });

  it("stores nothing for a device that is logged out, nor on top of what is not there", async () => {
    const db = await withGroup([entryOf("c", 1)]);
    const known = await histories(db);
    await db.conversations.clear();
    const history = known.get("c");
    if (!history) throw new Error("no history");
    await expect(ingest(db, me, [{ id: "c", history, entries: [entryOf("c", 2)] }])).rejects.toThrow(Stale);
    await db.meta.clear();
    await expect(meet(db, me, viewOf("d"))).rejects.toThrow(Stale);
    expect(await db.messages.count()).toBe(1);
    expect(await db.conversations.count()).toBe(0);
  });

  it("stores nothing on top of a store that has fallen back", async () => {
    const db = await withGroup([entryOf("c", 1), entryOf("c", 2)]);
    const history = (await histories(db)).get("c");
    if (!history) throw new Error("no history");
    await db.conversations.update("c", { whole: 1 });
    await expect(ingest(db, me, [{ id: "c", history, entries: [entryOf("c", 3)] }])).rejects.toThrow(Stale);
    await db.conversations.update("c", { whole: 2, epoch: "e2" });
    await expect(ingest(db, me, [{ id: "c", history, entries: [entryOf("c", 3)] }])).rejects.toThrow(Stale);
    expect(await texts(db)).toEqual(["text 1", "text 2"]);
  });

  it("lets two tabs that both think they lead store the same, once", async () => {
    const db = await withGroup([entryOf("c", 1)]);
    const [one, two] = [(await histories(db)).get("c"), (await histories(db)).get("c")];
    if (!one || !two) throw new Error("no history");
    await ingest(db, me, [{ id: "c", history: one, entries: [entryOf("c", 2), entryOf("c", 3)] }]);
    expect(await ingest(db, me, [{ id: "c", history: two, entries: [entryOf("c", 2)] }])).toEqual([]);
    await ingest(db, me, [{ id: "c", history: two, entries: [entryOf("c", 4)] }]);
    expect(await texts(db)).toEqual(["text 1", "text 2", "text 3", "text 4"]);
  });

  it("puts the entry in the place of what was in the outbox, under the same id", async () => {
    const db = await withGroup();
    const id = await sendMessage("c", { text: "hello" }, db);
    const [before] = (await messageSlice("c", { around: { at: "end" }, before: 9, after: 0 }, db)).messages;
    expect(before).toMatchObject({ id, progress: "pending", seq: null });
    await take(db, [entryOf("c", 1), entryOf("c", 2, { id, senderId: "me", data: textOf("hello") })]);
    expect(await db.outbox.count()).toBe(0);
    const { messages } = await messageSlice("c", { around: { at: "end" }, before: 9, after: 0 }, db);
    expect(messages.map((message) => [message.id, message.progress])).toEqual([
      ["m1", null],
      [id, "sent"],
    ]);
    // What one writes oneself is read.
    expect(await conversationById("c", db)).toMatchObject({ unread: 0, read: { seq: 2 } });
  });

  it("does not take another's entry under the same id for one's own", async () => {
    const db = await withGroup();
    const id = await sendMessage("c", { text: "mine" }, db);
    await take(db, [entryOf("c", 1, { id, senderId: "ann", data: textOf("theirs") })]);
    expect(await db.outbox.count()).toBe(1);
  });

  it("keeps one's own words if the server has forgotten them by the time it answers", async () => {
    const db = await withGroup();
    const first = await sendMessage("c", { text: "first" }, db);
    await take(db, [entryOf("c", 1, { id: first, senderId: "me", data: null })]);
    expect(await messageById("c", first, db)).toMatchObject({ text: "first", forgotten: false });
    const second = await sendMessage("c", { text: "second" }, db);
    await take(db, [entryOf("c", 3)], [[2, 2]]);
    await settle(db, me, entryOf("c", 2, { id: second, senderId: "me", data: null }), second);
    expect(await texts(db)).toEqual(["first", "second", "text 3"]);
    expect(await db.outbox.count()).toBe(0);
  });

  it("begins anew after a reset: messages stay, places go, nothing is doubled", async () => {
    const own = { id: "mine", senderId: "me" };
    const db = await withGroup([entryOf("c", 1), entryOf("c", 2), entryOf("c", 3, own), entryOf("c", 4, { id: "lost" })]);
    await takePage(db, { receipts: [{ conversationId: "c", userId: "ann", delivered: 4, read: 4 }] });
    const view = viewOf("c", { epoch: "e2", head: { seq: 3, count: 3 }, floor: 1, read: { seq: 1, count: 1 } });
    const entries = [entryOf("c", 2, { data: null }), entryOf("c", 3, { ...own, data: null })];
    await takePage(db, { conversations: [{ conversation: view, entries, gone: [], reset: true }] });
    const row = await db.conversations.get("c");
    expect(row).toMatchObject({ epoch: "e2", whole: 3 });
    await take(db, [entryOf("c", 4, { id: "new", createdAt: at(99) })]);
    const { messages } = await messageSlice("c", { around: { at: "end" }, before: 9, after: 0 }, db);
    expect(messages.map(({ id, seq, text }) => [id, seq, text])).toEqual([
      ["m1", null, "text 1"],
      ["m2", 2, "text 2"],
      ["mine", 3, "text 3"],
      ["lost", null, "text 4"],
      ["new", 4, "text 4"],
    ]);
    expect(await receiptsOf("c", 3, db)).toMatchObject({ read: [], delivered: [], waiting: [{ id: "ann" }] });
  });

  it("begins anew as well when the epoch alone is another", async () => {
    const db = await withGroup([entryOf("c", 1), entryOf("c", 2)]);
    await meet(db, me, viewOf("c", { epoch: "e2", head: { seq: 1, count: 1 } }));
    expect(await db.conversations.get("c")).toMatchObject({ epoch: "e2", whole: 0, head: { seq: 1 } });
    expect(await texts(db)).toEqual(["text 1", "text 2"]);
  });

  it("starts where others' devices have everything", async () => {
    const db = await withGroup([entryOf("c", 8)], { floor: 7, head: { seq: 8, count: 8 }, read: { seq: 8, count: 8 } });
    expect((await db.conversations.get("c"))?.whole).toBe(8);
    expect(await texts(db)).toEqual(["text 8"]);
  });

  it("takes off what one is no longer in, and on again when one comes back", async () => {
    const db = await withGroup([entryOf("c", 1)]);
    await takePage(db, { removed: ["c"] });
    expect(await conversationList({}, db)).toEqual([]);
    expect(await texts(db)).toEqual(["text 1"]);
    const members = [memberOf("me"), memberOf("ann", "owner"), memberOf("bob")];
    await takePage(db, {
      conversations: [
        { conversation: viewOf("c", { members, title: "Again", head: { seq: 5, count: 4 } }), entries: [entryOf("c", 5)], gone: [[2, 4]] },
      ],
    });
    expect(await conversationById("c", db)).toMatchObject({ left: false, title: "Again", memberCount: 3 });
    expect(await texts(db)).toEqual(["text 1", "text 5"]);
  });

  it("lets receipts only rise", async () => {
    const db = await withGroup([entryOf("c", 1, { senderId: "me" })]);
    const tell = (delivered: number, read: number) => takePage(db, { receipts: [{ conversationId: "c", userId: "ann", delivered, read }] });
    await tell(1, 0);
    expect(await messageById("c", "m1", db)).toMatchObject({ progress: "delivered" });
    await tell(0, 1);
    await tell(1, 0);
    expect(await messageById("c", "m1", db)).toMatchObject({ progress: "read" });
  });

  it("folds what one's own log says of other conversations", async () => {
    const db = await withGroup([entryOf("c", 1), entryOf("c", 2, { data: textOf("hi @me", { mentions: ["me"] }) }), entryOf("c", 3)]);
    expect(await conversationById("c", db)).toMatchObject({ unread: 3, mentions: 1 });
    let seq = 0;
    const note = (data: Record<string, unknown>) => {
      seq += 1;
      return entryOf("self", seq, { id: `n${seq}`, count: 0, type: "account", senderId: "me", data: { conversationId: "c", ...data } });
    };
    const notes = [
      note({ op: "read", seq: 2, count: 2 }),
      note({ op: "settings", muted: true, pinned: true }),
      note({ op: "settings", pinned: false, hidden: true, count: 3 }),
      note({ op: "hidden-message", messageId: "m3" }),
      note({ op: "hidden-message", messageId: "m4" }),
      note({ op: "something-new" }),
    ];
    await takePage(db, {
      conversations: [{ conversation: viewOf("self", { kind: "self", members: [memberOf("me")] }), entries: notes, gone: [] }],
    });
    expect(await conversationById("c", db)).toMatchObject({
      unread: 1,
      mentions: 0,
      muted: true,
      pinned: false,
      hidden: true,
      preview: { text: "hi @me" },
    });
    // The next message shows it again, unless that one is hidden from oneself.
    await take(db, [entryOf("c", 4), entryOf("c", 5)]);
    expect(await conversationById("c", db)).toMatchObject({ hidden: false });
    expect(await texts(db)).toEqual(["text 1", "hi @me", "text 5"]);
  });

  it("keeps the tokens and the account out of what a page may touch", async () => {
    const db = await withGroup();
    await writeMeta(db, "tokens", { access: "a", refresh: "r", expiresAt: 0 });
    await takePage(db, { since: "s9" });
    expect(await readMeta(db, "tokens")).toMatchObject({ refresh: "r" });
  });
});
