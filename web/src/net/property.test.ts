/** Whatever the network, the browser and the server's backups do: nothing lost, nothing twice, nothing in another order. */
import { describe, expect, it } from "vitest";
import { editMessage, markRead, react, removeForEveryone, removeForMe, sendMessage } from "@/store/actions";
import { Store, type MessageRow } from "@/store/db";
import { reacted } from "@/store/entry";
import { messageSlice } from "@/store/queries";
import { seeded, type Random } from "@/testing/random";
import { freshStore } from "@/testing/stores";
import { connectTo, type Line, locksOfOneBrowser, pause, type Weather } from "@/testing/weather";
import { type Person, World } from "@/testing/world";
import { Device } from "./device";
import type { Cursor, Entry } from "./events";
import { Tabs } from "./tabs";

type Tab = { db: Store; tabs: Tabs };
type Browser = {
  sent: { group: string[]; pair: string[] };
  who: { userId: string; deviceId: string };
  db: Store;
  tabs: Tab[];
  locks: LockManager | undefined;
};
type Told = ReturnType<World["log"]>;

const seeds = Number(process.env.SEEDS ?? 12);
const firstSeed = Number(process.env.SEED ?? 1);

describe("a browser in bad weather", () => {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    it(`seed ${seed}`, { timeout: 60_000 }, () => story(seed));
  }
});

async function story(seed: number): Promise<void> {
  const random = seeded(seed);
  const people: Person[] = ["me", "ann", "bob"].map((userId, at) => ({ userId, devices: at === 0 ? ["me-1", "me-2"] : [`${userId}-1`] }));
  const stores = new Map<string, Store>();
  const world = new World(random, people, (device, log, cursor) => lacking(stores, world, device, log, cursor), random.below(15));
  world.add("group", "group", ["me", "ann", "bob"]);
  world.add("pair", "group", ["me", "ann"]);
  const weather: Weather = {
    lost: random.below(15),
    doubled: random.below(20),
    late: random.below(30),
    cuts: random.below(25),
    calm: false,
  };
  const lines = new Set<Line>();
  const browsers: Browser[] = [];
  for (const { userId, devices } of people) {
    for (const deviceId of devices) {
      const who = { userId, deviceId };
      const db = await freshStore(who);
      stores.set(deviceId, db);
      const browser: Browser = {
        sent: { group: [], pair: [] },
        who,
        db,
        tabs: [],
        locks: random.oneIn(4) ? undefined : locksOfOneBrowser(),
      };
      browsers.push(browser);
      for (let tab = 0; tab <= random.below(2); tab += 1) openTab(browser, world, random, weather, lines);
    }
  }
  const restores = random.oneIn(3);
  for (let step = 0; step < 60; step += 1) await live(random, world, browsers, lines, weather, restores && step === 40);
  await settle(world, browsers, lines, weather);
  expect(world.wrong).toEqual([]);
  for (const browser of browsers) for (const id of ["group", "pair"] as const) await compare(world, browser, id);
  for (const browser of browsers) for (const { tabs } of browser.tabs) tabs.close();
  for (const line of [...lines]) line.cut();
  await pause(50);
  for (const browser of browsers) for (const { db } of browser.tabs) db.close();
}

function openTab(browser: Browser, world: World, random: Random, weather: Weather, lines: Set<Line>): void {
  const db = new Store(browser.db.name);
  // Now and then a write does not go through.
  db.messages.hook("creating", () => {
    if (!weather.calm && random.oneIn(60)) throw new Error("the disk is not in the mood");
  });
  const lead = async (over: AbortSignal) => {
    const device = new Device({
      db,
      connect: connectTo(world, browser.who, random, weather, lines),
      token: async () => "token",
      set: async () => {},
      async *list() {
        yield world.all(browser.who.userId);
      },
      random: Math.random,
      timing: { ackEvery: 5, firstWait: 4, longestWait: 30 },
      phase: () => {},
      trouble: () => {},
      arrived: () => {},
    });
    over.addEventListener("abort", () => device.close(), { once: true });
    if (over.aborted) device.close();
    await device.run();
  };
  const tabs = new Tabs(lead, browser.locks);
  browser.tabs.push({ db, tabs });
  tabs.start();
}

async function live(
  random: Random,
  world: World,
  browsers: Browser[],
  lines: Set<Line>,
  weather: Weather,
  restore: boolean,
): Promise<void> {
  if (restore) world.restore("group");
  const browser = random.pick(browsers);
  const db = random.pick(browser.tabs).db;
  const id = browser.who.userId === "bob" ? "group" : random.pick(["group", "pair"] as const);
  const { messages } = await messageSlice(id, { around: { at: "end" }, before: 20, after: 0 }, db);
  const any = messages.length > 0 ? random.pick(messages) : null;
  const own = messages.filter((message) => message.own && !message.deleted);
  const mine = own.length > 0 ? random.pick(own) : null;
  const what = random.below(20);
  if (what < 10) browser.sent[id].push(await sendMessage(id, { text: `${browser.who.deviceId} ${Math.floor(performance.now())}` }, db));
  else if (what < 11 && mine) await editMessage(id, mine.id, { text: `${mine.text}!` }, db);
  else if (what < 12 && mine) await removeForEveryone(id, mine.id, db);
  else if (what < 13 && any) await removeForMe(id, any.id, db);
  else if (what < 15 && any) await react(id, any.id, "👍", random.oneIn(2), db);
  else if (what < 16) await markRead(id, undefined, db);
  else if (what < 17) random.pick([...lines, { cut: () => {} }]).cut();
  else if (what < 18) swapTab(random, world, browser, weather, lines);
  await pause(random.below(6));
}

/** A tab is closed without a word, and another is opened. */
function swapTab(random: Random, world: World, browser: Browser, weather: Weather, lines: Set<Line>): void {
  const gone = browser.tabs.shift();
  for (const line of lines) if (line.deviceId === browser.who.deviceId) line.cut();
  gone?.tabs.close();
  setTimeout(() => gone?.db.close(), 200);
  openTab(browser, world, random, weather, lines);
}

/** The weather clears up; everybody connects once more, and then there is nothing left to do. */
async function settle(world: World, browsers: Browser[], lines: Set<Line>, weather: Weather): Promise<void> {
  weather.calm = true;
  let open = "";
  for (let round = 0; round < 300; round += 1) {
    if (round % 60 === 0) for (const line of [...lines]) line.cut();
    await pause(20);
    open = "";
    for (const { db, who } of browsers) {
      const unsent = await db.outbox.filter((row) => row.state === "waiting").count();
      if (unsent > 0) open += `${who.deviceId} has ${unsent} unsent; `;
      for (const log of world.logs.values()) {
        if (!log.members.includes(who.userId)) continue;
        const row = await db.conversations.get(log.id);
        const told = log.cursors.get(who.deviceId);
        if (row?.whole !== log.entries.length || told !== log.entries.length) {
          open += `${who.deviceId} is at ${row?.whole}/${told} of ${log.entries.length} in ${log.id}; `;
        }
      }
    }
    if (open === "" && round > 3) return;
  }
  throw new Error(`it does not settle: ${open}`);
}

/** What a device says it has stored and has not. */
async function lacking(stores: Map<string, Store>, world: World, device: string, log: Told, cursor: Cursor): Promise<string | null> {
  const db = stores.get(device) as Store;
  const due = log.entries.filter((entry) => entry.type === "message" && entry.seq <= cursor.seq);
  const [row, ids] = [
    await db.conversations.get(log.id),
    await db.messages.where("[conversationId+order]").between([log.id, -Infinity], [log.id, Infinity]).toArray(),
  ];
  if (row?.epoch === cursor.epoch && row.whole < cursor.seq) return `${device} acknowledged ${log.id} ${cursor.seq} and has ${row.whole}`;
  const there = new Set(ids.map((message) => message.id));
  const gone = cursor.epoch.endsWith("-e0") ? undefined : world.toldGone.get(`${device} ${cursor.epoch}`);
  const lost = due.filter((entry) => !there.has(entry.id) && !gone?.has(entry.seq));
  return lost.length > 0 ? `${device} acknowledged ${log.id} ${cursor.seq} without ${lost.map((entry) => entry.seq).join()}` : null;
}

type Shown = { id: string; text: string; deleted: boolean; reactions: MessageRow["reactions"] };

/** As everybody should see the log in the end. */
function truth(entries: readonly Entry[]): Shown[] {
  const shown = new Map<string, Shown>();
  for (const { type, id, senderId, data } of entries) {
    const { messageId, text, emoji, op } = data as { messageId: string; text: string; emoji: string; op: string };
    if (type === "message") shown.set(id, { id, text, deleted: false, reactions: [] });
    const target = shown.get(messageId);
    if (!target || target.deleted) continue;
    if (type === "edit") target.text = text;
    if (type === "delete") Object.assign(target, { text: "", deleted: true, reactions: [] });
    if (type === "reaction") target.reactions = reacted(target.reactions, senderId, emoji, op === "add");
  }
  return [...shown.values()];
}

async function compare(world: World, { db, who, sent }: Browser, id: "group" | "pair"): Promise<void> {
  const log = world.log(id);
  if (!log.members.includes(who.userId)) return;
  const all = await db.messages.where("[conversationId+order]").between([id, -Infinity], [id, Infinity]).toArray();
  const placed = all.filter((row) => row.seq !== null && row.type === "message");
  expect(new Set(all.map((row) => row.id)).size).toBe(all.length);
  const restored = !log.epoch.endsWith("-e0");
  // What was forgotten before a restore may not come again; else nothing may be missing.
  const gone = restored ? (world.toldGone.get(`${who.deviceId} ${log.epoch}`) ?? new Set()) : new Set();
  const kept = new Set((restored ? all : placed).map((row) => row.id));
  const due = log.entries.filter((entry) => entry.type === "message" && !gone.has(entry.seq));
  expect(due.filter((entry) => !kept.has(entry.id)).map((entry) => entry.seq)).toEqual([]);
  expect(placed.map((row) => row.seq)).toEqual(placed.map((row) => row.seq).toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  for (const row of placed) expect(log.entries[(row.seq ?? 0) - 1]?.id).toBe(row.id);
  if (restored) return;
  // Once, and in the order of writing.
  expect(log.entries.map((entry) => entry.id).filter((one) => sent[id].includes(one))).toEqual(sent[id]);
  const hidden = new Set((await db.hidden.toArray()).map((row) => row.messageId));
  const seen = placed.filter((row) => !hidden.has(row.id)).map(({ id, text, deleted, reactions }) => ({ id, text, deleted, reactions }));
  expect(seen).toEqual(truth(log.entries).filter((one) => !hidden.has(one.id)));
}
