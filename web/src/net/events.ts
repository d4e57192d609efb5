/**
 * What travels over the socket, in both directions, and what log entries look like. `drift.test.ts` holds the names against
 * the server's own; shapes that it shares with the REST interface are taken from there.
 */
import type { components } from "./api.d";
import type { Attachment, Format, Position, ReplyTo, Retention, Role, Switches } from "@/store/db";

type Schemas = components["schemas"];

export type Cursor = Schemas["Cursor"];
export type Receipt = Schemas["Receipt"];
/** The wire's conversation; kinds, like entries, may be new to this version. */
export type ConversationView = Schemas["ConversationView"];

/** One entry of a log. `data` is null once the server has forgotten it. */
export type Entry = {
  id: string;
  conversationId: string;
  seq: number;
  count: number;
  type: string;
  senderId: string;
  createdAt: string;
  data: Record<string, unknown> | null;
};

export type MessageData = {
  kind?: string;
  text?: string;
  formatting?: Format[];
  attachments?: Attachment[];
  replyTo?: ReplyTo | null;
  forwardedFrom?: { id: string; senderId: string } | null;
  mentions?: string[];
};
export type EditData = { messageId: string; text: string; formatting?: Format[] };
export type DeleteData = { messageId: string };
export type ReactionData = { messageId: string; emoji: string; op: "add" | "remove" };
export type MemberData = { op: "joined" | "left" | "removed" | "role"; userId: string; role?: Role; by?: string | null };
export type ConversationData = { title?: string | null; avatarUrl?: string | null; retention?: Retention };
export type AccountData =
  | { op: "conversation-added" | "conversation-removed"; conversationId: string }
  | ({ op: "read"; conversationId: string } & Position)
  | ({ op: "settings"; conversationId: string; count?: number } & Partial<Switches>)
  | { op: "hidden-message"; conversationId: string; messageId: string };

/** A message with what later entries changed, as `GET …/messages` gives it. */
export type FoldedMessage = Entry & { editedAt: string | null; reactions: { emoji: string; userIds: string[] }[]; deleted: boolean };

/** First and last position of a run that is gone for good. */
export type Run = [number, number];

export type SyncRequest = { since?: string; cursors?: Cursor[] };
export type SyncNews = { conversation: ConversationView; entries: Entry[]; gone: Run[]; reset?: boolean };
export type SyncPage = { since: string; conversations: SyncNews[]; removed: string[]; receipts: Receipt[]; more: boolean };
export type Stretch = { entries: Entry[]; gone: Run[]; more: boolean };

export type WireError = {
  code: string;
  message: string;
  details?: { field: string; message: string }[];
  retryAfter?: number | null;
  requestId?: string;
};

/** What an event is answered with. */
export type Answer<T> = ({ ok: true } & T) | { ok: false; error: WireError };
// biome-ignore lint/complexity/noBannedTypes: an answer that says nothing more.
type Nothing = {};

/** What a client says: payload and answer. */
export type ClientEvents = {
  "message:send": [Schemas["SendRequest"] & { conversationId: string }, { entry: Entry }];
  "message:edit": [{ id: string; conversationId: string; messageId: string; text: string; formatting?: Format[] }, { entry: Entry }];
  "message:delete": [{ id: string; conversationId: string; messageId: string; for: "me" | "everyone" }, { entry: Entry }];
  "message:delivered": [{ cursors: Cursor[] }, Nothing];
  "message:read": [{ conversationId: string; seq: number; count: number }, Nothing];
  "reaction:add": [{ id: string; conversationId: string; messageId: string; emoji: string }, { entry: Entry }];
  "reaction:remove": [{ id: string; conversationId: string; messageId: string; emoji: string }, { entry: Entry }];
  "typing:start": [{ conversationId: string }, Nothing];
  "typing:stop": [{ conversationId: string }, Nothing];
  "presence:update": [{ status: "online" | "away" | "busy" | "invisible" }, Nothing];
  "presence:watch": [{ userIds: string[] }, Nothing];
  "conversation:open": [{ conversationId: string }, Nothing];
  "conversation:close": [{ conversationId: string }, Nothing];
  sync: [SyncRequest, SyncPage];
  range: [{ conversationId: string; from: number; to: number; limit?: number }, Stretch];
  "auth:refresh": [{ token: string }, Nothing];
};
export type ClientEvent = keyof ClientEvents;

/** Of each person in a small conversation, of how many in a large one. */
export type ReceiptEvent = { conversationId: string; seq: number } & ({ userId: string } | { by: number });

/** What the server says. */
export type ServerEvents = {
  ready: { v: number; userId: string; deviceId: string; serverTime: string };
  "message:new": Entry;
  "message:edited": Entry;
  "message:deleted": Entry;
  "reaction:added": Entry;
  "reaction:removed": Entry;
  "participant:joined": Entry;
  "participant:left": Entry;
  "conversation:updated": Entry;
  account: Entry;
  "conversation:added": ConversationView;
  "conversation:removed": { id: string };
  "message:delivered": ReceiptEvent;
  "message:read": ReceiptEvent;
  "typing:start": { conversationId: string; userId: string };
  "typing:stop": { conversationId: string; userId: string };
  "user:status": { userId: string; status: string; lastSeenAt: string | null };
  "auth:expiring": { expiresIn: number };
  "session:revoked": Nothing;
  "server:draining": { reconnectIn: number };
};
export type ServerEvent = keyof ServerEvents;

export const clientEvents = [
  "message:send",
  "message:edit",
  "message:delete",
  "message:delivered",
  "message:read",
  "reaction:add",
  "reaction:remove",
  "typing:start",
  "typing:stop",
  "presence:update",
  "presence:watch",
  "conversation:open",
  "conversation:close",
  "sync",
  "range",
  "auth:refresh",
] as const satisfies readonly ClientEvent[];

/** Those that carry an entry. Others may come in later versions: what looks like an entry is one. */
export const entryEvents = [
  "message:new",
  "message:edited",
  "message:deleted",
  "reaction:added",
  "reaction:removed",
  "participant:joined",
  "participant:left",
  "conversation:updated",
  "account",
] as const satisfies readonly ServerEvent[];

export const serverEvents = [
  ...entryEvents,
  "ready",
  "conversation:added",
  "conversation:removed",
  "message:delivered",
  "message:read",
  "typing:start",
  "typing:stop",
  "user:status",
  "auth:expiring",
  "session:revoked",
  "server:draining",
] as const satisfies readonly ServerEvent[];

export function isEntry(value: unknown): value is Entry {
  const entry = value as Partial<Entry> | null;
  return (
    typeof entry === "object" &&
    entry !== null &&
    typeof entry.id === "string" &&
    typeof entry.conversationId === "string" &&
    typeof entry.type === "string" &&
    Number.isSafeInteger(entry.seq) &&
    Number.isSafeInteger(entry.count)
  );
}
