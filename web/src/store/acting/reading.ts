/** What a person has read, and what stands in the box. */
import { newId } from "@/lib/ids";
import { applyRead } from "../account";
import type { ConversationRow, Position, ReplyTo, Store } from "../db";
import { readMeta, theStore, writeAtOnce } from "../db";
import { setSwitches } from "./conversations";

/** Up to there, or up to the end of what is stored. Takes a "marked as unread" away. */
export async function markRead(conversationId: string, upTo?: Position, db: Store = theStore()): Promise<void> {
  const marked = await db.transaction("rw", [db.conversations, db.messages, db.personal, db.meta], async () => {
    const row = await db.conversations.get(conversationId);
    const me = (await readMeta(db, "account"))?.userId;
    if (!row || !me) return false;
    const set = await db.personal.get([conversationId, "settings"]);
    const to = upTo ?? (await lastStored(db, row));
    if (row.kind !== "self" && to.seq > row.read.seq) {
      await applyRead(db, me, conversationId, to);
      await db.personal.put({ conversationId, what: "read", version: newId(), read: to, settings: null });
    }
    return set?.settings?.markedUnread ?? row.markedUnread;
  });
  if (marked) await setSwitches(conversationId, { markedUnread: false }, db);
}

export async function markUnread(conversationId: string, db: Store = theStore()): Promise<void> {
  await setSwitches(conversationId, { markedUnread: true }, db);
}

export async function markAllRead(db: Store = theStore()): Promise<void> {
  const rows = await db.conversations.filter((row) => !row.left && (row.markedUnread || row.head.count > row.read.count)).toArray();
  for (const row of rows) await markRead(row.id, undefined, db);
}

/** Keeps what is in the box; an empty one without a reply is taken out. Call it 250 ms after input and when the page is hidden or left. */
export async function saveDraft(
  conversationId: string,
  { text, replyTo, editing }: { text: string; replyTo?: ReplyTo | null; editing?: string | null },
  db: Store = theStore(),
): Promise<void> {
  const row = { conversationId, text, replyTo: replyTo ?? null, editing: editing ?? null, updatedAt: new Date().toISOString() };
  const none = text.trim() === "" && !replyTo;
  await writeAtOnce(db, [db.drafts], () => [none ? db.drafts.delete(conversationId) : db.drafts.put(row)]);
}

/** The last entry that is here, with its count. */
async function lastStored(db: Store, { id, head, whole, read }: ConversationRow): Promise<Position> {
  if (head.seq <= whole) return head;
  const rows = db.messages.where("[conversationId+order]").between([id, -Infinity], [id, Infinity]);
  const last = await rows
    .reverse()
    .filter((row) => row.seq !== null)
    .first();
  return last?.seq ? { seq: last.seq, count: last.count } : read;
}
