/** One tab: leads or follows, and shows in either case how the connection stands. */
import { newId } from "@/lib/ids";
import { hasTrace, leaveTrace, wipeTrace } from "@/lib/trace";
import { loadSettings, refreshContacts, refreshPerson, refreshProfile } from "@/store/actions";
import { type Account, type ClientConfig, readMeta, type Store, writeMeta } from "@/store/db";
import type { Arrived } from "@/store/ingest";
import { call } from "./api";
import { Attention, type Look } from "./attention";
import { Device, type Phase } from "./device";
import type { ClientEvent, ClientEvents, ConversationView } from "./events";
import { request } from "./http";
import type { Connection } from "./session";
import { connectSocket } from "./socket";
import { beatEvery, Tabs } from "./tabs";
import { accessToken } from "./token";
import type { Connect } from "./wire";

/** Without an answer from the store by then something is wrong with it, in milliseconds. */
const storePatience = 5_000;
/** What nothing tells of is looked at again when the person comes back, not more often than this; in milliseconds. */
const lookEvery = 60_000;
/** How often others are told that one types, in milliseconds. */
const typingEvery = 3_000;

type Between =
  | { kind: "state"; state: Pick<Connection, "phase" | "since" | "trouble" | "lost"> }
  | { kind: "hello" | "hurry" | "accept" }
  | { kind: "say"; event: ClientEvent; payload: unknown }
  | { kind: "look"; tab: string; look: Look | null };

export class Page {
  connection: Connection = { phase: "starting", since: Date.now(), leads: false, trouble: null, lost: false };
  private readonly channel: BroadcastChannel;
  private readonly tab = newId();
  private readonly tabs: Tabs;
  private readonly undo = new AbortController();
  private device: Device | null = null;
  private attention: Attention | null = null;
  private looking: Look = { shows: null, watches: [] };
  private readonly typed = new Map<string, number>();
  private looked = performance.now();
  private listeners: Iterable<(arrival: Arrived[number]) => void> = [];

  constructor(
    private readonly db: Store,
    private readonly changed: () => void,
    private readonly connect: Connect = connectSocket,
    locks: LockManager | undefined = globalThis.navigator?.locks,
  ) {
    // Tabs of one store, and no others, hear each other.
    this.channel = new BroadcastChannel(`restante:${db.name}`);
    this.tabs = new Tabs((over) => this.lead(over), locks);
  }

  start(listeners: Iterable<(arrival: Arrived[number]) => void>): void {
    this.listeners = listeners;
    this.channel.onmessage = ({ data }: MessageEvent<Between>) => this.hear(data);
    this.guardStore();
    this.tabs.start();
    this.channel.postMessage({ kind: "hello" } satisfies Between);
    const { signal } = this.undo;
    globalThis.addEventListener?.("online", () => this.hurry(), { signal });
    globalThis.addEventListener?.("pagehide", () => this.post({ kind: "look", tab: this.tab, look: null }), { signal });
    globalThis.document?.addEventListener("visibilitychange", () => this.seen(), { signal });
  }

  close(): void {
    this.post({ kind: "look", tab: this.tab, look: null });
    this.undo.abort();
    this.tabs.close();
    this.channel.close();
  }

  acceptLoss(): void {
    wipeTrace();
    this.post({ kind: "accept" });
  }

  hurry(): void {
    this.post({ kind: "hurry" });
  }

  typing(conversationId: string, on: boolean): void {
    const last = this.typed.get(conversationId) ?? Number.NEGATIVE_INFINITY;
    if (on && performance.now() - last < typingEvery) return;
    if (!on && !this.typed.has(conversationId)) return;
    if (on) this.typed.set(conversationId, performance.now());
    else this.typed.delete(conversationId);
    this.post({ kind: "say", event: on ? "typing:start" : "typing:stop", payload: { conversationId } });
  }

  look(change: Partial<Look>): void {
    this.looking = { ...this.looking, ...change };
    this.post({ kind: "look", tab: this.tab, look: this.looking });
  }

  /** To the leading tab, whichever that is. */
  private post(message: Between): void {
    if (this.device) this.hear(message);
    else if (!this.undo.signal.aborted) this.channel.postMessage(message);
  }

  private seen(): void {
    if (document.visibilityState !== "visible") return;
    this.tabs.seen();
    if (this.connection.phase !== "online" || performance.now() - this.looked < lookEvery) return;
    this.looked = performance.now();
    void refreshContacts(this.db).catch(() => {});
  }

  private hear(message: Between) {
    if (message.kind === "state") {
      if (this.device) return;
      this.tabs.beat();
      return this.show({ ...message.state, leads: false });
    }
    if (message.kind === "hello") {
      // A new leading tab asks as well: it has to know what the others look at.
      if (this.device) this.tell();
      return this.look({});
    }
    if (!this.device) return;
    if (message.kind === "hurry") this.device.hurry();
    else if (message.kind === "accept") this.show({ lost: false });
    else if (message.kind === "say") this.device.say(message.event, message.payload as ClientEvents[ClientEvent][0]);
    else if (message.kind === "look") this.attention?.of(message.tab, message.look);
  }

  private async lead(over: AbortSignal): Promise<void> {
    const device = this.makeDevice();
    this.device = device;
    this.attention = new Attention((event, payload) => device.say(event, payload));
    const beat = setInterval(() => this.tell(), beatEvery);
    over.addEventListener("abort", () => device.close(), { once: true });
    this.show({ leads: true });
    this.attention.of(this.tab, this.looking);
    this.channel.postMessage({ kind: "hello" } satisfies Between);
    // What others did was true only while somebody listened.
    await Promise.all([this.db.typing.clear(), this.db.presence.clear()]).catch(() => {});
    if (over.aborted) device.close();
    await device.run();
    clearInterval(beat);
    this.device = null;
    this.attention = null;
    if (!this.undo.signal.aborted) this.show({ leads: false });
  }

  private makeDevice(): Device {
    const { db } = this;
    return new Device({
      db,
      connect: this.connect,
      token: (not) => accessToken(db, not === undefined ? {} : { not }),
      set: async (id, body) => void (await call(db, "patch", "/api/v1/conversations/{id}/me", { path: { id }, body })),
      list: () => allConversations(db),
      random: Math.random,
      timing: { ackEvery: 250, firstWait: 1_000, longestWait: 30_000 },
      phase: (phase) => this.enter(phase),
      trouble: (trouble) => this.show({ trouble }),
      arrived: (arrived) => this.tellArrived(arrived),
    });
  }

  private enter(phase: Phase): void {
    const lost = phase === "signed-out" && hasTrace();
    if (phase !== this.connection.phase || lost !== this.connection.lost) this.show({ phase, since: Date.now(), lost });
    if (phase !== "online") return;
    this.attention?.again();
    void this.refreshAccount();
  }

  private tellArrived(arrived: Arrived): void {
    for (const arrival of arrived) for (const listener of this.listeners) listener(arrival);
    void this.meetSenders(arrived).catch(() => {});
  }

  private async meetSenders(arrived: Arrived): Promise<void> {
    const rows = await this.db.messages.bulkGet(
      arrived.map(({ conversationId, messageId }): [string, string] => [conversationId, messageId]),
    );
    const ids = [...new Set(rows.flatMap((row) => (row ? [row.senderId] : [])))];
    const known = await this.db.people.bulkGet(ids);
    for (const [at, id] of ids.entries()) if (!known[at]) await refreshPerson(id, this.db);
  }

  /** What may have changed elsewhere; without an answer it stays as it was. */
  private async refreshAccount(): Promise<void> {
    const config = async () =>
      writeMeta(this.db, "config", (await request({ method: "GET", path: "/api/v1/client-config" })) as ClientConfig);
    await Promise.allSettled([config(), refreshProfile(this.db), loadSettings(this.db), refreshContacts(this.db)]);
  }

  private show(change: Partial<Connection>): void {
    this.connection = { ...this.connection, ...change };
    if (this.device) this.tell();
    this.changed();
  }

  private tell(): void {
    const { phase, since, trouble, lost } = this.connection;
    if (!this.undo.signal.aborted) this.channel.postMessage({ kind: "state", state: { phase, since, trouble, lost } } satisfies Between);
  }

  private guardStore(): void {
    this.db.on("versionchange", () => {
      this.db.close();
      this.show({ trouble: "old" });
    });
    const dead = setTimeout(() => this.show({ trouble: "dead" }), storePatience);
    const alive = (account?: Account) => {
      clearTimeout(dead);
      if (account) leaveTrace();
      if (this.connection.trouble === "dead") this.show({ trouble: null });
    };
    readMeta(this.db, "account").then(alive, () => {});
    this.undo.signal.addEventListener("abort", () => clearTimeout(dead));
  }
}

async function* allConversations(db: Store): AsyncGenerator<ConversationView[]> {
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: 50, ...(cursor ? { cursor } : {}) };
    const page = (await call(db, "get", "/api/v1/conversations", { query })) as unknown as {
      data: ConversationView[];
      nextCursor: string | null;
    };
    yield page.data;
    cursor = page.nextCursor;
  } while (cursor);
}
