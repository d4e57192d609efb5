/** What one's own log says of other conversations: read, settings, messages hidden for oneself. */
import type { AccountData } from "@/net/events";
import { refreshPreview } from "./batch";
import type { ConversationRow, Position, Store } from "./db";
import { raiseRead } from "./fold";
import { takeLeave } from "./meet";

export async function applyAccount(db: Store, me: string, notes: readonly AccountData[]): Promise<void> {
  for (const note of notes) await applyNote(db, me, note);
}

async function applyNote(db: Store, me: string, note: AccountData): Promise<void> {
  switch (note.op) {
    case "conversation-removed":
      return takeLeave(db, note.conversationId);
    case "read":
      return applyRead(db, me, note.conversationId, note);
    case "settings":
      return applySettings(db, note.conversationId, note);
    case "hidden-message":
      return hideMessage(db, note.conversationId, note.messageId);
    default:
      // That a conversation was added is told with the conversation; other notes are for later versions.
      return;
  }
}

/** The person has read further, on whatever device. */
export async function applyRead(db: Store, me: string, id: string, to: Position): Promise<void> {
  const conversation = await db.conversations.get(id);
  if (!conversation) return;
  const before = { ...conversation.read };
  if (!raiseRead(conversation, to)) return;
  await db.conversations.put(conversation);
  await applyMentions(db, me, id, before);
}

/** Counts anew what mentions the person, if they have read further and not everything. */
export async function applyMentions(db: Store, me: string, id: string, before: Position): Promise<void> {
  const conversation = await db.conversations.get(id);
  if (!conversation || conversation.mentions === 0 || conversation.read.seq === before.seq) return;
  const unread = db.messages.where("[conversationId+order]").between([id, conversation.read.seq], [id, Infinity], false, true);
  const mentions = await unread.filter((row) => row.seq !== null && row.senderId !== me && row.mentions.includes(me)).count();
  await db.conversations.update(id, { mentions });
}

type Setting = Extract<AccountData, { op: "settings" }>;

export async function applySettings(db: Store, id: string, setting: Omit<Setting, "op" | "conversationId">): Promise<void> {
  const { muted, pinned, hidden, archived, markedUnread, count } = setting;
  const given = Object.entries({ muted, pinned, hidden, archived, markedUnread }).filter(([, on]) => on !== undefined);
  const change: Partial<ConversationRow> = Object.fromEntries(given);
  if (hidden !== undefined) change.hiddenAt = hidden ? (count ?? null) : null;
  await db.conversations.update(id, change);
}

/** Deleted for oneself, here or on another device; also if the message comes only later. */
async function hideMessage(db: Store, conversationId: string, messageId: string): Promise<void> {
  await db.hidden.put({ conversationId, messageId });
  const changed = await db.messages.update([conversationId, messageId], {
    hidden: true,
    text: "",
    formatting: [],
    attachments: [],
    words: [],
  });
  if (changed > 0) await refreshPreview(db, conversationId);
}
