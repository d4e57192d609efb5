/** Tells the server what the person has read and set: the latest of each, until it is confirmed. */
import type { PersonalRow, Store, Switches } from "@/store/db";
import { isPassing } from "@/lib/errors";
import type { Backoff } from "./backoff";
import { applySettings } from "@/store/account";
import type { Wire } from "./wire";

export type SetSwitches = (conversationId: string, change: Partial<Switches>) => Promise<void>;

type Outcome = "done" | "refused" | "later";

export class Clerk {
  private readonly underWay = new Set<string>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private stopped = false;

  constructor(
    private readonly wire: Wire,
    private readonly db: Store,
    private readonly set: SetSwitches,
    private readonly backoff: Backoff,
  ) {}

  async tell(): Promise<void> {
    const rows = await this.db.personal.toArray();
    for (const row of rows) {
      const key = `${row.conversationId} ${row.what}`;
      if (this.stopped || this.underWay.has(key)) continue;
      this.underWay.add(key);
      void this.one(row).then(
        (done) => this.next(key, done),
        () => this.next(key, false),
      );
    }
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  private next(key: string, done: boolean) {
    const again = () => {
      this.underWay.delete(key);
      if (!this.stopped) void this.tell().catch(() => {});
    };
    if (done) return again();
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      again();
    }, this.backoff.next());
    this.timers.add(timer);
  }

  /** Whether it has its end. */
  private async one(row: PersonalRow): Promise<boolean> {
    const { conversationId, read, settings } = row;
    const outcome = read ? await this.read(conversationId, read) : await this.switch(conversationId, settings ?? {});
    if (outcome === "later") return false;
    await this.db.transaction("rw", this.db.personal, this.db.conversations, async () => {
      const now = await this.db.personal.get([conversationId, row.what]);
      if (now?.version !== row.version) return;
      // Else it would jump back until one's own log says it.
      if (settings && outcome === "done") {
        const conversation = await this.db.conversations.get(conversationId);
        await applySettings(this.db, conversationId, { ...settings, ...(conversation ? { count: conversation.head.count } : {}) });
      }
      await this.db.personal.delete([conversationId, row.what]);
    });
    return true;
  }

  private read(conversationId: string, { seq, count }: { seq: number; count: number }): Promise<Outcome> {
    return new Promise((resolve) => {
      this.wire.ask("message:read", { conversationId, seq, count }, (answer) => {
        // What is refused for good is not mended by saying it again: a later one will say more.
        if (answer?.ok) resolve("done");
        else resolve(answer && !passing.has(answer.error.code) ? "refused" : "later");
      });
    });
  }

  private async switch(conversationId: string, settings: Partial<Switches>): Promise<Outcome> {
    try {
      await this.set(conversationId, settings);
      return "done";
    } catch (error) {
      return isPassing(error) ? "later" : "refused";
    }
  }
}

const passing = new Set(["SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR", "UNAUTHORIZED"]);
