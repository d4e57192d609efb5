/**
 * What views do. What goes into the log (send, edit, react, delete), what is read and what is set about a conversation works
 * without a connection: it is in the store when the promise ends, shown at once, and sent in order when there is one.
 * The rest asks the server and throws an `ActionError`. `db` is given by tests.
 */
import { ActionError } from "@/lib/errors";
import { newId } from "@/lib/ids";
import { call } from "@/net/api";
import type { components } from "@/net/api.d";
import type { FoldedMessage } from "@/net/events";
import { request } from "@/net/http";
import { accessToken } from "@/net/token";
import { applyRead } from "./account";
import type { ConversationRow, Format, OutboxRow, Position, ReplyTo, Retention, Role, Settings, Store, Switches } from "./db";
import { readMeta, theStore, writeMeta } from "./db";
import { leaveConversation, meet, type Who } from "./ingest";
import { personRow } from "./meet";
import { addOlder } from "./older";
import { discard, requeue } from "./outbox";
import { personView } from "./people";
import type { PersonView } from "./queries";
import { messageById } from "./queries";

export { ActionError } from "@/lib/errors";

export type NewMessage = {
  text: string;
  formatting?: Format[];
  replyTo?: ReplyTo | null;
  forwardedFrom?: { id: string; senderId: string } | null;
  mentions?: string[];
};

/** Searches that are kept. */
const searchesKept = 15;
/** How long a profile counts as fresh, in milliseconds. */
const freshFor = 3_600_000;

export type DeviceView = { id: string; name: string; platform: string; lastSeenAt: string; current: boolean };
export type SessionView = { id: string; deviceId: string; createdAt: string; lastUsedAt: string; expiresAt: string; current: boolean };

// Messages

/** Writes a message into the outbox and empties the draft, both or neither. Answers its id, which stays. */
export async function sendMessage(conversationId: string, message: NewMessage, db: Store = theStore()): Promise<string> {
  const id = newId();
  await db.transaction("rw", db.outbox, db.drafts, async () => {
    await post(db, { id, conversationId, event: "message:send", messageId: id, body: sendBody(id, conversationId, message) });
    await db.drafts.delete(conversationId);
  });
  return id;
}

/** Sends a copy to each of them. */
export async function forwardMessage(
  conversationId: string,
  messageId: string,
  to: readonly string[],
  db: Store = theStore(),
): Promise<string[]> {
  const original = await messageById(conversationId, messageId, db);
  if (!original?.text) throw new ActionError("NOT_FOUND", "the message is not here");
  const { text, formatting } = original;
  const forwardedFrom = original.forwardedFrom ?? { id: original.id, senderId: original.senderId };
  const ids = to.map(() => newId());
  await db.transaction("rw", db.outbox, async () => {
    for (const [at, target] of to.entries()) {
      const id = ids[at] as string;
      const body = sendBody(id, target, { text, formatting, forwardedFrom });
      await post(db, { id, conversationId: target, event: "message:send", messageId: id, body });
    }
  });
  return ids;
}

/** Sends what failed once more, under the same id, behind what waits. */
export async function retrySend(messageId: string, db: Store = theStore()): Promise<void> {
  await requeue(db, messageId);
}

/** Gives up what failed or waits about a message. What the server has taken meanwhile still comes. */
export async function discardSend(messageId: string, db: Store = theStore()): Promise<void> {
  await discard(db, messageId);
}

/** Other words for a message; it may still wait in the outbox itself. */
export async function editMessage(
  conversationId: string,
  messageId: string,
  change: { text: string; formatting?: Format[] },
  db: Store = theStore(),
): Promise<void> {
  const id = newId();
  const formatting = change.formatting ?? [];
  await post(db, {
    id,
    conversationId,
    event: "message:edit",
    messageId,
    body: { id, conversationId, messageId, text: change.text, formatting },
  });
}

export async function removeForMe(conversationId: string, messageId: string, db: Store = theStore()): Promise<void> {
  await remove(db, conversationId, messageId, "me");
}

export async function removeForEveryone(conversationId: string, messageId: string, db: Store = theStore()): Promise<void> {
  await remove(db, conversationId, messageId, "everyone");
}

export async function react(conversationId: string, messageId: string, emoji: string, on: boolean, db: Store = theStore()): Promise<void> {
  const id = newId();
  const event = on ? "reaction:add" : "reaction:remove";
  await post(db, { id, conversationId, event, messageId, body: { id, conversationId, messageId, emoji } });
}

/** Fetches what is older than this device has, of a conversation that the server keeps. Answers how many came. */
export async function loadOlder(conversationId: string, db: Store = theStore()): Promise<number> {
  const conversation = await db.conversations.get(conversationId);
  if (!conversation || conversation.floor <= 0) return 0;
  const before = conversation.floor + 1;
  const page = await call(db, "get", "/api/v1/conversations/{id}/messages", { path: { id: conversationId }, query: { before, limit: 50 } });
  const { data, nextCursor } = page as unknown as { data: FoldedMessage[]; nextCursor: string | null };
  return addOlder(db, conversationId, data, nextCursor === null ? 0 : Math.max(0, Number(nextCursor) - 1));
}

// Reading

/** Up to there, or up to the end of what is stored. Takes a "marked as unread" away. */
export async function markRead(conversationId: string, upTo?: Position, db: Store = theStore()): Promise<void> {
  const marked = await db.transaction("rw", [db.conversations, db.messages, db.personal, db.meta], async () => {
    const row = await db.conversations.get(conversationId);
    const me = (await readMeta(db, "account"))?.userId;
    if (!row || !me) return false;
    const set = await db.personal.get([conversationId, "settings"]);
    const to = upTo ?? (await lastStored(db, row));
    if (row.kind !== "self" && to.seq > row.read.seq) {
      await applyRead(db, me, conversationId, to);
      await db.personal.put({ conversationId, what: "read", version: newId(), read: to, settings: null });
    }
    return set?.settings?.markedUnread ?? row.markedUnread;
  });
  if (marked) await setSwitches(conversationId, { markedUnread: false }, db);
}

export async function markUnread(conversationId: string, db: Store = theStore()): Promise<void> {
  await setSwitches(conversationId, { markedUnread: true }, db);
}

export async function markAllRead(db: Store = theStore()): Promise<void> {
  const rows = await db.conversations.filter((row) => !row.left && (row.markedUnread || row.head.count > row.read.count)).toArray();
  for (const row of rows) await markRead(row.id, undefined, db);
}

// Drafts

/** Keeps what is in the box; an empty one without a reply is taken out. Call it 250 ms after input and on `pagehide`. */
export async function saveDraft(
  conversationId: string,
  { text, replyTo, editing }: { text: string; replyTo?: ReplyTo | null; editing?: string | null },
  db: Store = theStore(),
): Promise<void> {
  if (text.trim() === "" && !replyTo) await db.drafts.delete(conversationId);
  else
    await db.drafts.put({ conversationId, text, replyTo: replyTo ?? null, editing: editing ?? null, updatedAt: new Date().toISOString() });
}

// Conversations

/** Mute, pin, archive, hide (until the next message), mark as unread. */
export async function setSwitches(conversationId: string, change: Partial<Switches>, db: Store = theStore()): Promise<void> {
  await db.transaction("rw", db.personal, async () => {
    const before = await db.personal.get([conversationId, "settings"]);
    const settings = { ...before?.settings, ...change };
    await db.personal.put({ conversationId, what: "settings", version: newId(), read: null, settings });
  });
}

/** Opens the conversation with a person, made if there is none. Answers its id; it is in the store then. */
export async function openDirect(userId: string, db: Store = theStore()): Promise<string> {
  return open(db, { kind: "direct", userId });
}

/** `id` makes a repeated call the same group: make it once per form with `newId()` of `lib/ids`. */
export async function createGroup(
  { id, title, memberIds, retention }: { id: string; title: string; memberIds: string[]; retention?: Retention },
  db: Store = theStore(),
): Promise<string> {
  return open(db, { kind: "group", id, title, memberIds, ...(retention ? { retention } : {}) });
}

export async function rename(conversationId: string, title: string, db: Store = theStore()): Promise<void> {
  await call(db, "patch", "/api/v1/conversations/{id}", { path: { id: conversationId }, body: { title }, idempotencyKey: newId() });
}

export async function setRetention(conversationId: string, retention: Retention, db: Store = theStore()): Promise<void> {
  await call(db, "patch", "/api/v1/conversations/{id}", { path: { id: conversationId }, body: { retention }, idempotencyKey: newId() });
}

export async function addMembers(conversationId: string, userIds: readonly string[], db: Store = theStore()): Promise<void> {
  const body = { userIds: [...userIds] };
  await call(db, "post", "/api/v1/conversations/{id}/members", { path: { id: conversationId }, body, idempotencyKey: newId() });
}

export async function removeMember(conversationId: string, userId: string, db: Store = theStore()): Promise<void> {
  const path = { id: conversationId, userId };
  await call(db, "delete", "/api/v1/conversations/{id}/members/{userId}", { path, idempotencyKey: newId() });
}

export async function setRole(conversationId: string, userId: string, role: Role, db: Store = theStore()): Promise<void> {
  const path = { id: conversationId, userId };
  await call(db, "patch", "/api/v1/conversations/{id}/members/{userId}", { path, body: { role }, idempotencyKey: newId() });
}

export async function leave(conversationId: string, db: Store = theStore()): Promise<void> {
  await call(db, "post", "/api/v1/conversations/{id}/leave", { path: { id: conversationId }, idempotencyKey: newId() });
  await leaveConversation(db, await whose(db), conversationId);
}

/** For everyone; owners only. */
export async function deleteConversation(conversationId: string, db: Store = theStore()): Promise<void> {
  await call(db, "delete", "/api/v1/conversations/{id}", { path: { id: conversationId }, idempotencyKey: newId() });
  await leaveConversation(db, await whose(db), conversationId);
}

/** A page of the members of a large group, with their profiles. */
export async function loadMembers(
  conversationId: string,
  cursor: string | null,
  db: Store = theStore(),
): Promise<{ members: { person: PersonView; role: Role; joinedAt: string }[]; nextCursor: string | null }> {
  const query = { limit: 100, ...(cursor ? { cursor } : {}) };
  const page = await call(db, "get", "/api/v1/conversations/{id}/members", { path: { id: conversationId }, query });
  const { data, nextCursor } = page as unknown as { data: components["schemas"]["MemberView"][]; nextCursor: string | null };
  const members = data.map(({ user, role, joinedAt }) => ({ person: personView(personRow(user, 0)), role, joinedAt }));
  return { members, nextCursor };
}

// People

/** By name, username (two letters at least) or exact address. */
export async function findPeople(query: string, db: Store = theStore()): Promise<PersonView[]> {
  const { data } = await call(db, "get", "/api/v1/users", { query: { q: query, limit: 30 } });
  return data.map((user) => personView(personRow(user, 0)));
}

/** Fetches a profile unless that was done within the hour. Does nothing without a connection. */
export async function refreshPerson(userId: string, db: Store = theStore()): Promise<void> {
  const known = await db.people.get(userId);
  if (known && Date.now() - known.fetchedAt < freshFor) return;
  try {
    const user = await call(db, "get", "/api/v1/users/{id}", { path: { id: userId } });
    await db.people.put(personRow(user, Date.now()));
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
  }
}

/** Null clears. */
export async function saveProfile(
  change: { name?: string | null; username?: string | null; bio?: string | null },
  db: Store = theStore(),
): Promise<void> {
  const user = await call(db, "patch", "/api/v1/users/me", { body: change });
  await keepProfile(db, user);
}

/** Fetches one's own profile: another device may have changed it. */
export async function refreshProfile(db: Store = theStore()): Promise<void> {
  await keepProfile(db, await call(db, "get", "/api/v1/users/me"));
}

/** Keep out, or let in again. The server may not have contacts yet (`NOT_FOUND`). */
export async function setBlocked(userId: string, blocked: boolean, db: Store = theStore()): Promise<void> {
  const path = `/api/v1/contacts/${encodeURIComponent(userId)}/block`;
  await request({ method: blocked ? "PUT" : "DELETE", path, token: await accessToken(db) });
}

// Account

export async function loadSettings(db: Store = theStore()): Promise<Settings> {
  const settings = await call(db, "get", "/api/v1/users/me/settings");
  await writeMeta(db, "settings", settings);
  return settings;
}

export async function saveSettings(change: Partial<Settings>, db: Store = theStore()): Promise<void> {
  const body = change as components["schemas"]["PreferencesPatch"];
  await writeMeta(db, "settings", await call(db, "patch", "/api/v1/users/me/settings", { body }));
}

export async function loadDevices(db: Store = theStore()): Promise<DeviceView[]> {
  const account = await readMeta(db, "account");
  const { data } = await call(db, "get", "/api/v1/devices");
  return data.map((device) => ({ ...device, current: device.id === account?.deviceId }));
}

/** It is logged out, and nothing waits for it any more. */
export async function forgetDevice(id: string, db: Store = theStore()): Promise<void> {
  await call(db, "delete", "/api/v1/devices/{id}", { path: { id } });
}

export async function loadSessions(db: Store = theStore()): Promise<SessionView[]> {
  return (await call(db, "get", "/api/v1/auth/sessions")).data;
}

export async function endSession(id: string, db: Store = theStore()): Promise<void> {
  await call(db, "delete", "/api/v1/auth/sessions/{id}", { path: { id } });
}

// Searches and storage

/** Puts it first in the list of the last 15. */
export async function rememberSearch(query: string, db: Store = theStore()): Promise<void> {
  const asked = query.trim();
  if (asked === "") return;
  await db.transaction("rw", db.searches, async () => {
    await db.searches.where("query").equals(asked).delete();
    await db.searches.add({ query: asked });
    const older = await db.searches.reverse().offset(searchesKept).primaryKeys();
    await db.searches.bulkDelete(older);
  });
}

export async function forgetSearches(db: Store = theStore()): Promise<void> {
  await db.searches.clear();
}

/** What the browser promises about this storage. Null: it does not say. */
export async function storageState(): Promise<{ persisted: boolean | null; usedBytes: number | null; quotaBytes: number | null }> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  const persisted = (await storage?.persisted?.().catch(() => null)) ?? null;
  const estimate = await storage?.estimate?.().catch(() => null);
  return { persisted, usedBytes: estimate?.usage ?? null, quotaBytes: estimate?.quota ?? null };
}

/** Asks the browser to keep it; whether it will. Best within a click. */
export async function askToPersist(): Promise<boolean> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  return (await storage?.persist?.().catch(() => false)) ?? false;
}

async function post(db: Store, letter: Pick<OutboxRow, "id" | "conversationId" | "event" | "messageId" | "body">): Promise<void> {
  await db.outbox.add({ ...letter, createdAt: new Date().toISOString(), state: "waiting", failure: null });
}

function sendBody(id: string, conversationId: string, message: NewMessage): Record<string, unknown> {
  const { text, formatting, replyTo, forwardedFrom, mentions } = message;
  return {
    id,
    conversationId,
    text,
    formatting: formatting ?? [],
    mentions: mentions ?? [],
    ...(replyTo ? { replyTo: { ...replyTo, excerpt: [...replyTo.excerpt].slice(0, excerptChars).join("") } } : {}),
    ...(forwardedFrom ? { forwardedFrom } : {}),
  };
}

/** What the server takes of a quoted message. */
const excerptChars = 300;

async function remove(db: Store, conversationId: string, messageId: string, whom: "me" | "everyone"): Promise<void> {
  const id = newId();
  await post(db, { id, conversationId, event: "message:delete", messageId, body: { id, conversationId, messageId, for: whom } });
}

async function open(db: Store, body: components["schemas"]["OpenRequest"]): Promise<string> {
  const { conversation } = await call(db, "post", "/api/v1/conversations", { body });
  await meet(db, await whose(db), conversation);
  return conversation.id;
}

async function whose(db: Store): Promise<Who> {
  const account = await readMeta(db, "account");
  if (!account) throw new ActionError("UNAUTHORIZED", "nobody is logged in");
  return account;
}

async function keepProfile(db: Store, user: components["schemas"]["UserView"]): Promise<void> {
  await db.transaction("rw", db.meta, db.people, async () => {
    const account = await readMeta(db, "account");
    if (account?.userId !== user.id) return;
    const row = personRow(user, Date.now());
    await db.people.put(row);
    await writeMeta(db, "account", { ...account, name: row.name, username: row.username, bio: row.bio, avatarUrl: row.avatarUrl });
  });
}

/** The last entry that is here, with its count. */
async function lastStored(db: Store, { id, head, whole, read }: ConversationRow): Promise<Position> {
  if (head.seq <= whole) return head;
  const rows = db.messages.where("[conversationId+order]").between([id, -Infinity], [id, Infinity]);
  const last = await rows
    .reverse()
    .filter((row) => row.seq !== null)
    .first();
  return last?.seq ? { seq: last.seq, count: last.count } : read;
}
