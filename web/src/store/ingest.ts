/**
 * The one way in: what the server says becomes rows, in one durable transaction, and only then is it acknowledged. Each
 * transaction checks what it builds on against the store, so that a tab that wrongly takes itself for the leading one, or a
 * log-out meanwhile, leaves no hole and nothing behind.
 */
import type { Entry, Run, SyncPage } from "@/net/events";
import { applyAccount, applyMentions } from "./account";
import { begin, finish } from "./batch";
import type { Store } from "./db";
import { readMeta, writeMeta } from "./db";
import { foldEntry } from "./fold";
import { History } from "./history";
import { meetIn, receiptsIn, takeLeave } from "./meet";

/** Whose device ingests. */
export type Who = { userId: string; deviceId: string };

/** The store is not as this tab took it to be: begin again from what it holds. */
export class Stale extends Error {
  override name = "Stale";
}

/** A stretch of one log on its way into the store. */
export type Stretch = { id: string; history: History; entries: readonly Entry[]; gone?: readonly Run[] };

/** Messages of others that are new. */
export type Arrived = { conversationId: string; messageId: string }[];

export async function histories(db: Store): Promise<Map<string, History>> {
  const rows = await db.conversations.toArray();
  return new Map(rows.filter((row) => !row.left).map((row) => [row.id, new History(row.epoch, row.whole)]));
}

/** Stores what follows on. When this ends well it is on disk. */
export async function ingest(db: Store, who: Who, stretches: readonly Stretch[]): Promise<Arrived> {
  const arrived = await db.transaction("rw", db.tables, async () => {
    await stillHere(db, who);
    const arrived: Arrived = [];
    for (const stretch of stretches) arrived.push(...(await store(db, who, stretch)));
    return arrived;
  });
  for (const { history } of stretches) history.committed();
  return arrived;
}

/** Stores a page of `sync`: conversations, their entries, receipts and where the next page begins. */
export async function ingestPage(db: Store, who: Who, page: SyncPage, known: Map<string, History>): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    await stillHere(db, who);
    for (const news of page.conversations) {
      const { conversation, entries, gone, reset } = news;
      const mark = await meetIn(db, conversation, { reset: reset === true, afresh: gone.length > 0 });
      const history = historyFor(known, conversation.id, mark);
      await store(db, who, { id: conversation.id, history, entries, gone });
    }
    for (const id of page.removed) {
      await takeLeave(db, id);
      known.delete(id);
    }
    await receiptsIn(db, who, page.receipts);
    await writeMeta(db, "since", page.since);
  });
  for (const { conversation } of page.conversations) known.get(conversation.id)?.committed();
}

/** Learns of a conversation: told live, or the answer to a call of any tab. */
export async function meet(db: Store, who: Who, view: SyncPage["conversations"][number]["conversation"]): Promise<History> {
  return db.transaction("rw", db.tables, async () => {
    await stillHere(db, who);
    const { epoch, whole } = await meetIn(db, view, { reset: false, afresh: false });
    return new History(epoch, whole);
  });
}

/** The person is no longer in it. */
export async function leaveConversation(db: Store, who: Who, id: string): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    await stillHere(db, who);
    await takeLeave(db, id);
  });
}

/**
 * The server has taken what was in the outbox, and its entry lies at or below what is stored: usually it came by itself. If its
 * position was passed over as gone, the message is still to be shown.
 */
export async function settle(db: Store, who: Who, entry: Entry, letterId: string): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    await stillHere(db, who);
    const conversation = await db.conversations.get(entry.conversationId);
    const message = await db.messages.get([entry.conversationId, entry.id]);
    const letter = await db.outbox.where("id").equals(letterId).first();
    if (conversation && letter && !message && entry.seq <= conversation.whole) {
      const work = await begin(db, who.userId, conversation, [entry]);
      foldEntry(work, filled(entry, letter));
      await finish(db, work);
    }
    await db.outbox.where("id").equals(letterId).delete();
  });
}

function historyFor(known: Map<string, History>, id: string, mark: { epoch: string; whole: number }): History {
  const old = known.get(id);
  if (old && old.epoch === mark.epoch && old.whole <= mark.whole) return old;
  const history = new History(mark.epoch, mark.whole);
  // Nothing of it is certain before the transaction is through.
  history.stored = 0;
  known.set(id, history);
  return history;
}

async function store(db: Store, who: Who, { id, history, entries, gone }: Stretch): Promise<Arrived> {
  const conversation = await db.conversations.get(id);
  if (!conversation || conversation.epoch !== history.epoch || conversation.whole < history.whole) throw new Stale(id);
  history.raise(conversation.whole);
  const following = history.take(entries, gone);
  if (history.whole === conversation.whole) return [];
  const own = following.filter((entry) => entry.senderId === who.userId);
  const letters = await db.outbox
    .where("id")
    .anyOf(own.map((entry) => entry.id))
    .toArray();
  const written = new Map(letters.map((letter) => [letter.id, letter]));

  const work = await begin(db, who.userId, conversation, following);
  for (const entry of following) foldEntry(work, filled(entry, written.get(entry.id)));
  work.conversation.whole = history.whole;
  await finish(db, work);
  await applyAccount(db, who.userId, work.account);
  await applyMentions(db, who.userId, id, conversation.read);
  await db.outbox.bulkDelete(letters.map((letter) => letter.n as number));
  return work.arrived.map((messageId) => ({ conversationId: id, messageId }));
}

/** What the server has forgotten of one's own words is still in the outbox. */
function filled(entry: Entry, letter: { body: Record<string, unknown>; event: string } | undefined): Entry {
  if (entry.data || !letter) return entry;
  const op = letter.event === "reaction:remove" ? "remove" : "add";
  return { ...entry, data: entry.type === "reaction" ? { ...letter.body, op } : letter.body };
}

async function stillHere(db: Store, who: Who): Promise<void> {
  const account = await readMeta(db, "account");
  if (account?.userId !== who.userId || account.deviceId !== who.deviceId) throw new Stale("another device");
}
