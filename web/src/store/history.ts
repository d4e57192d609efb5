/** What a device has of one log, and what it still lacks. Nothing of it survives a connection; what does is in the store. */
import type { Entry, Run } from "@/net/events";

/** Entries kept above a gap while it is fetched; beyond them, later ones are fetched too. */
const most = 2_000;

export class History {
  /** Whether what is missing is being fetched. */
  fetching = false;
  /** What the store has for certain: `whole` runs ahead of it while a transaction is under way. Nothing else is acknowledged. */
  stored: number;
  private readonly above = new Map<number, Entry>();
  private runs: Run[] = [];
  private heard: number;

  constructor(
    readonly epoch: string,
    /** Everything up to here is stored or was gone. */
    public whole: number,
  ) {
    this.heard = whole;
    this.stored = whole;
  }

  /** Takes in what came, in any order and any number of times; gives what now follows on what is stored, upwards. */
  take(entries: readonly Entry[], gone: readonly Run[] = []): Entry[] {
    for (const run of gone) {
      this.runs.push(run);
      this.heard = Math.max(this.heard, run[1]);
    }
    for (const entry of entries) {
      this.heard = Math.max(this.heard, entry.seq);
      if (entry.seq > this.whole && !this.above.has(entry.seq)) this.above.set(entry.seq, entry);
    }
    const following = this.follow();
    this.tidy();
    return following;
  }

  private follow(): Entry[] {
    const following: Entry[] = [];
    for (;;) {
      const next = this.whole + 1;
      const entry = this.above.get(next);
      const end = entry ? next : this.endOfGone(next);
      if (entry) following.push(entry);
      if (end < next) return following;
      this.whole = end;
    }
  }

  private endOfGone(seq: number): number {
    return Math.max(0, ...this.runs.filter(([from, to]) => from <= seq && to >= seq).map(([, to]) => to));
  }

  private tidy(): void {
    this.runs = this.runs.filter(([, to]) => to > this.whole);
    for (const seq of this.above.keys()) if (seq <= this.whole) this.above.delete(seq);
    if (this.above.size <= most) return;
    const highest = [...this.above.keys()].sort((a, b) => a - b).slice(most);
    for (const seq of highest) this.above.delete(seq);
  }

  /** First and last position of the lowest gap. */
  missing(): Run | null {
    if (this.heard <= this.whole) return null;
    const known = [...this.above.keys(), ...this.runs.map(([from]) => from)];
    const lowest = known.length > 0 ? known.reduce((a, b) => Math.min(a, b)) - 1 : this.heard;
    return [this.whole + 1, Math.max(lowest, this.whole + 1)];
  }

  /** The transaction is through. */
  committed(): void {
    this.stored = this.whole;
  }

  /** Somebody else, another tab, has stored further. */
  raise(whole: number): void {
    this.whole = Math.max(this.whole, whole);
    this.heard = Math.max(this.heard, this.whole);
    this.tidy();
  }
}
