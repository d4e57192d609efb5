/** Rows as views get them. */
import type { ConversationRow, Failure, MessageRow, OutboxRow, ReceiptRow, Store } from "./db";
import { readMeta } from "./db";
import { laidOver, letterRow } from "./outbox";
import type { MessageView, Progress } from "./views";

/** Beyond so many people only numbers are told. */
const small = 50;

/** What a conversation's messages are shown by. */
export type Light = { me: string; conversation: ConversationRow | undefined; letters: OutboxRow[]; receipts: ReceiptRow[] };

export async function light(db: Store, id: string): Promise<Light> {
  const [account, conversation, letters, receipts] = await Promise.all([
    readMeta(db, "account"),
    db.conversations.get(id),
    db.outbox.where("conversationId").equals(id).sortBy("n"),
    db.receipts.where("conversationId").equals(id).toArray(),
  ]);
  return { me: account?.userId ?? "", conversation, letters, receipts };
}

/** Whether there is anything to show of it at all. */
export function isShown(row: MessageRow): boolean {
  if (row.hidden) return false;
  return row.type === "message" || row.notice !== null;
}

export function messageView(row: MessageRow, by: Light): MessageView | null {
  const laid = laidOver(row, by.letters, by.me);
  return laid && view(laid.row, by, progress(row, by), laid.failure);
}

/** What waits or failed to be sent. */
export function unsent(by: Light): MessageView[] {
  const sends = by.letters.filter((letter) => letter.event === "message:send");
  return sends.flatMap((letter) => {
    const laid = laidOver(letterRow(letter, by.me), by.letters, by.me);
    return laid ? [view(laid.row, by, letter.state === "failed" ? "failed" : "pending", letter.failure ?? laid.failure)] : [];
  });
}

function view(row: MessageRow, by: Light, progress: Progress | null, failure: Failure | null): MessageView {
  const { words: _, raw: __, hidden: ___, ...shown } = row;
  const counted = row.seq !== null && isLarge(by.conversation) && row.senderId === by.me;
  return {
    ...shown,
    count: row.seq === null ? null : row.count,
    kind: row.type === "message" ? row.kind : row.type,
    own: row.senderId === by.me,
    reactions: row.reactions.map((one) => ({ ...one, mine: one.userIds.includes(by.me) })),
    progress,
    failure,
    deliveredBy: counted ? reach(by.conversation?.deliveredBy ?? null, row) : null,
    readBy: counted ? reach(by.conversation?.readBy ?? null, row) : null,
  };
}

function isLarge(conversation: ConversationRow | undefined): boolean {
  return (conversation?.memberCount ?? 0) > small;
}

function reach(told: { seq: number; by: number } | null, row: MessageRow): number {
  return told && row.seq !== null && row.seq <= told.seq ? told.by : 0;
}

/** How far one's own message has come. */
export function progress(row: MessageRow, by: Pick<Light, "me" | "conversation" | "receipts">): Progress | null {
  if (row.senderId !== by.me || row.type !== "message") return null;
  const { conversation, receipts } = by;
  if (!conversation || row.seq === null) return "sent";
  const seq = row.seq;
  const others = conversation.memberCount - 1;
  if (isLarge(conversation)) {
    if (reach(conversation.readBy, row) >= others) return "read";
    return reach(conversation.deliveredBy, row) >= others ? "delivered" : "sent";
  }
  const there = conversation.members.filter((member) => member.userId !== by.me).map((member) => member.userId);
  if (there.length === 0) return "sent";
  const of = new Map(receipts.map((receipt) => [receipt.userId, receipt]));
  if (there.every((userId) => (of.get(userId)?.read ?? 0) >= seq)) return "read";
  // Who has read it has it.
  return there.every((userId) => Math.max(of.get(userId)?.delivered ?? 0, of.get(userId)?.read ?? 0) >= seq) ? "delivered" : "sent";
}
