/** What the server tells that is no entry: how far others are, who types, who is there. */
import type { PresenceRow, Store } from "@/store/db";
import { readMeta } from "@/store/db";
import type { Who } from "@/store/ingest";
import { receiptsIn } from "@/store/meet";
import type { ReceiptEvent } from "./events";

/** Typing stops by itself, in milliseconds: a little after the server says so. */
const typingFor = 6_000;

export async function hearSignal(db: Store, who: Who, name: string, payload: unknown): Promise<void> {
  switch (name) {
    case "message:delivered":
      return receipt(db, who, payload as ReceiptEvent, "delivered");
    case "message:read":
      return receipt(db, who, payload as ReceiptEvent, "read");
    case "typing:start":
      return types(db, payload as Typing, Date.now() + typingFor);
    case "typing:stop":
      return types(db, payload as Typing, null);
    case "user:status":
      return isThere(db, payload as PresenceRow);
    default:
      // For later versions.
      return;
  }
}

async function receipt(db: Store, who: Who, told: ReceiptEvent, what: "delivered" | "read"): Promise<void> {
  const { conversationId, seq } = told;
  await db.transaction("rw", db.receipts, db.conversations, db.meta, async () => {
    const account = await readMeta(db, "account");
    const conversation = await db.conversations.get(conversationId);
    if (account?.userId !== who.userId || !conversation || conversation.left) return;
    if ("userId" in told) {
      const known = { conversationId, userId: told.userId, delivered: 0, read: 0 };
      return receiptsIn(db, who, [{ ...known, [what]: seq }]);
    }
    const field = what === "read" ? "readBy" : "deliveredBy";
    if (seq < (conversation[field]?.seq ?? 0)) return;
    const reach = { seq, by: told.by };
    await db.conversations.update(conversationId, what === "read" ? { readBy: reach } : { deliveredBy: reach });
  });
}

type Typing = { conversationId: string; userId: string };

async function types(db: Store, { conversationId, userId }: Typing, until: number | null): Promise<void> {
  if (until === null) await db.typing.delete([conversationId, userId]);
  else await db.typing.put({ conversationId, userId, until });
}

async function isThere(db: Store, { userId, status, lastSeenAt }: PresenceRow): Promise<void> {
  await db.presence.put({ userId, status, lastSeenAt: lastSeenAt ?? null });
}
