/** How long to wait before the next try, in milliseconds: 1 s, then twice as long up to 30 s, each with up to half again at random. */
export class Backoff {
  private failed = 0;

  constructor(
    private readonly random: () => number,
    private readonly first = 1_000,
    private readonly longest = 30_000,
  ) {}

  reset(): void {
    this.failed = 0;
  }

  next(least = 0): number {
    const wait = Math.min(this.first * 2 ** Math.min(this.failed, 10), this.longest);
    this.failed += 1;
    return Math.max(wait, least) * (1 + this.random() / 2);
  }
}
