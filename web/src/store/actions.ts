/**
 * What views do. What goes into the log (send, edit, react, delete), what is read and what is set about a conversation works
 * without a connection: it is in the store when the promise ends, shown at once, and sent in order when there is one.
 * The rest asks the server and throws an `ActionError`. `db` is given by tests.
 */
import type { Format, Position, ReplyTo, Retention, Role, Settings, Store, Switches } from "./db";
import { theStore } from "./db";
import type { PersonView } from "./queries";

export { ActionError } from "@/lib/errors";

export type NewMessage = {
  text: string;
  formatting?: Format[];
  replyTo?: ReplyTo | null;
  forwardedFrom?: { id: string; senderId: string } | null;
  mentions?: string[];
};

export type DeviceView = { id: string; name: string; platform: string; lastSeenAt: string; current: boolean };
export type SessionView = { id: string; deviceId: string; createdAt: string; lastUsedAt: string; expiresAt: string; current: boolean };

// Messages

/** Writes a message into the outbox and empties the draft, both or neither. Answers its id, which stays. */
export async function sendMessage(_conversationId: string, _message: NewMessage, _db: Store = theStore()): Promise<string> {
  throw new Error("follows");
}

/** Sends a copy to each of them. */
export async function forwardMessage(_conversationId: string, _messageId: string, _to: readonly string[], _db: Store = theStore()): Promise<string[]> {
  throw new Error("follows");
}

/** Sends what failed once more, under the same id, behind what waits. */
export async function retrySend(_messageId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** Gives up what failed or waits about a message. What the server has taken meanwhile still comes. */
export async function discardSend(_messageId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** Other words for a message; of one that still waits in the outbox (and was not tried yet), the words are replaced there. */
export async function editMessage(
  _conversationId: string,
  _messageId: string,
  _change: { text: string; formatting?: Format[] },
  _db: Store = theStore(),
): Promise<void> {
  throw new Error("follows");
}

export async function removeForMe(_conversationId: string, _messageId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function removeForEveryone(_conversationId: string, _messageId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function react(_conversationId: string, _messageId: string, _emoji: string, _on: boolean, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** Fetches what is older than this device has, of a conversation that the server keeps. Answers how many came. */
export async function loadOlder(_conversationId: string, _db: Store = theStore()): Promise<number> {
  throw new Error("follows");
}

// Reading

/** Up to there, or up to the end of what is stored. Takes a "marked as unread" away. */
export async function markRead(_conversationId: string, _upTo?: Position, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function markUnread(_conversationId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function markAllRead(_db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

// Drafts

/** Keeps what is in the box; an empty one without a reply is taken out. Call it 250 ms after input and on `pagehide`. */
export async function saveDraft(
  _conversationId: string,
  _draft: { text: string; replyTo?: ReplyTo | null; editing?: string | null },
  _db: Store = theStore(),
): Promise<void> {
  throw new Error("follows");
}

// Conversations

/** Mute, pin, archive, hide (until the next message), mark as unread. */
export async function setSwitches(_conversationId: string, _change: Partial<Switches>, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** Opens the conversation with a person, made if there is none. Answers its id; it is in the store then. */
export async function openDirect(_userId: string, _db: Store = theStore()): Promise<string> {
  throw new Error("follows");
}

/** `id` makes a repeated call the same group: make it once per form with `newId()` of `lib/ids`. */
export async function createGroup(
  _group: { id: string; title: string; memberIds: string[]; retention?: Retention },
  _db: Store = theStore(),
): Promise<string> {
  throw new Error("follows");
}

export async function rename(_conversationId: string, _title: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function setRetention(_conversationId: string, _retention: Retention, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function addMembers(_conversationId: string, _userIds: readonly string[], _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function removeMember(_conversationId: string, _userId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function setRole(_conversationId: string, _userId: string, _role: Role, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function leave(_conversationId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** For everyone; owners only. */
export async function deleteConversation(_conversationId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** A page of the members of a large group, with their profiles. */
export async function loadMembers(
  _conversationId: string,
  _cursor: string | null,
): Promise<{ members: { person: PersonView; role: Role; joinedAt: string }[]; nextCursor: string | null }> {
  throw new Error("follows");
}

// People

/** By name, username (two letters at least) or exact address. */
export async function findPeople(_query: string, _db: Store = theStore()): Promise<PersonView[]> {
  throw new Error("follows");
}

/** Fetches a profile unless that was done within the hour. Does nothing without a connection. */
export async function refreshPerson(_userId: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** Null clears. */
export async function saveProfile(_change: { name?: string | null; username?: string | null; bio?: string | null }, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** Keep out, or let in again. The server may not have contacts yet (`NOT_FOUND`). */
export async function setBlocked(_userId: string, _blocked: boolean): Promise<void> {
  throw new Error("follows");
}

// Account

export async function loadSettings(_db: Store = theStore()): Promise<Settings> {
  throw new Error("follows");
}

export async function saveSettings(_change: Partial<Settings>, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function loadDevices(_db: Store = theStore()): Promise<DeviceView[]> {
  throw new Error("follows");
}

/** It is logged out, and nothing waits for it any more. */
export async function forgetDevice(_id: string): Promise<void> {
  throw new Error("follows");
}

export async function loadSessions(): Promise<SessionView[]> {
  throw new Error("follows");
}

export async function endSession(_id: string): Promise<void> {
  throw new Error("follows");
}

// Searches and storage

/** Puts it first in the list of the last 15. */
export async function rememberSearch(_query: string, _db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

export async function forgetSearches(_db: Store = theStore()): Promise<void> {
  throw new Error("follows");
}

/** What the browser promises about this storage. Null: it does not say. */
export async function storageState(): Promise<{ persisted: boolean | null; usedBytes: number | null; quotaBytes: number | null }> {
  throw new Error("follows");
}

/** Asks the browser to keep it; whether it will. Best within a click. */
export async function askToPersist(): Promise<boolean> {
  throw new Error("follows");
}
