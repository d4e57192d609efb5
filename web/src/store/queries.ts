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
import { matches } from "@/lib/words";
import { allItems, byActivity, isListed, oneConversation } from "./conversations";
import { readMeta, theStore, type TypingRow } from "./db";
import { nobody, peopleOf, personView } from "./people";
import { search } from "./search";
import { isShown, light, messageView, unsent } from "./shown";
import { slice } from "./slice";

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

/** How long one's own message can be changed; the server decides. */
const editableFor = 15 * 60_000;

/** The conversations that are in the list: pinned first, then the latest. Archived ones only when asked for (then only those). */
export async function conversationList(options: { archived?: boolean } = {}, db: Store = theStore()): Promise<ConversationItem[]> {
  const items = await allItems(db);
  const wanted = items.filter((item) => isListed(item) && item.archived === (options.archived ?? false));
  return wanted.sort((a, b) => Number(b.pinned) - Number(a.pinned) || byActivity(a, b));
}

/** How many conversations are archived. */
export async function archivedCount(db: Store = theStore()): Promise<number> {
  return (await allItems(db)).filter((item) => isListed(item) && item.archived).length;
}

/** Unread messages in conversations that are in the list and not muted; one that is marked as unread counts one. For the title and the badge. */
export async function unreadTotal(db: Store = theStore()): Promise<number> {
  const items = (await allItems(db)).filter((item) => isListed(item) && !item.muted && !item.archived);
  return items.reduce((sum, item) => sum + Math.max(item.unread, item.markedUnread ? 1 : 0), 0);
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

/** At most `before` messages below and `after` from `around` on (it included). What nobody is shown is not counted. */
export async function messageSlice(
  conversationId: string,
  options: { around: Around; before: number; after: number },
  db: Store = theStore(),
): Promise<MessageSlice> {
  return slice(db, conversationId, options);
}

/** One message, those of the outbox included. */
export async function messageById(conversationId: string, id: string, db: Store = theStore()): Promise<MessageView | null> {
  const by = await light(db, conversationId);
  const row = await db.messages.get([conversationId, id]);
  if (row) return isShown(row) ? messageView(row, by) : null;
  return unsent(by).find((message) => message.id === id) ?? null;
}

/** The last message of one's own that can still be changed, for `↑` in an empty box. */
export async function lastEditable(conversationId: string, now: number, db: Store = theStore()): Promise<MessageView | null> {
  const { messages } = await slice(db, conversationId, { around: { at: "end" }, before: 30, after: 0 });
  const mine = messages.filter((message) => message.own && message.type === "message" && !message.deleted && !message.forgotten);
  const last = mine.at(-1);
  return last && now - Date.parse(last.createdAt) < editableFor ? last : null;
}

export async function me(db: Store = theStore()): Promise<Account | null> {
  return (await readMeta(db, "account")) ?? null;
}

export async function person(id: string, db: Store = theStore()): Promise<PersonView> {
  return (await people([id], db)).get(id) ?? nobody(id);
}

/** Those that are known; others have an id alone. */
export async function people(ids: readonly string[], db: Store = theStore()): Promise<Map<string, PersonView>> {
  return peopleOf(db, ids);
}

/** People of direct conversations and shared groups whose name or username has words that begin so; without oneself. */
export async function knownPeople(query: string, limit: number, db: Store = theStore()): Promise<PersonView[]> {
  const account = await readMeta(db, "account");
  const all = await db.people
    .filter((row) => row.id !== account?.userId && (query.trim() === "" || matches(`${row.name ?? ""} ${row.username ?? ""}`, query)))
    .toArray();
  const named = all
    .filter((row) => row.name || row.username)
    .sort((a, b) => (a.name ?? a.username ?? "").localeCompare(b.name ?? b.username ?? ""));
  return named.slice(0, limit).map(personView);
}

export async function draft(conversationId: string, db: Store = theStore()): Promise<DraftRow | null> {
  return (await db.drafts.get(conversationId)) ?? null;
}

/** What waits or failed about a message: null if nothing does. */
export async function outboxState(messageId: string, db: Store = theStore()): Promise<OutboxState | null> {
  const rows = await db.outbox.where("messageId").equals(messageId).toArray();
  const row = rows.find((one) => one.state === "failed") ?? rows[0];
  return row ? { id: row.id, state: row.state, failure: row.failure } : null;
}

export async function outboxCounts(db: Store = theStore()): Promise<{ waiting: number; failed: number }> {
  const rows = await db.outbox.toArray();
  const failed = rows.filter((row) => row.state === "failed").length;
  return { waiting: rows.length - failed, failed };
}

/** Who is typing there now, without oneself. Ask again at `until`: nothing changes in the store when the time is over. */
export async function typing(
  conversationId: string,
  now: number,
  db: Store = theStore(),
): Promise<{ userIds: string[]; until: number | null }> {
  const rows = (await typingNow(db, now)).filter((row) => row.conversationId === conversationId);
  return { userIds: rows.map((row) => row.userId), until: earliest(rows) };
}

/** Conversations in which somebody is typing now. */
export async function typingAnywhere(now: number, db: Store = theStore()): Promise<{ ids: Set<string>; until: number | null }> {
  const rows = await typingNow(db, now);
  return { ids: new Set(rows.map((row) => row.conversationId)), until: earliest(rows) };
}

/** Null: nothing is known (the server does not say, or they do not permit it). */
export async function presence(userId: string, db: Store = theStore()): Promise<PresenceRow | null> {
  return (await db.presence.get(userId)) ?? null;
}

/** Who has read and stored a message, in conversations whose ticks are each person's. */
export async function receiptsOf(
  conversationId: string,
  seq: number,
  db: Store = theStore(),
): Promise<{ read: PersonView[]; delivered: PersonView[]; waiting: PersonView[] }> {
  const { me, conversation, receipts } = await light(db, conversationId);
  const there = (conversation?.members ?? []).map((member) => member.userId).filter((id) => id !== me);
  const known = await peopleOf(db, there);
  const of = new Map(receipts.map((receipt) => [receipt.userId, receipt]));
  const out: { read: PersonView[]; delivered: PersonView[]; waiting: PersonView[] } = { read: [], delivered: [], waiting: [] };
  for (const id of there) {
    const receipt = of.get(id);
    const group = (receipt?.read ?? 0) >= seq ? out.read : (receipt?.delivered ?? 0) >= seq ? out.delivered : out.waiting;
    group.push(known.get(id) ?? nobody(id));
  }
  return out;
}

/**
 * Messages that have for each word of the query one that begins so; the newest first. In one conversation or everywhere.
 * `before` continues: the last hit of the page before.
 */
export async function searchMessages(
  query: string,
  options: { conversationId?: string; limit: number; before?: { createdAt: string; id: string } },
  db: Store = theStore(),
): Promise<{ hits: SearchHit[]; more: boolean }> {
  return search(db, query, options);
}

/** For the switcher: conversations (archived and hidden ones too) whose title or person has words that begin so; all, the latest first, without a query. */
export async function searchConversations(query: string, limit: number, db: Store = theStore()): Promise<ConversationItem[]> {
  const items = (await allItems(db)).sort(byActivity);
  const named = (item: ConversationItem) => [item.title, item.person?.name, item.person?.username].filter(Boolean).join(" ");
  return items.filter((item) => query.trim() === "" || matches(named(item), query)).slice(0, limit);
}

/** The last 15 searches, the latest first. */
export async function recentSearches(db: Store = theStore()): Promise<string[]> {
  return (await db.searches.reverse().toArray()).map((row) => row.query);
}

/** Null: not fetched yet; `actions.loadSettings` does. */
export async function settings(db: Store = theStore()): Promise<Settings | null> {
  return (await readMeta(db, "settings")) ?? null;
}

export async function clientConfig(db: Store = theStore()): Promise<ClientConfig | null> {
  return (await readMeta(db, "config")) ?? null;
}

/** Whether everything that waited for this device at its log-in has come. Before that an empty list means nothing. */
export async function hasSynced(db: Store = theStore()): Promise<boolean> {
  return (await readMeta(db, "synced")) === true;
}

async function typingNow(db: Store, now: number): Promise<TypingRow[]> {
  const account = await readMeta(db, "account");
  return db.typing.filter((row) => row.until > now && row.userId !== account?.userId).toArray();
}

function earliest(rows: TypingRow[]): number | null {
  return rows.length === 0 ? null : Math.min(...rows.map((row) => row.until));
}
