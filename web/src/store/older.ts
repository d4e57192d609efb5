/** What a server keeps and this device never had: messages below where its log began. They come folded, and are not acknowledged. */
import type { FoldedMessage } from "@/net/events";
import type { Store } from "./db";
import { foldedRow } from "./entry";

/** Stores a page, and that the log now begins at `floor`. Answers how many messages were new. */
export async function addOlder(db: Store, conversationId: string, messages: readonly FoldedMessage[], floor: number): Promise<number> {
  return db.transaction("rw", db.conversations, db.messages, db.hidden, async () => {
    const keys = messages.map((message): [string, string] => [conversationId, message.id]);
    const [known, hidden] = [await db.messages.bulkGet(keys), await db.hidden.bulkGet(keys)];
    const news = messages.filter((_, at) => !known[at]);
    const isHidden = new Set(hidden.flatMap((row) => (row ? [row.messageId] : [])));
    await db.messages.bulkPut(news.map((message) => foldedRow(message, isHidden.has(message.id))));
    const conversation = await db.conversations.get(conversationId);
    if (conversation && floor < conversation.floor) await db.conversations.update(conversationId, { floor });
    return news.length;
  });
}
