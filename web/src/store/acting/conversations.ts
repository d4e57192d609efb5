/** What a person does with conversations. Switches work without a connection, the rest asks the server. */
import { ActionError } from "@/lib/errors";
import { newId } from "@/lib/ids";
import { call } from "@/net/api";
import type { components } from "@/net/api.d";
import type { Retention, Role, Store, Switches } from "../db";
import { readMeta, theStore } from "../db";
import { leaveConversation, meet, type Who } from "../ingest";
import { personRow } from "../meet";
import { personView } from "../people";
import type { PersonView } from "../views";

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
