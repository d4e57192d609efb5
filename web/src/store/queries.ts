/**
 * What views read. Every function is for `useLiveQuery(() => …)`: it reads this browser's store alone, never the network, and
 * runs again when what it read changes, in whatever tab. `db` is given by tests.
 */
import type {
  Account,
  Attachment,
  ClientConfig,
  DraftRow,
  Failure,
  Format,
  Kind,
  Notice,
  PersonRow,
  Position,
  PresenceRow,
  Preview,
  ReplyTo,
  Retention,
  Role,
  Settings,
  Store,
  Switches,
} from "./db";
import { theStore } from "./db";

/** A person as views show them. Somebody of whom nothing is known yet has an id alone. */
export type PersonView = Pick<PersonRow, "id" | "name" | "username" | "bio" | "avatarUrl">;

export type ConversationItem = Switches & {
  id: string;
  kind: Kind;
  /** Of groups and channels; a direct one is named after `person`, one's own by the view. */
  title: string | null;
  avatarUrl: string | null;
  /** The other one of a direct conversation. */
  person: PersonView | null;
  preview: Preview | null;
  /** Who wrote the preview's message. */
  previewSender: PersonView | null;
  /** What is in the box and not sent; null if nothing is. */
  draft: string | null;
  activityAt: string;
  unread: number;
  mentions: number;
  /** Something of it failed to be sent. */
  failed: boolean;
  memberCount: number;
  left: boolean;
};

export type MemberView = { person: PersonView; role: Role; joinedAt: string };

export type ConversationView = ConversationItem & {
  slug: string | null;
  retention: Retention;
  createdAt: string;
  head: Position;
  read: Position;
  members: MemberView[];
  /** Whether `members` is all of them. */
  allMembers: boolean;
  /** What oneself may do in it. */
  role: Role;
  /** Whether the server keeps what is older than this device has: `loadOlder` fetches it. */
  moreOnServer: boolean;
};

export type ReactionView = { emoji: string; userIds: string[]; mine: boolean };

/** `pending`: waits in the outbox. Null: somebody else's, or no message. */
export type Progress = "pending" | "sent" | "delivered" | "read" | "failed";

export type MessageView = {
  id: string;
  conversationId: string;
  /** Null while it is not in the log. */
  seq: number | null;
  count: number | null;
  /** Sorts within the conversation; also of those without a `seq`. */
  order: number;
  type: string;
  kind: string;
  senderId: string;
  own: boolean;
  createdAt: string;
  text: string;
  formatting: Format[];
  attachments: Attachment[];
  replyTo: ReplyTo | null;
  forwardedFrom: { id: string; senderId: string } | null;
  mentions: string[];
  editedAt: string | null;
  deleted: boolean;
  forgotten: boolean;
  reactions: ReactionView[];
  notice: Notice | null;
  progress: Progress | null;
  /** Why it was not sent, or why the last change of it was not made. */
  failure: Failure | null;
  /** In large groups: how many have it and have read it; null where each person's ticks count. */
  deliveredBy: number | null;
  readBy: number | null;
};

/** Around what to read: the end, the first unread message (else the end), a message, or a place in the log (link). */
export type Around = { at: "end" } | { at: "unread" } | { at: "message"; id: string } | { at: "seq"; seq: number };

export type MessageSlice = {
  /** Upwards in the log, those of the outbox last. */
  messages: MessageView[];
  /** The message that `around` meant; null for the end, or if it is not here. */
  anchorId: string | null;
  /** Nothing older, nothing newer is stored. */
  atStart: boolean;
  atEnd: boolean;
  /** What the unread divider stands above: the read position when this was read. */
  readSeq: number;
};

export type OutboxState = { id: string; state: "waiting" | "failed"; failure: Failure | null };

export type SearchHit = {
  message: MessageView;
  conversation: ConversationItem;
  sender: PersonView;
  /** Where the words stand in `message.text`, in UTF-16 code units. */
  hits: [number, number][];
};

/** The conversations that are in the list: pinned first, then the latest. Archived ones only when asked for (then only those). */
export async function conversationList(_options: { archived?: boolean } = {}, _db: Store = theStore()): Promise<ConversationItem[]> {
  throw new Error("follows");
}

/** How many conversations are archived. */
export async function archivedCount(_db: Store = theStore()): Promise<number> {
  throw new Error("follows");
}

/** Unread messages in conversations that are in the list and not muted; one that is marked as unread counts one. For the title and the badge. */
export async function unreadTotal(_db: Store = theStore()): Promise<number> {
  throw new Error("follows");
}

/** Null: not here (not stored yet, or not one's own). */
export async function conversationById(_id: string, _db: Store = theStore()): Promise<ConversationView | null> {
  throw new Error("follows");
}

/** One's own conversation (notes). */
export async function selfConversationId(_db: Store = theStore()): Promise<string | null> {
  throw new Error("follows");
}

/** At most `before` messages below and `after` from `around` on (it included). What nobody is shown is not counted. */
export async function messageSlice(
  _conversationId: string,
  _options: { around: Around; before: number; after: number },
  _db: Store = theStore(),
): Promise<MessageSlice> {
  throw new Error("follows");
}

/** One message, those of the outbox included. */
export async function messageById(_conversationId: string, _id: string, _db: Store = theStore()): Promise<MessageView | null> {
  throw new Error("follows");
}

/** The last message of one's own that can still be changed, for `↑` in an empty box. */
export async function lastEditable(_conversationId: string, _now: number, _db: Store = theStore()): Promise<MessageView | null> {
  throw new Error("follows");
}

export async function me(_db: Store = theStore()): Promise<Account | null> {
  throw new Error("follows");
}

export async function person(_id: string, _db: Store = theStore()): Promise<PersonView> {
  throw new Error("follows");
}

/** Those that are known; others have an id alone. */
export async function people(_ids: readonly string[], _db: Store = theStore()): Promise<Map<string, PersonView>> {
  throw new Error("follows");
}

/** People of direct conversations and shared groups whose name or username has words that begin so; without oneself. */
export async function knownPeople(_query: string, _limit: number, _db: Store = theStore()): Promise<PersonView[]> {
  throw new Error("follows");
}

export async function draft(_conversationId: string, _db: Store = theStore()): Promise<DraftRow | null> {
  throw new Error("follows");
}

/** What waits or failed about a message: null if nothing does. */
export async function outboxState(_messageId: string, _db: Store = theStore()): Promise<OutboxState | null> {
  throw new Error("follows");
}

export async function outboxCounts(_db: Store = theStore()): Promise<{ waiting: number; failed: number }> {
  throw new Error("follows");
}

/** Who is typing there now, without oneself. Ask again at `until`: nothing changes in the store when the time is over. */
export async function typing(_conversationId: string, _now: number, _db: Store = theStore()): Promise<{ userIds: string[]; until: number | null }> {
  throw new Error("follows");
}

/** Conversations in which somebody is typing now. */
export async function typingAnywhere(_now: number, _db: Store = theStore()): Promise<{ ids: Set<string>; until: number | null }> {
  throw new Error("follows");
}

/** Null: nothing is known (the server does not say, or they do not permit it). */
export async function presence(_userId: string, _db: Store = theStore()): Promise<PresenceRow | null> {
  throw new Error("follows");
}

/** Who has read and stored a message, in conversations whose ticks are each person's. */
export async function receiptsOf(
  _conversationId: string,
  _seq: number,
  _db: Store = theStore(),
): Promise<{ read: PersonView[]; delivered: PersonView[]; waiting: PersonView[] }> {
  throw new Error("follows");
}

/**
 * Messages that have all the words, the last one as a beginning; the newest first. In one conversation or everywhere.
 * `before` continues: the last hit of the page before.
 */
export async function searchMessages(
  _query: string,
  _options: { conversationId?: string; limit: number; before?: { createdAt: string; id: string } },
  _db: Store = theStore(),
): Promise<{ hits: SearchHit[]; more: boolean }> {
  throw new Error("follows");
}

/** For the switcher: conversations (archived and hidden ones too) whose title or person has words that begin so; all, the latest first, without a query. */
export async function searchConversations(_query: string, _limit: number, _db: Store = theStore()): Promise<ConversationItem[]> {
  throw new Error("follows");
}

/** The last 15 searches, the latest first. */
export async function recentSearches(_db: Store = theStore()): Promise<string[]> {
  throw new Error("follows");
}

/** Null: not fetched yet; `actions.loadSettings` does. */
export async function settings(_db: Store = theStore()): Promise<Settings | null> {
  throw new Error("follows");
}

export async function clientConfig(_db: Store = theStore()): Promise<ClientConfig | null> {
  throw new Error("follows");
}

/** Whether everything that waited for this device at its log-in has come. Before that an empty list means nothing. */
export async function hasSynced(_db: Store = theStore()): Promise<boolean> {
  throw new Error("follows");
}
