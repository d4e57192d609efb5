/** The rows of the tables in `db.ts`. Times are RFC 3339 strings as the server gives them. */

/** A place in a log, and the user-visible messages up to there. */
export type Position = { seq: number; count: number };

/** A range of a text with a style; UTF-16 code units, `end` is not part of it. Styles that are not known are passed over. */
export type Format = { style: string; start: number; end: number };

/** A message that another answers; the excerpt is empty once the original was deleted. */
export type ReplyTo = { id: string; senderId: string; excerpt: string };

export type Attachment = {
  id: string;
  kind: string;
  name: string;
  size: number;
  mime: string;
  width: number | null;
  height: number | null;
  blurhash: string | null;
};

export type Role = "owner" | "admin" | "member";
export type Retention = "relay" | "archive";

/** `self` is one's own (notes); kinds that are not known are shown as groups. */
export type Kind = "self" | "direct" | "group" | "channel" | "broadcast";

/** What a person has set about a conversation for themself. */
export type Switches = { muted: boolean; pinned: boolean; hidden: boolean; archived: boolean; markedUnread: boolean };

export type MemberRow = { userId: string; role: Role; joinedAt: string };

/** What the list shows of a conversation's last message. */
export type Preview = {
  messageId: string;
  order: number;
  senderId: string;
  createdAt: string;
  kind: string;
  /** The beginning of it; empty if deleted or forgotten. */
  text: string;
  deleted: boolean;
  forgotten: boolean;
};

export type ConversationRow = Switches & {
  id: string;
  kind: Kind;
  title: string | null;
  slug: string | null;
  avatarUrl: string | null;
  retention: Retention;
  createdAt: string;
  /** Positions of another epoch mean nothing. */
  epoch: string;
  /** Everything up to here is stored, or known to be gone. What is acknowledged is never more. */
  whole: number;
  /** Where this device's log began: what lies below went to devices that were there before it. */
  floor: number;
  head: Position;
  read: Position;
  /** Unread messages that mention this person. */
  mentions: number;
  /** With more messages than these a hidden conversation comes back. */
  hiddenAt: number | null;
  memberCount: number;
  /** All of them, up to 50 of a larger one. */
  members: MemberRow[];
  preview: Preview | null;
  /** When something was last said in it. */
  activityAt: string;
  /** The person is no longer in it; what is stored stays readable. */
  left: boolean;
  /** In large groups, how many have stored and read up to where. */
  deliveredBy: { seq: number; by: number } | null;
  readBy: { seq: number; by: number } | null;
};

export type Reaction = { emoji: string; userIds: string[] };

/** Something that happened in a conversation and is no message. */
export type Notice =
  | { what: "joined" | "left" | "removed"; userId: string; by: string | null }
  | { what: "role"; userId: string; role: Role; by: string | null }
  | { what: "changed"; title?: string; avatar?: boolean; retention?: Retention };

/** One entry of a log that has a place of its own, with everything that later entries changed about it. */
export type MessageRow = {
  conversationId: string;
  /** Made by the client that wrote it; the same from the outbox on, so a row's key never changes. */
  id: string;
  /** Null if it is of an earlier epoch and did not come again. */
  seq: number | null;
  /** Sorts within the conversation: `seq`, or where it was when it lost that. */
  order: number;
  count: number;
  /** `message`, `member`, `conversation`; others are stored, and shown by a version that knows them. */
  type: string;
  senderId: string;
  createdAt: string;
  /** Of a message: `text`, `image`, `file`, `system`, or what is not known yet. */
  kind: string;
  text: string;
  formatting: Format[];
  attachments: Attachment[];
  replyTo: ReplyTo | null;
  forwardedFrom: { id: string; senderId: string } | null;
  mentions: string[];
  editedAt: string | null;
  /** For everyone. */
  deleted: boolean;
  /** For oneself: shown on none of one's devices. */
  hidden: boolean;
  /** The server had forgotten it before this device came. */
  forgotten: boolean;
  reactions: Reaction[];
  notice: Notice | null;
  /** What it says, if this version does not know its type. */
  raw: unknown;
  /** For the search: each word once, folded. */
  words: string[];
};

/** What the person wrote and the server has not confirmed. In order of `n`. */
export type OutboxRow = {
  n?: number;
  /** The entry's id, the same on every try. */
  id: string;
  conversationId: string;
  event: "message:send" | "message:edit" | "message:delete" | "reaction:add" | "reaction:remove";
  /** The message it is about; of a `message:send` its own id. */
  messageId: string;
  /** What goes over the wire, complete. */
  body: Record<string, unknown>;
  createdAt: string;
  /** Not to be sent before that (milliseconds): until then it can be taken back. */
  notBefore?: number;
  state: "waiting" | "failed";
  /** Why it failed for good. */
  failure: Failure | null;
};

export type Failure = { code: string; message: string };

/** What the person set or read and the server has not confirmed; a later one of the same sort takes its place. */
export type PersonalRow = {
  conversationId: string;
  what: "read" | "settings";
  /** Changes with every write, so that the answer to an earlier one does not strike it out. */
  version: string;
  read: Position | null;
  settings: Partial<Switches> | null;
};

/** What is being written, per conversation. */
export type DraftRow = {
  conversationId: string;
  text: string;
  replyTo: ReplyTo | null;
  /** The message that is being changed. */
  editing: string | null;
  updatedAt: string;
};

export type PersonRow = {
  id: string;
  name: string | null;
  username: string | null;
  bio: string | null;
  avatarUrl: string | null;
  createdAt: string | null;
  /** When this device last asked, in milliseconds. */
  fetchedAt: number;
};

/** What somebody is to this person: asked by them, has asked them, a contact, or blocked. Strangers have no row. */
export type ContactRow = { userId: string; state: "outgoing" | "incoming" | "accepted" | "blocked"; since: string };

/** How far somebody else has stored and read. They only rise, within one epoch. */
export type ReceiptRow = { conversationId: string; userId: string; delivered: number; read: number };

/** Somebody is typing, until then (milliseconds). */
export type TypingRow = { conversationId: string; userId: string; until: number };

export type PresenceRow = { userId: string; status: "online" | "away" | "busy" | "offline"; lastSeenAt: string | null };

/** A message that the person deleted for themself, kept so that it stays hidden if it comes (again) later. */
export type HiddenRow = { conversationId: string; messageId: string };

export type SearchRow = { n?: number; query: string };

/** Whose browser this is. */
export type Account = {
  userId: string;
  deviceId: string;
  /** For a log-in on this device the next time. */
  deviceToken: string | null;
  name: string | null;
  username: string | null;
  bio: string | null;
  avatarUrl: string | null;
  createdAt: string;
};

export type Tokens = { access: string; refresh: string /** Milliseconds. */; expiresAt: number };

/** Single things, by name. */
export type Meta = {
  account: Account;
  /** Missing: logged out, or to log in again. The rest stays. */
  tokens: Tokens;
  /** Where the last `sync` ended. */
  since: string;
  /** The first `sync` of this device has come to its end. */
  synced: true;
  settings: Settings;
  config: ClientConfig;
};
export type MetaName = keyof Meta;
export type MetaRow = { name: string; value: unknown };

export type Settings = {
  readReceipts: boolean;
  lastSeen: boolean;
  discoverableByMail: boolean;
  whoMayMessageMe: "everyone" | "contacts" | "nobody";
};

/** What the server allows; see `/api/v1/client-config`. */
export type ClientConfig = {
  limits: Record<string, number>;
  features: Record<string, boolean>;
  login: { codeExpiresIn: number; accessExpiresIn: number; tries: number };
  pushKey?: string | null;
};
