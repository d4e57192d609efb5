/**
 * One connection, from `ready` to its end: sync, then live. Everything that comes is taken one after the other; nothing is
 * acknowledged that is not on disk. See `docs/client-rules.md`.
 */
import type { Store } from "@/store/db";
import { readMeta, writeMeta } from "@/store/db";
import { type Arrived, histories, ingest, ingestPage, leaveConversation, meet, Stale, type Stretch, type Who } from "@/store/ingest";
import type { History } from "@/store/history";
import {
  type Answer,
  type ConversationView,
  type Entry,
  isEntry,
  type Stretch as Fetched,
  type SyncPage,
  type SyncRequest,
} from "./events";
import { Acknowledger } from "./acknowledger";
import { type End, endOf } from "./end";
import { hearSignal } from "./signals";
import type { Wire } from "./wire";

export type Listener = {
  /** Everything above the cursors has been read; called once. */
  caughtUp: () => void;
  arrived: (arrived: Arrived) => void;
  /** The token is about to expire. */
  expiring: () => void;
};

export type Timing = { ackEvery: number };
export type List = () => AsyncIterable<ConversationView[]>;

export class Connection {
  private known = new Map<string, History>();
  /** Out of it since this connection began: late entries are dropped. */
  private readonly left = new Set<string>();
  private syncs = 0;
  private caughtUp = false;
  private turn: Promise<void> = Promise.resolve();
  /** Entries that are taken together, in the turn that is already waiting. */
  private batch: Entry[] | null = null;
  private finish: (end: End) => void = () => {};
  private readonly over: Promise<End>;
  private ended = false;
  private readonly acknowledger: Acknowledger;

  constructor(
    private readonly wire: Wire,
    private readonly db: Store,
    private readonly who: Who,
    private readonly listener: Listener,
    timing: Timing,
    /** What the server is known to know is stored, over all connections of this tab. */
    told: Map<string, string>,
    /** Every conversation of the person, page by page. */
    private readonly list: List,
  ) {
    this.over = new Promise((resolve) => {
      this.finish = resolve;
    });
    this.acknowledger = new Acknowledger(wire, told, timing.ackEvery, {
      due: () => (this.syncs > 0 || this.ended ? [] : [...this.known]),
      doubted: (cursors) => this.doNext(() => this.sync({ cursors })),
      lost: () => this.end({ why: "lost" }),
    });
  }

  /** Lives until the connection ends, and says why it did. */
  async live(): Promise<End> {
    this.doNext(async () => {
      this.known = await histories(this.db);
      this.wire.listen(
        (name, payload) => this.hear(name, payload),
        () => this.end({ why: "lost" }),
      );
      await this.sync();
    });
    const end = await this.over;
    this.acknowledger.stop();
    this.wire.close();
    // What is being stored is stored before somebody else begins.
    await this.turn;
    return end;
  }

  end(end: End): void {
    this.ended = true;
    this.finish(end);
  }

  /** Takes an entry that came as an answer, and says whether it is stored. */
  take(entry: Entry, then: (stored: boolean) => Promise<void>): void {
    this.doNext(async () => {
      await this.store([entry]);
      const history = this.known.get(entry.conversationId);
      await then(history !== undefined && entry.seq <= history.whole);
    });
  }

  /** One thing after the other; whatever fails ends the connection. */
  doNext(work: () => Promise<void>): void {
    this.turn = this.turn.then(async () => {
      if (this.ended) return;
      try {
        await work();
      } catch (error) {
        this.end(error instanceof Stale ? { why: "stale" } : { why: "storage", error });
      }
    });
  }

  private hear(name: string, payload: unknown) {
    if (name === "server:draining") return this.end({ why: "draining", seconds: (payload as { reconnectIn?: number }).reconnectIn ?? 0 });
    if (name === "session:revoked") return this.end({ why: "unauthorized" });
    if (name === "auth:expiring") return this.listener.expiring();
    if (isEntry(payload)) return this.gather(payload);
    // What comes after it is not taken together with what came before.
    this.batch = null;
    if (name === "conversation:added") this.doNext(() => this.added(payload as ConversationView));
    else if (name === "conversation:removed") this.doNext(() => this.removed((payload as { id: string }).id));
    else this.doNext(() => hearSignal(this.db, this.who, name, payload));
  }

  private gather(entry: Entry): void {
    if (this.batch) {
      this.batch.push(entry);
      return;
    }
    const batch = [entry];
    this.batch = batch;
    this.doNext(async () => {
      if (this.batch === batch) this.batch = null;
      await this.store(batch);
    });
  }

  private async store(entries: Entry[]): Promise<void> {
    const by = new Map<string, Stretch>();
    for (const entry of entries) {
      const id = entry.conversationId;
      const history = this.known.get(id);
      const stretch = by.get(id);
      if (stretch) (stretch.entries as Entry[]).push(entry);
      else if (history) by.set(id, { id, history, entries: [entry] });
      // Nothing has told of this conversation yet; the entry comes again with it.
      else if (!this.left.has(id) && this.syncs === 0) await this.sync();
    }
    if (by.size === 0) return;
    const arrived = await ingest(this.db, this.who, [...by.values()]);
    if (this.caughtUp && arrived.length > 0) this.listener.arrived(arrived);
    this.goOn(by.keys());
  }

  /** Asks for what is missing, and tells how far it got. */
  private goOn(ids: Iterable<string>): void {
    if (this.syncs > 0) return;
    for (const id of ids) this.fill(id);
    this.acknowledger.soon();
  }

  private fill(id: string): void {
    const history = this.known.get(id);
    const missing = history?.missing();
    if (!history || !missing || history.fetching) return;
    history.fetching = true;
    const [from, to] = missing;
    this.wire.ask("range", { conversationId: id, from, to }, (answer) => this.doNext(() => this.fetched(id, history, from, answer)));
  }

  private async fetched(id: string, history: History, from: number, answer: Answer<Fetched> | null): Promise<void> {
    history.fetching = false;
    if (this.known.get(id) !== history) return;
    if (!answer?.ok) {
      // It is answered by `sync` whether it is still one's own, and under which epoch.
      if (answer && ["NOT_FOUND", "FORBIDDEN", "CONFLICT", "VALIDATION_ERROR"].includes(answer.error.code) && this.syncs === 0) {
        return this.sync({ cursors: [{ conversationId: id, seq: history.whole, epoch: history.epoch }] });
      }
      return this.end(endOf(answer));
    }
    await ingest(this.db, this.who, [{ id, history, entries: answer.entries, gone: answer.gone }]);
    // Neither the entries nor a word on them, and they did not come by themselves meanwhile: to ask again at once would bring the
    // same.
    if (history.whole < from) return this.end({ why: "lost" });
    this.goOn([id]);
  }

  /** Of conversations in which nothing waits for it a new device learns in no other way. */
  private async meetAll(): Promise<void> {
    if (await readMeta(this.db, "synced")) return;
    for await (const views of this.list()) {
      for (const view of views) {
        const history = await meet(this.db, this.who, view);
        if (!this.known.has(view.id)) this.known.set(view.id, history);
      }
    }
    await writeMeta(this.db, "synced", true);
  }

  private async added(view: ConversationView): Promise<void> {
    this.left.delete(view.id);
    const history = await meet(this.db, this.who, view);
    const old = this.known.get(view.id);
    if (!old || old.epoch !== history.epoch) this.known.set(view.id, history);
    this.goOn([view.id]);
  }

  private async removed(id: string): Promise<void> {
    this.left.add(id);
    this.known.delete(id);
    await leaveConversation(this.db, this.who, id);
  }

  private async sync(request?: SyncRequest): Promise<void> {
    this.syncs += 1;
    const since = request ? undefined : await readMeta(this.db, "since");
    const asked = request ?? (since ? { since } : {});
    this.wire.ask("sync", asked, (answer) => this.doNext(() => this.synced(asked, answer)));
  }

  private async synced(asked: SyncRequest, answer: Answer<SyncPage> | null): Promise<void> {
    if (!answer?.ok) {
      this.syncs -= 1;
      // Refused is the token: then from what this device has acknowledged.
      if (answer?.error.code === "VALIDATION_ERROR" && asked.since) return this.sync({});
      return this.end(endOf(answer));
    }
    await ingestPage(this.db, this.who, answer, this.known);
    this.syncs -= 1;
    for (const id of answer.removed) this.left.add(id);
    for (const { conversation } of answer.conversations) this.left.delete(conversation.id);
    if (answer.more) return this.sync({ since: answer.since });
    if (this.syncs > 0) return;
    if (!this.caughtUp) await this.meetAll();
    this.goOn(this.known.keys());
    if (this.caughtUp) return;
    this.caughtUp = true;
    this.listener.caughtUp();
  }
}
