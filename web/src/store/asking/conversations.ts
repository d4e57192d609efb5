/** Conversations: the list, one of them, and how much of it is unread. */
import { matches } from "@/lib/words";
import { allItems, allStandings, byActivity, isListed, oneConversation } from "../conversations";
import { type DraftRow, type Store, theStore } from "../db";
import type { ConversationItem, ConversationView } from "../views";

/** The conversations that are in the list: pinned first, then the latest. Archived ones only when asked for (then only those). */
export async function conversationList(options: { archived?: boolean } = {}, db: Store = theStore()): Promise<ConversationItem[]> {
  const items = await allItems(db);
  const wanted = items.filter((item) => isListed(item) && item.archived === (options.archived ?? false));
  return wanted.sort((a, b) => Number(b.pinned) - Number(a.pinned) || byActivity(a, b));
}

/** How many conversations are archived. */
export async function archivedCount(db: Store = theStore()): Promise<number> {
  return (await allStandings(db)).filter((one) => isListed(one) && one.archived).length;
}

/** Unread messages in conversations that are in the list and not muted; one that is marked as unread counts one. For the title and the badge. */
export async function unreadTotal(db: Store = theStore()): Promise<number> {
  const counted = (await allStandings(db)).filter((one) => isListed(one) && !one.muted && !one.archived);
  return counted.reduce((sum, one) => sum + Math.max(one.unread, one.markedUnread ? 1 : 0), 0);
}

/** Null: not here (not stored yet, or not one's own). */
export async function conversationById(id: string, db: Store = theStore()): Promise<ConversationView | null> {
  return oneConversation(db, id);
}

/** One's own conversation (notes). */
export async function selfConversationId(db: Store = theStore()): Promise<string | null> {
  const own = await db.conversations.filter((row) => row.kind === "self").first();
  return own?.id ?? null;
}
/** For the switcher: conversations (archived and hidden ones too) whose title or person has words that begin so; all, the latest first, without a query. */
export async function searchConversations(query: string, limit: number, db: Store = theStore()): Promise<ConversationItem[]> {
  const items = (await allItems(db)).sort(byActivity);
  const named = (item: ConversationItem) => [item.title, item.person?.name, item.person?.username].filter(Boolean).join(" ");
  return items.filter((item) => query.trim() === "" || matches(named(item), query)).slice(0, limit);
}

export async function draft(conversationId: string, db: Store = theStore()): Promise<DraftRow | null> {
  return (await db.drafts.get(conversationId)) ?? null;
}
