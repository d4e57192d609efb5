/**
 * What people are to one another: the server decides, this device keeps what it last heard. Changes on other devices, and what
 * others ask, come with the next `refreshContacts`: nothing tells of them as they happen.
 */
import { newId } from "@/lib/ids";
import { call } from "@/net/api";
import type { components } from "@/net/api.d";
import { withLock } from "@/net/locks";
import type { ContactRow, Store } from "../db";
import { readMeta, theStore } from "../db";
import { personRow } from "../meet";

type Told = components["schemas"]["ContactView"];
type ListPath = "/api/v1/contacts" | "/api/v1/contacts/pending" | "/api/v1/contacts/blocked";

/** One after the other over all tabs, so that a list that was read before a change is not stored after it. */
const lock = "restante-contacts";
const pageSize = 200;

/** Fetches contacts, requests and blocks anew. */
export async function refreshContacts(db: Store = theStore()): Promise<void> {
  await withLock(lock, async () => {
    const before = await readMeta(db, "account");
    const lists = await Promise.all([
      wholeList(db, "/api/v1/contacts"),
      wholeList(db, "/api/v1/contacts/pending"),
      wholeList(db, "/api/v1/contacts/blocked"),
    ]);
    const all = lists.flat();
    await db.transaction("rw", db.meta, db.contacts, db.people, async () => {
      if (!(await isStill(db, before?.userId))) return;
      await db.contacts.clear();
      await db.contacts.bulkPut(all.flatMap(rowOf));
      await db.people.bulkPut(all.map(({ user }) => personRow(user, Date.now())));
    });
  });
}

/** Asks somebody to become a contact; accepts if they have asked. */
export async function askContact(userId: string, db: Store = theStore()): Promise<void> {
  const idempotencyKey = newId();
  await change(db, userId, async () => (await call(db, "post", "/api/v1/contacts", { body: { userId }, idempotencyKey })).contact);
}

export async function acceptContact(userId: string, db: Store = theStore()): Promise<void> {
  await change(db, userId, async () => (await call(db, "put", "/api/v1/contacts/{userId}/accept", { path: { userId } })).contact);
}

/** Ends a contact, takes a request back, or declines one. */
export async function removeContact(userId: string, db: Store = theStore()): Promise<void> {
  await change(db, userId, async () => {
    await call(db, "delete", "/api/v1/contacts/{userId}", { path: { userId } });
    return null;
  });
}

/** Keeps somebody out, or lets them in again; they are not told. After a block the two are strangers. */
export async function setBlocked(userId: string, blocked: boolean, db: Store = theStore()): Promise<void> {
  await change(db, userId, async () => {
    if (blocked) return (await call(db, "put", "/api/v1/contacts/{userId}/block", { path: { userId } })).contact;
    await call(db, "delete", "/api/v1/contacts/{userId}/block", { path: { userId } });
    return null;
  });
}

async function change(db: Store, userId: string, ask: () => Promise<Told | null>): Promise<void> {
  await withLock(lock, async () => {
    const before = await readMeta(db, "account");
    const told = await ask();
    await db.transaction("rw", db.meta, db.contacts, async () => {
      if (!(await isStill(db, before?.userId))) return;
      const [row] = told ? rowOf(told) : [];
      if (row) await db.contacts.put(row);
      else await db.contacts.delete(userId);
    });
  });
}

/** Somebody may have logged out, or in, while the server was asked. */
async function isStill(db: Store, userId: string | undefined): Promise<boolean> {
  return userId !== undefined && (await readMeta(db, "account"))?.userId === userId;
}

async function wholeList(db: Store, path: ListPath): Promise<Told[]> {
  const all: Told[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: pageSize, ...(cursor ? { cursor } : {}) };
    const page: components["schemas"]["ContactPage"] = await call(db, "get", path, { query });
    all.push(...page.data);
    cursor = page.nextCursor ?? null;
  } while (cursor);
  return all;
}

function rowOf({ user, state, since }: Told): ContactRow[] {
  return state === "none" ? [] : [{ userId: user.id, state, since }];
}
