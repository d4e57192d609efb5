import { afterEach } from "vitest";
import { Store, writeMeta } from "@/store/db";
import { at, me } from "./log";

let number = 0;
const opened: Store[] = [];

/** An empty store of a person who is logged in. Closed and thrown away after the test. */
export async function freshStore(who = me): Promise<Store> {
  number += 1;
  const db = new Store(`test-${process.pid}-${number}`);
  opened.push(db);
  const profile = { name: null, username: null, bio: null, avatarUrl: null, createdAt: at(0) };
  await writeMeta(db, "account", { ...who, deviceToken: null, ...profile });
  return db;
}

afterEach(async () => {
  for (const db of opened.splice(0)) await db.delete();
});
