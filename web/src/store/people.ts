import type { PersonRow, Store } from "./db";
import type { PersonView } from "./views";

export const nobody = (id: string): PersonView => ({ id, name: null, username: null, bio: null, avatarUrl: null });

export const personView = ({ id, name, username, bio, avatarUrl }: PersonRow): PersonView => ({ id, name, username, bio, avatarUrl });

/** Those of whom nothing is known yet have an id alone. */
export async function peopleOf(db: Store, ids: readonly string[]): Promise<Map<string, PersonView>> {
  const unique = [...new Set(ids)];
  const rows = await db.people.bulkGet(unique);
  return new Map(unique.map((id, at) => [id, rows[at] ? personView(rows[at]) : nobody(id)]));
}
