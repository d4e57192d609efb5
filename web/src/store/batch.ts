/** Between the store and the pure folding: reads the rows that a stretch of a log is about, and writes back what changed. */
import type { Entry } from "@/net/events";
import type { ConversationRow, MessageRow, Store } from "./db";
import type { Working } from "./fold";
import { previewOf } from "./entry";

export async function begin(db: Store, me: string, conversation: ConversationRow, entries: readonly Entry[]): Promise<Working> {
  const id = conversation.id;
  const wanted = [...new Set(entries.flatMap(concerned))];
  const rows = await db.messages.bulkGet(wanted.map((message): [string, string] => [id, message]));
  const hidden = await db.hidden.bulkGet(wanted.map((message): [string, string] => [id, message]));
  return {
    me,
    conversation: structuredClone(conversation),
    rows: new Map(rows.filter((row) => row !== undefined).map((row) => [row.id, row])),
    hidden: new Set(hidden.flatMap((row) => (row ? [row.messageId] : []))),
    dirty: new Set(),
    deleted: [],
    left: [],
    account: [],
    arrived: [],
  };
}

function concerned({ id, data }: Entry): string[] {
  const { messageId, replyTo } = (data ?? {}) as { messageId?: unknown; replyTo?: { id?: unknown } | null };
  return [id, messageId, replyTo?.id].filter((one): one is string => typeof one === "string");
}

export async function finish(db: Store, work: Working): Promise<void> {
  const { conversation, rows, dirty } = work;
  const changed = [...dirty].map((id) => rows.get(id)).filter((row): row is MessageRow => row !== undefined);
  await db.messages.bulkPut(changed);
  for (const id of work.deleted) await withdrawQuotes(db, conversation.id, id);
  await db.receipts.bulkDelete(work.left.map((userId): [string, string] => [conversation.id, userId]));
  await db.conversations.put(conversation);
}

async function withdrawQuotes(db: Store, conversationId: string, id: string): Promise<void> {
  const quoting = db.messages.where("[conversationId+replyTo.id]").equals([conversationId, id]);
  await quoting.modify((row) => {
    if (row.replyTo) row.replyTo.excerpt = "";
  });
}

/** What the list shows of it after its last message went. */
export async function refreshPreview(db: Store, conversationId: string): Promise<void> {
  const last = await db.messages
    .where("[conversationId+order]")
    .between([conversationId, -Infinity], [conversationId, Infinity])
    .reverse()
    .filter((row) => row.type === "message" && !row.hidden)
    .first();
  await db.conversations.update(conversationId, { preview: last ? previewOf(last) : null });
}
