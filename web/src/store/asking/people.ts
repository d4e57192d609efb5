/** People: oneself, others, what they are to this person, and what they do just now. */
import { matches } from "@/lib/words";
import { type Account, type ContactRow, type PresenceRow, readMeta, type Store, theStore, type TypingRow } from "../db";
import { nobody, peopleOf, personView } from "../people";
import type { PersonView } from "../views";

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

/** All that this device knows. */
export async function everybody(db: Store = theStore()): Promise<Map<string, PersonView>> {
  return new Map((await db.people.toArray()).map((row) => [row.id, personView(row)]));
}

/** People of direct conversations, shared groups and contacts whose name or username has words that begin so; contacts first, without oneself. */
export async function knownPeople(query: string, limit: number, db: Store = theStore()): Promise<PersonView[]> {
  const account = await readMeta(db, "account");
  const all = await db.people
    .filter((row) => row.id !== account?.userId && (query.trim() === "" || matches(`${row.name ?? ""} ${row.username ?? ""}`, query)))
    .toArray();
  const states = await contactStates(db);
  const isContact = (row: { id: string }) => states.get(row.id) === "accepted";
  const named = all
    .filter((row) => row.name || row.username || isContact(row))
    .sort((a, b) => Number(isContact(b)) - Number(isContact(a)) || byName(a, b));
  return named.slice(0, limit).map(personView);
}

function byName(a: PersonView, b: PersonView): number {
  return (a.name ?? a.username ?? "").localeCompare(b.name ?? b.username ?? "");
}

/** What somebody is to this person; null: a stranger. */
export async function contactState(userId: string, db: Store = theStore()): Promise<ContactRow["state"] | null> {
  return (await db.contacts.get(userId))?.state ?? null;
}

/** Everybody who is something to this person. */
export async function contactStates(db: Store = theStore()): Promise<Map<string, ContactRow["state"]>> {
  return new Map((await db.contacts.toArray()).map((row) => [row.userId, row.state]));
}

/** Those who are that, by name. */
export async function contactsWho(state: ContactRow["state"], db: Store = theStore()): Promise<PersonView[]> {
  const rows = await db.contacts.where("state").equals(state).toArray();
  const known = await peopleOf(
    db,
    rows.map((row) => row.userId),
  );
  return [...known.values()].sort(byName);
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

/** Those of whom nothing is known (the server does not say, or they do not permit it) are not in it. */
export async function presence(userIds: readonly string[], db: Store = theStore()): Promise<Map<string, PresenceRow>> {
  const rows = await db.presence.bulkGet([...userIds]);
  return new Map(rows.flatMap((row) => (row ? [[row.userId, row]] : [])));
}

async function typingNow(db: Store, now: number): Promise<TypingRow[]> {
  const account = await readMeta(db, "account");
  return db.typing.filter((row) => row.until > now && row.userId !== account?.userId).toArray();
}

function earliest(rows: TypingRow[]): number | null {
  return rows.length === 0 ? null : Math.min(...rows.map((row) => row.until));
}
