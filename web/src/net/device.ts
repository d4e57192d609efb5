/** This browser as a device: connects, and connects again, for as long as the tab leads. */
import { Dexie } from "dexie";
import { ActionError } from "@/lib/errors";
import { readMeta, type Store } from "@/store/db";
import type { Arrived, Who } from "@/store/ingest";
import { Backoff } from "./backoff";
import { Clerk, type SetSwitches } from "./clerk";
import { Connection, type List, type Timing } from "./connection";
import type { End } from "./end";
import type { ClientEvent, ClientEvents } from "./events";
import { Postman } from "./postman";
import { changesOf, watch } from "./watch";
import { type Connect, Refused, type Wire } from "./wire";

export type Phase = "signed-out" | "expired" | "connecting" | "syncing" | "online";
export type Trouble = "dead" | "full" | null;

export type DeviceDeps = {
  db: Store;
  connect: Connect;
  /** A token; another one than `not`. Throws `ActionError`. */
  token: (not?: string) => Promise<string>;
  set: SetSwitches;
  list: List;
  random: () => number;
  timing: Timing & { firstWait: number; longestWait: number };
  phase: (phase: Phase) => void;
  trouble: (trouble: Trouble) => void;
  arrived: (arrived: Arrived) => void;
};

export class Device {
  private readonly backoff: Backoff;
  /** Of this tab's connections, what the server knows is stored. */
  private readonly told = new Map<string, string>();
  private toldAs = "";
  private readonly stop = new AbortController();
  private wake: () => void = () => {};
  private wire: Wire | null = null;
  private connection: Connection | null = null;
  private token: string | undefined;
  private refused: string | undefined;

  constructor(private readonly deps: DeviceDeps) {
    const { random, timing } = deps;
    this.backoff = new Backoff(random, timing.firstWait, timing.longestWait);
  }

  /** Returns when `close` was called and nothing is stored any more. */
  async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        const pause = await this.once();
        if (pause > 0) await this.rest(pause);
      } catch (error) {
        await this.rest(this.inTrouble(error));
      }
    }
  }

  close(): void {
    this.stop.abort();
    this.connection?.end({ why: "closed" });
    this.wake();
  }

  /** Tries now. */
  hurry(): void {
    this.wake();
  }

  /** Something that is worth nothing a moment later; dropped while there is no connection. */
  say<E extends ClientEvent>(event: E, payload: ClientEvents[E][0]): void {
    this.wire?.ask(event, payload, () => {});
  }

  /** One try; answers how long to wait before the next. */
  private async once(): Promise<number> {
    const { db, phase } = this.deps;
    const account = await readMeta(db, "account");
    if (!account) {
      phase("signed-out");
      return this.restUntilChanged();
    }
    try {
      this.token = await this.deps.token(this.refused);
    } catch (error) {
      if (!(error instanceof ActionError)) throw error;
      if (error.code === "UNAUTHORIZED") {
        phase((await readMeta(db, "account")) ? "expired" : "signed-out");
        return this.restUntilChanged();
      }
      phase("connecting");
      return this.backoff.next((error.retryAfter ?? 0) * 1_000);
    }
    phase("connecting");
    const end = await this.visit(this.token, account);
    if (!this.stop.signal.aborted) phase("connecting");
    return this.pauseAfter(end);
  }

  private async visit(token: string, who: Who): Promise<End> {
    try {
      this.wire = await this.deps.connect(token);
    } catch (error) {
      if (!(error instanceof Refused)) return { why: "lost" };
      if (error.code === "UNAUTHORIZED") return { why: "unauthorized" };
      return { why: "refused", code: error.code, seconds: error.retryAfter };
    }
    try {
      if (this.stop.signal.aborted) return { why: "closed" };
      return await this.live(this.wire, who);
    } finally {
      this.wire.close();
      this.wire = null;
    }
  }

  private async live(wire: Wire, who: Who): Promise<End> {
    const { deps } = this;
    const { db } = deps;
    const letters = new Backoff(deps.random, deps.timing.firstWait, deps.timing.longestWait);
    let stopWatching = () => {};
    const listener = {
      arrived: deps.arrived,
      expiring: () => void this.renew(wire),
      caughtUp: () => {
        this.backoff.reset();
        deps.trouble(null);
        deps.phase("online");
        stopWatching = changesOf(
          watch(
            () => db.outbox.toArray(),
            () => postman.post(),
          ),
          watch(
            () => db.personal.toArray(),
            () => void clerk.tell().catch(() => {}),
          ),
        );
      },
    };
    const stopWatchingAccount = changesOf(
      watch(
        () => readMeta(db, "account"),
        (now) => now?.deviceId !== who.deviceId && connection.end({ why: "stale" }),
      ),
    );
    if (this.toldAs !== who.deviceId) this.told.clear();
    this.toldAs = who.deviceId;
    deps.phase("syncing");
    const connection = new Connection(wire, db, who, listener, deps.timing, this.told, deps.list);
    const postman = new Postman(wire, connection, db, who, letters);
    const clerk = new Clerk(wire, db, deps.set, letters);
    this.connection = connection;
    const end = await connection.live();
    this.connection = null;
    stopWatching();
    stopWatchingAccount();
    postman.stop();
    clerk.stop();
    return end;
  }

  private async renew(wire: Wire): Promise<void> {
    try {
      this.token = await this.deps.token(this.token);
      wire.ask("auth:refresh", { token: this.token }, () => {});
    } catch {
      // The connection ends when the token does, and then it is tried again.
    }
  }

  private pauseAfter(end: End): number {
    if (end.why !== "unauthorized") this.refused = undefined;
    switch (end.why) {
      case "closed":
        return 0;
      case "stale":
        return this.backoff.next() / 10;
      case "unauthorized": {
        // The second time in a row it is not the token's age.
        const again = this.refused !== undefined;
        this.refused = this.token;
        return again ? this.backoff.next() : 0;
      }
      case "draining":
        return end.seconds * 1_000 * (1 + this.deps.random() / 2);
      case "refused":
        return this.backoff.next((end.seconds ?? 0) * 1_000);
      case "lost":
        return this.backoff.next();
      case "storage":
        return this.inTrouble(end.error);
    }
  }

  private inTrouble(error: unknown): number {
    if (error instanceof ActionError) return this.backoff.next();
    const names = [error, (error as { inner?: unknown }).inner].map((one) => (one as Error | undefined)?.name);
    this.deps.trouble(names.includes(Dexie.errnames.QuotaExceeded) ? "full" : "dead");
    return this.backoff.next();
  }

  private async rest(milliseconds: number): Promise<void> {
    if (this.stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Until somebody has logged in or out, in whatever tab. */
  private async restUntilChanged(): Promise<number> {
    if (this.stop.signal.aborted) return 0;
    const { db } = this.deps;
    const seen = async () => JSON.stringify([await readMeta(db, "account"), await readMeta(db, "tokens")]);
    const before = await seen();
    await new Promise<void>((resolve) => {
      const stop = changesOf(watch(seen, (now) => now !== before && go()));
      const go = () => {
        stop();
        resolve();
      };
      this.wake = go;
    });
    this.refused = undefined;
    return 0;
  }
}
