/** What only this browser knows: searches, and the storage itself. */
import type { Store } from "../db";
import { theStore } from "../db";

/** Searches that are kept. */
const searchesKept = 15;

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
