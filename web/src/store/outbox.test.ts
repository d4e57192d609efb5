import { describe, expect, it, vi } from "vitest";
import { freshStore } from "@/testing/stores";
import { removeForMe, saveDraft, sendMessage, takeBackFor, takeBackRemoval } from "./actions";
import { due, heldFor } from "./outbox";

const none = new Set<string>();

describe("what can be taken back", () => {
  it("is held for a while, and holds up nothing else of its conversation", async () => {
    const db = await freshStore();
    const removal = await removeForMe("c", "m1", db);
    const sent = await sendMessage("c", { text: "meanwhile" }, db);
    const waiting = await db.outbox.orderBy("n").toArray();
    const now = Date.now();
    expect(due(waiting, none, none, 8, now).map((letter) => letter.id)).toEqual([sent]);
    expect(due(waiting, none, none, 8, now + takeBackFor + 1_000).map((letter) => letter.id)).toEqual([removal]);
    expect(due(waiting, new Set(["c"]), none, 8, now + takeBackFor + 1_000)).toEqual([]);
  });

  it("is taken back once, in time, and not later", async () => {
    const db = await freshStore();
    const [first, second] = [await removeForMe("c", "m1", db), await removeForMe("c", "m2", db)];
    expect(await takeBackRemoval(first, db)).toBe(true);
    expect(await takeBackRemoval(first, db)).toBe(false);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + takeBackFor + 1_000);
    expect(await takeBackRemoval(second, db)).toBe(false);
    vi.restoreAllMocks();
    expect((await db.outbox.toArray()).map((letter) => letter.id)).toEqual([second]);
  });

  it("is not held for longer because a clock was set back", async () => {
    const db = await freshStore();
    await removeForMe("c", "m1", db);
    const [letter] = await db.outbox.toArray();
    if (!letter) throw new Error("no letter");
    expect(heldFor(letter, Date.now() - 86_400_000)).toBeLessThan(takeBackFor + 1_000);
    expect(heldFor(letter, Date.now() + 86_400_000)).toBe(0);
  });
});

describe("what is written into the store", () => {
  it("is asked for whole, and with its commit, before the page can be gone", async () => {
    const db = await freshStore();
    await saveDraft("c", { text: "hel" }, db);
    const [add, remove, commit] = [
      vi.spyOn(IDBObjectStore.prototype, "add"),
      vi.spyOn(IDBObjectStore.prototype, "delete"),
      vi.spyOn(IDBTransaction.prototype, "commit"),
    ];
    const sent = sendMessage("c", { text: "hello" }, db);
    // The store answers in later tasks only; a page that is left has none.
    for (let turn = 0; turn < 100; turn += 1) await null;
    expect([add, remove, commit].map((asked) => asked.mock.calls.length)).toEqual([1, 1, 1]);
    expect(commit.mock.contexts[0]).toBe((add.mock.contexts[0] as IDBObjectStore).transaction);
    vi.restoreAllMocks();
    const id = await sent;
    expect([(await db.outbox.toArray()).map((letter) => letter.id), await db.drafts.count()]).toEqual([[id], 0]);
  });
});
