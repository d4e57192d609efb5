/** A wire that writes down what goes over it, and one that says again what was written down. */
import type { ClientEvent } from "@/net/events";
import type { Closed, Connect, Said, Wire } from "@/net/wire";

export type Line =
  | { asked: ClientEvent; n: number; payload: unknown }
  | { answered: number; answer: unknown }
  | { heard: string; payload: unknown }
  | { closed: string };

export function recording(connect: Connect, into: Line[]): Connect {
  let n = 0;
  return async (token) => {
    const wire = await connect(token);
    return {
      ask: (event, payload, answered) => {
        n += 1;
        const number = n;
        into.push({ asked: event, n: number, payload });
        wire.ask(event, payload, (answer) => {
          into.push({ answered: number, answer });
          answered(answer);
        });
      },
      listen: (said, closed) =>
        wire.listen(
          (name, payload) => {
            into.push({ heard: name, payload });
            said(name, payload);
          },
          (why) => {
            into.push({ closed: why });
            closed(why);
          },
        ),
      close: () => wire.close(),
    };
  };
}

type Question = Extract<Line, { asked: ClientEvent }>;
type Waiting = { event: ClientEvent; payload: unknown; answered: (answer: never) => void };

/**
 * Says the recorded lines in their order: each answer once the client has asked for it, what was heard as soon as it may. Where
 * the connection broke it breaks again, and the next one goes on from there.
 */
export class Replay {
  readonly asked: { event: ClientEvent; payload: unknown }[] = [];
  private waiting: Waiting[] = [];
  private said: Said = () => {};
  private closed: Closed = () => {};
  private at = 0;
  private listens = false;
  private quiet = false;

  constructor(
    private readonly lines: readonly Line[],
    /** Whether the client has taken in what was said so far. */
    private readonly settled: (said: readonly Line[]) => Promise<boolean>,
  ) {}

  readonly connect: Connect = async (): Promise<Wire> => ({
    ask: (event, payload, answered) => {
      this.asked.push({ event, payload });
      this.waiting.push({ event, payload, answered: answered as (answer: never) => void });
      queueMicrotask(() => this.goOn());
    },
    listen: (said, closed) => {
      this.said = said;
      this.closed = closed;
      this.listens = true;
      this.goOn();
    },
    close: () => {
      this.listens = false;
    },
  });

  /** What is recorded next and has not happened. */
  get next(): Line | undefined {
    return this.lines[this.at];
  }

  private goOn() {
    while (this.listens && this.at < this.lines.length) {
      const line = this.lines[this.at] as Line;
      if ("asked" in line && !this.isAsked(line)) return;
      if ("answered" in line) this.answer(line.answered, line.answer);
      if ("closed" in line && !this.quiet) return void this.waitUntilQuiet();
      this.at += 1;
      if ("heard" in line) this.said(line.heard, line.payload);
      if ("closed" in line) this.breakOff(line.closed);
    }
    if (!this.listens) return;
    // What is acknowledged beyond the record is taken well.
    for (const one of this.waiting.splice(0)) one.answered({ ok: true } as never);
  }

  /** What was recorded came with pauses in which the client did its work: what it has not taken in when the line breaks is not told again. */
  private async waitUntilQuiet(): Promise<void> {
    while (!(await this.settled(this.lines.slice(0, this.at)))) await new Promise((later) => setTimeout(later, 10));
    this.quiet = true;
    this.goOn();
    this.quiet = false;
  }

  private breakOff(why: string): void {
    this.listens = false;
    for (const one of this.waiting.splice(0)) one.answered(null as never);
    this.closed(why);
  }

  /** How often and how much at a time is acknowledged is a matter of time; what was lost then need not be asked for again. */
  private isAsked(line: Question): boolean {
    const lost = this.lines.some((one) => "answered" in one && one.answered === line.n && one.answer === null);
    return lost || timed.has(line.asked) || this.placeOf(line) >= 0;
  }

  private answer(n: number, answer: unknown): void {
    const question = this.lines.find((line) => "asked" in line && line.n === n) as Question;
    const place = this.placeOf(question);
    if (place < 0) return;
    const [asked] = this.waiting.splice(place, 1);
    asked?.answered(answer as never);
  }

  private placeOf({ asked, payload }: Question): number {
    const key = (event: string, said: unknown) => `${event} ${(said as { id?: string }).id ?? ""}`;
    return this.waiting.findIndex((one) => key(one.event, one.payload) === key(asked, payload));
  }
}

const timed = new Set<string>(["message:delivered", "message:read"]);
