/** Messages: a stretch of a conversation, one, those that have a word, and what is not sent. */
import { type ReceiptRow, readMeta, type Store, theStore } from "../db";
import { nobody, peopleOf } from "../people";
import { search } from "../search";
import { isShown, light, messageView, progress, unsent } from "../shown";
import { slice } from "../slice";
import type { Around, MessageSlice, MessageView, OutboxState, PersonView, Progress, SearchHit } from "../views";

/** How long one's own message can be changed; the server decides. */
const editableFor = 15 * 60_000;
/** At most `before` messages below and `after` from `around` on (it included). What nobody is shown is not counted. */
export async function messageSlice(
  conversationId: string,
  options: { around: Around; before: number; after: number },
  db: Store = theStore(),
): Promise<MessageSlice> {
  return slice(db, conversationId, options);
}

/** One message, those of the outbox included. */
export async function messageById(conversationId: string, id: string, db: Store = theStore()): Promise<MessageView | null> {
  const by = await light(db, conversationId);
  const row = await db.messages.get([conversationId, id]);
  if (row) return isShown(row) ? messageView(row, by) : null;
  return unsent(by).find((message) => message.id === id) ?? null;
}

/** How far one's own messages have come, by their ids: `[conversation, message]` for each. All at once, as the list needs it. */
export async function progressOf(messages: readonly [string, string][], db: Store = theStore()): Promise<Map<string, Progress>> {
  const ids = messages.map(([conversationId]) => conversationId);
  const [account, rows, conversations, letters, receipts] = await Promise.all([
    readMeta(db, "account"),
    db.messages.bulkGet([...messages]),
    db.conversations.bulkGet(ids),
    db.outbox.toArray(),
    db.receipts.toArray(),
  ]);
  const told = new Map<string, ReceiptRow[]>();
  for (const receipt of receipts) {
    const of = told.get(receipt.conversationId);
    if (of) of.push(receipt);
    else told.set(receipt.conversationId, [receipt]);
  }
  const out = new Map<string, Progress>();
  for (const [at, [conversationId, id]] of messages.entries()) {
    const row = rows[at];
    const letter = letters.find((one) => one.id === id);
    const by = { me: account?.userId ?? "", conversation: conversations[at], receipts: told.get(conversationId) ?? [] };
    const come = row ? progress(row, by) : letter && (letter.state === "failed" ? "failed" : "pending");
    if (come) out.set(id, come);
  }
  return out;
}

/** The last message of one's own that can still be changed, for `↑` in an empty box. */
export async function lastEditable(conversationId: string, now: number, db: Store = theStore()): Promise<MessageView | null> {
  const { messages } = await slice(db, conversationId, { around: { at: "end" }, before: 30, after: 0 });
  const mine = messages.filter((message) => message.own && message.type === "message" && !message.deleted && !message.forgotten);
  const last = mine.at(-1);
  return last && now - Date.parse(last.createdAt) < editableFor ? last : null;
}

/** What waits or failed about a message: null if nothing does. */
export async function outboxState(messageId: string, db: Store = theStore()): Promise<OutboxState | null> {
  const rows = await db.outbox.where("messageId").equals(messageId).toArray();
  const row = rows.find((one) => one.state === "failed") ?? rows[0];
  return row ? { id: row.id, state: row.state, failure: row.failure } : null;
}

export async function outboxCounts(db: Store = theStore()): Promise<{ waiting: number; failed: number }> {
  const rows = await db.outbox.toArray();
  const failed = rows.filter((row) => row.state === "failed").length;
  return { waiting: rows.length - failed, failed };
}

/** Who has read and stored a message, in conversations whose ticks are each person's. */
export async function receiptsOf(
  conversationId: string,
  seq: number,
  db: Store = theStore(),
): Promise<{ read: PersonView[]; delivered: PersonView[]; waiting: PersonView[] }> {
  const { me, conversation, receipts } = await light(db, conversationId);
  const there = (conversation?.members ?? []).map((member) => member.userId).filter((id) => id !== me);
  const known = await peopleOf(db, there);
  const of = new Map(receipts.map((receipt) => [receipt.userId, receipt]));
  const out: { read: PersonView[]; delivered: PersonView[]; waiting: PersonView[] } = { read: [], delivered: [], waiting: [] };
  for (const id of there) {
    const receipt = of.get(id);
    const group = (receipt?.read ?? 0) >= seq ? out.read : (receipt?.delivered ?? 0) >= seq ? out.delivered : out.waiting;
    group.push(known.get(id) ?? nobody(id));
  }
  return out;
}

/**
 * Messages that have for each word of the query one that begins so; the newest first. In one conversation or everywhere.
 * `before` continues: the last hit of the page before.
 */
export async function searchMessages(
  query: string,
  options: { conversationId?: string; limit: number; before?: { createdAt: string; id: string } },
  db: Store = theStore(),
): Promise<{ hits: SearchHit[]; more: boolean }> {
  return search(db, query, options);
}

/** The last 15 searches, the latest first. */
export async function recentSearches(db: Store = theStore()): Promise<string[]> {
  return (await db.searches.reverse().toArray()).map((row) => row.query);
}
