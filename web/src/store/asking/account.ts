/** What the server said of the account and of itself. */
import { type ClientConfig, readMeta, type Settings, type Store, theStore } from "../db";

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
