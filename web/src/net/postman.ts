/** Empties the outbox: of each conversation one letter after the other, so that their order stays whatever happens. */
import type { OutboxRow, Store } from "@/store/db";
import { settle, type Who } from "@/store/ingest";
import { due, fail, heldFor, isFinal } from "@/store/outbox";
import type { Backoff } from "./backoff";
import type { Connection } from "./connection";
import { endOf } from "./end";
import type { Answer, ClientEvents, Entry } from "./events";
import type { Wire } from "./wire";

/** Conversations that are written to at the same time. */
const most = 8;
/** Refusals of one letter that may pass, before it is shown as failed. */
const patience = 8;

export class Postman {
  /** Conversations with a letter on its way. */
  private readonly underWay = new Set<string>();
  /** Letters that the server has taken and whose entry is not stored yet. */
  private readonly done = new Set<string>();
  private readonly refusals = new Map<string, number>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private wake: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(
    private readonly wire: Wire,
    private readonly connection: Connection,
    private readonly db: Store,
    private readonly who: Who,
    private readonly backoff: Backoff,
  ) {}

  /** Sends what may be sent. */
  post(): void {
    this.connection.doNext(async () => {
      const waiting = await this.db.outbox.orderBy("n").toArray();
      const now = Date.now();
      for (const letter of due(waiting, this.underWay, this.done, most, now)) this.send(letter);
      this.wakeFor(waiting, now);
    });
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.wake);
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** When what is held may go. */
  private wakeFor(waiting: readonly OutboxRow[], now: number): void {
    clearTimeout(this.wake);
    const holds = waiting.map((letter) => heldFor(letter, now)).filter((hold) => hold > 0);
    if (holds.length > 0 && !this.stopped) this.wake = setTimeout(() => this.post(), Math.min(...holds));
  }

  private send(letter: OutboxRow): void {
    this.underWay.add(letter.conversationId);
    const body = letter.body as ClientEvents["message:send"][0];
    this.wire.ask(letter.event as "message:send", body, (answer) => this.answered(letter, answer));
  }

  private answered(letter: OutboxRow, answer: Answer<{ entry: Entry }> | null) {
    if (answer?.ok) return this.taken(letter, answer.entry);
    if (!answer || answer.error.code === "UNAUTHORIZED") return this.connection.end(endOf(answer));
    const { code, message, retryAfter } = answer.error;
    const refusals = (this.refusals.get(letter.id) ?? 0) + 1;
    this.refusals.set(letter.id, refusals);
    if (!isFinal(code) && (refusals < patience || code === "RATE_LIMIT_EXCEEDED")) return this.later(letter, retryAfter ?? 0);
    this.connection.doNext(async () => {
      await fail(this.db, letter.id, { code, message });
      this.refusals.delete(letter.id);
      this.underWay.delete(letter.conversationId);
      this.post();
    });
  }

  private taken(letter: OutboxRow, entry: Entry): void {
    this.backoff.reset();
    this.refusals.delete(letter.id);
    this.done.add(letter.id);
    this.connection.take(entry, async (stored) => {
      if (stored) {
        await settle(this.db, this.who, entry, letter.id);
        this.done.delete(letter.id);
      }
      this.underWay.delete(letter.conversationId);
      this.post();
    });
  }

  /** Nothing else of that conversation goes before it. */
  private later(letter: OutboxRow, seconds: number): void {
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        this.underWay.delete(letter.conversationId);
        this.post();
      },
      this.backoff.next(seconds * 1_000),
    );
    this.timers.add(timer);
  }
}
