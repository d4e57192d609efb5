import { describe, expect, it } from "vitest";
import { ActionError } from "@/lib/errors";
import { markRead, sendMessage, setSwitches } from "@/store/actions";
import { readMeta, writeMeta } from "@/store/db";
import { conversationById, messageSlice } from "@/store/queries";
import { quickDevice, soon } from "@/testing/devices";
import { me } from "@/testing/log";
import { seeded } from "@/testing/random";
import { freshStore } from "@/testing/stores";
import { connectTo, type Line } from "@/testing/weather";
import { World } from "@/testing/world";
import { Refused } from "./wire";

const calm = { lost: 0, doubled: 0, late: 0, cuts: 0, calm: true };

async function connected(change: Parameters<typeof quickDevice>[2] = {}) {
  const world = new World(
    seeded(1),
    [
      { userId: "me", devices: ["device"] },
      { userId: "ann", devices: ["phone"] },
    ],
    async () => null,
    0,
  );
  world.add("c", "group", ["me", "ann"]);
  const lines = new Set<Line>();
  const db = await freshStore();
  const connect = connectTo(world, me, seeded(2), calm, lines);
  const list = async function* () {
    yield world.all("me");
  };
  const quick = quickDevice(db, connect, { list, ...change });
  const running = quick.device.run();
  const close = async () => {
    quick.device.close();
    await running;
  };
  const cut = () => {
    for (const line of [...lines]) line.cut();
  };
  const say = (text: string) => world.append(world.log("c"), "ann", `ann-${text}`, "message", { kind: "text", text, mentions: [] });
  const texts = async () => (await messageSlice("c", { around: { at: "end" }, before: 99, after: 0 }, db)).messages.map((one) => one.text);
  return { ...quick, world, db, lines, cut, close, say, texts, connect };
}

describe("a device", () => {
  it("learns of conversations in which nothing waits for it", async () => {
    const { db, phases, close } = await connected();
    await soon(() => expect(phases.at(-1)).toBe("online"));
    expect(await conversationById("c", db)).toMatchObject({ title: "Group c" });
    expect(await readMeta(db, "synced")).toBe(true);
    await close();
  });

  it("sends at once what is written while it is connected, and what is written while it is not, afterwards", async () => {
    const { db, phases, world, close, cut, texts } = await connected();
    await soon(() => expect(phases.at(-1)).toBe("online"));
    await sendMessage("c", { text: "one" }, db);
    await soon(() => expect(world.log("c").entries.length).toBe(1));
    cut();
    for (const text of ["two", "three", "four"]) await sendMessage("c", { text }, db);
    await soon(() => expect(world.log("c").entries.map((entry) => entry.data?.text)).toEqual(["one", "two", "three", "four"]));
    await soon(async () => expect(await db.outbox.count()).toBe(0));
    expect(await texts()).toEqual(["one", "two", "three", "four"]);
    expect(phases.filter((phase) => phase === "online").length).toBe(2);
    await close();
  });

  it("tells of what comes live, and not of what it catches up with", async () => {
    const { arrived, say, phases, close, texts } = await connected();
    say("before");
    await soon(() => expect(phases.at(-1)).toBe("online"));
    say("live");
    await soon(async () => expect(await texts()).toEqual(["before", "live"]));
    expect(arrived).toEqual([{ conversationId: "c", messageId: "ann-live" }]);
    await close();
  });

  it("shows what is refused for good, and goes on with the next", async () => {
    const { db, world, close } = await connected();
    const bad = await sendMessage("c", { text: "" }, db);
    await sendMessage("c", { text: "good" }, db);
    await soon(() => expect(world.log("c").entries.length).toBe(1));
    await soon(async () =>
      expect(await db.outbox.toArray()).toMatchObject([{ id: bad, state: "failed", failure: { code: "VALIDATION_ERROR" } }]),
    );
    await close();
  });

  it("tells what was read and set, and keeps it until it is taken", async () => {
    const set: unknown[] = [];
    let refuse = 2;
    const { db, say, world, close, texts } = await connected({
      set: async (id, change) => {
        refuse -= 1;
        if (refuse >= 0) throw new ActionError("SERVICE_UNAVAILABLE", "later");
        set.push([id, change]);
      },
    });
    say("hello");
    await soon(async () => expect(await texts()).toEqual(["hello"]));
    await markRead("c", undefined, db);
    await setSwitches("c", { muted: true }, db);
    await setSwitches("c", { pinned: true }, db);
    await soon(async () => expect(await db.personal.count()).toBe(0));
    expect(world.log("c").reads.get("me")).toEqual({ seq: 1, count: 1 });
    expect(set.at(-1)).toEqual(["c", { muted: true, pinned: true }]);
    expect(await conversationById("c", db)).toMatchObject({ muted: true, pinned: true, unread: 0 });
    await close();
  });

  it("acknowledges nothing that could not be stored", async () => {
    const { db, say, world, close, texts, phases, troubles } = await connected();
    await soon(() => expect(phases.at(-1)).toBe("online"));
    let full = true;
    db.messages.hook("creating", () => {
      if (full) throw new DOMException("no room", "QuotaExceededError");
    });
    say("one");
    await soon(() => expect(troubles).toContain("full"));
    expect(world.log("c").cursors.get("device")).toBe(0);
    full = false;
    await soon(() => expect(world.log("c").cursors.get("device")).toBe(1));
    expect(await texts()).toEqual(["one"]);
    await close();
  });

  it("asks to log in again when its session is over, and goes on when somebody has", async () => {
    const db = await freshStore();
    let over = true;
    const { device, phases } = quickDevice(
      db,
      async () => {
        throw new Refused("UNAUTHORIZED");
      },
      {
        token: async (not) => {
          if (over && not) throw new ActionError("UNAUTHORIZED", "over");
          return not ? "new" : "old";
        },
      },
    );
    const running = device.run();
    await soon(() => expect(phases.at(-1)).toBe("expired"));
    over = false;
    const before = phases.length;
    await writeMeta(db, "tokens", { access: "x", refresh: "y", expiresAt: 0 });
    await soon(() => expect(phases.slice(before)).toContain("connecting"));
    device.close();
    await running;
  });

  it("stops when everything is wiped", async () => {
    const { db, phases, close, say } = await connected();
    await soon(() => expect(phases.at(-1)).toBe("online"));
    await db.transaction("rw", db.tables, () => Promise.all(db.tables.map((table) => table.clear())));
    say("too late");
    await soon(() => expect(phases.at(-1)).toBe("signed-out"));
    expect(await db.messages.count()).toBe(0);
    await close();
  });
});
