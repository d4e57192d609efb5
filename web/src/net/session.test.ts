// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { theStore, writeMeta } from "@/store/db";
import { soon } from "@/testing/devices";
import { at, me } from "@/testing/log";
import { connection, startSession } from "./session";

let stop = () => {};
/** The tab's work is fetched after the store: here it comes when a test says so. */
const page = vi.hoisted(() => ({ comes: () => {}, made: 0 }));
vi.mock("./page", async () => {
  await new Promise<void>((resolve) => {
    page.comes = resolve;
  });
  class Page {
    connection = { phase: "starting", since: 0, leads: false, trouble: null, lost: false };
    look() {}
    start() {
      page.made += 1;
    }
    close() {}
  }
  return { Page };
});

beforeEach(async () => {
  const db = theStore();
  await db.transaction("rw", db.tables, () => Promise.all(db.tables.map((table) => table.clear())));
});
afterEach(() => stop());

const profile = { name: null, username: null, bio: null, avatarUrl: null, createdAt: at(0), deviceToken: null };

describe("a session", () => {
  it("lets in who is logged in before anything but the store has come, and goes on from there", async () => {
    await writeMeta(theStore(), "account", { ...me, ...profile });
    await writeMeta(theStore(), "tokens", { access: "a", refresh: "r", expiresAt: 0 });
    const heard = vi.fn();
    const unsubscribe = connection.subscribe(heard);
    stop = startSession();
    expect(connection.get().phase).toBe("starting");
    await soon(() => expect(connection.get().phase).toBe("connecting"));
    expect([heard.mock.calls.length, page.made]).toEqual([1, 0]);
    page.comes();
    await soon(() => expect(page.made).toBe(1));
    expect(connection.get().phase).toBe("connecting");
    unsubscribe();
  });

  it("lets nobody in who is not, or has to log in again", async () => {
    await writeMeta(theStore(), "account", { ...me, ...profile });
    stop = startSession();
    await soon(() => expect(page.made).toBe(2));
    expect(connection.get().phase).toBe("starting");
  });
});
