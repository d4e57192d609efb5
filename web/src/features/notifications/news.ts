import type { Store } from "@/store/db";
import { theStore } from "@/store/db";
import { type ConversationView, conversationById, type MessageView, messageById, type PersonView, person } from "@/store/queries";

export type Arrived = { conversationId: string; messageId: string };

/** What came in one conversation: its last message, and how many there were. */
export type News = { conversation: ConversationView; message: MessageView; sender: PersonView; count: number };

/** One for each conversation that is not muted; the one in which something came last stands last. */
export async function newsOf(arrived: readonly Arrived[], db: Store = theStore()): Promise<News[]> {
  const by = new Map<string, string[]>();
  for (const { conversationId, messageId } of arrived) {
    const before = by.get(conversationId) ?? [];
    by.delete(conversationId);
    by.set(conversationId, [...before, messageId]);
  }
  const all = await Promise.all([...by].map(([conversationId, ids]) => newsIn(conversationId, ids, db)));
  return all.filter((news) => news !== null);
}

async function newsIn(conversationId: string, ids: readonly string[], db: Store): Promise<News | null> {
  const conversation = await conversationById(conversationId, db);
  const message = await messageById(conversationId, ids.at(-1) ?? "", db);
  if (!conversation || !message || conversation.muted) return null;
  return { conversation, message, sender: await person(message.senderId, db), count: ids.length };
}
