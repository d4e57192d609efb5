/** Tells the server what is stored: the end of each log, several conversations in one call, a few times a second at the most. */
import type { History } from "@/store/history";
import type { Cursor } from "./events";
import type { Wire } from "./wire";

/** Conversations in one call, so that it fits into a frame. */
const most = 400;
/** How long to wait when the server cannot take it now, in milliseconds. */
const pause = 2_000;

type Owner = {
  /** Logs whose ends may be told now. */
  due: () => [string, History][];
  /** The server knows one of these otherwise. */
  doubted: (cursors: Cursor[]) => void;
  lost: () => void;
};

export class Acknowledger {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asking = false;
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly wire: Wire,
    /** Epoch and position that were told last, by conversation. */
    private readonly told: Map<string, string>,
    private readonly every: number,
    private readonly owner: Owner,
  ) {}

  soon(least = 0): void {
    if (this.timer !== null || this.asking) return;
    const wait = Math.max(0, least, this.last + this.every - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.tell();
    }, wait);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private tell(): void {
    const news = this.owner.due().filter(([id, history]) => history.stored > 0 && this.told.get(id) !== mark(history));
    const cursors = news.slice(0, most).map(([id, { stored, epoch }]) => ({ conversationId: id, seq: stored, epoch }));
    if (cursors.length === 0) return;
    this.asking = true;
    this.last = performance.now();
    this.wire.ask("message:delivered", { cursors }, (answer) => {
      this.asking = false;
      if (!answer) return this.owner.lost();
      if (answer.ok) {
        for (const { conversationId, seq, epoch } of cursors) this.told.set(conversationId, mark({ stored: seq, epoch }));
        return this.soon();
      }
      if (passing.has(answer.error.code)) return this.soon(Math.max(pause, (answer.error.retryAfter ?? 0) * 1_000));
      this.owner.doubted(cursors);
    });
  }
}

const passing = new Set(["SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR"]);

function mark({ stored, epoch }: { stored: number; epoch: string }): string {
  return `${epoch} ${stored}`;
}
