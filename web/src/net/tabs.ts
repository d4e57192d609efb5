/** One tab leads, the others follow. Web Locks elect where the browser has them; without them (plain http) each tab leads itself. */

/** How often the leading tab gives a sign of life, and after how long without one it is replaced; in milliseconds. */
export const beatEvery = 3_000;
const silent = 10_000;

const lock = "restante-leader";

export type Lead = (over: AbortSignal) => Promise<void>;

export class Tabs {
  private readonly stop = new AbortController();
  private heard = performance.now();
  private leads = false;

  constructor(
    private readonly lead: Lead,
    private readonly locks: LockManager | undefined,
  ) {}

  start(): void {
    if (!this.locks) void this.lead(this.stop.signal);
    else void this.stand(false);
  }

  close(): void {
    this.stop.abort();
  }

  /** The leading tab has given a sign of life. */
  beat(): void {
    this.heard = performance.now();
  }

  /** The person looks at this tab: it takes over from one that the browser has frozen. */
  seen(): void {
    if (!this.locks || this.leads || performance.now() - this.heard < silent) return;
    this.heard = performance.now();
    void this.stand(true);
  }

  /** Waits until this tab leads, and leads until it is closed or another takes over. */
  private async stand(steal: boolean): Promise<void> {
    const over = new AbortController();
    const end = () => over.abort();
    this.stop.signal.addEventListener("abort", end);
    const work = async () => {
      if (this.stop.signal.aborted || this.leads) return;
      this.leads = true;
      await this.lead(over.signal);
    };
    try {
      // A lock that is taken by force knows no signal.
      await this.locks?.request(lock, steal ? { steal } : { signal: this.stop.signal }, work);
    } catch {
      // Closed, or another tab has taken over while this one was frozen.
    }
    end();
    this.leads = false;
    this.stop.signal.removeEventListener("abort", end);
    if (!this.stop.signal.aborted) await this.stand(false);
  }
}
