/** Finding and knowing people, oneself included. */
import { ActionError } from "@/lib/errors";
import { call } from "@/net/api";
import type { components } from "@/net/api.d";
import type { Store } from "../db";
import { readMeta, theStore, writeMeta } from "../db";
import { personRow } from "../meet";
import { personView } from "../people";
import type { PersonView } from "../views";

/** How long a profile counts as fresh, in milliseconds. */
const freshFor = 3_600_000;

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

async function keepProfile(db: Store, user: components["schemas"]["UserView"]): Promise<void> {
  await db.transaction("rw", db.meta, db.people, async () => {
    const account = await readMeta(db, "account");
    if (account?.userId !== user.id) return;
    const row = personRow(user, Date.now());
    await db.people.put(row);
    await writeMeta(db, "account", { ...account, name: row.name, username: row.username, bio: row.bio, avatarUrl: row.avatarUrl });
  });
}
