/** What views get, as `queries.ts` gives it. */
import type { Attachment, Failure, Format, Kind, Notice, PersonRow, Position, Preview, ReplyTo, Retention, Role, Switches } from "./db";

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
