/** A wire that writes down what goes over it, and one that says again what was written down. */
import type { Answer, ClientEvent } from "@/net/events";
import type { Connect, Said, Wire } from "@/net/wire";

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

type Waiting = { event: ClientEvent; payload: unknown; answered: (answer: never) => void };

/** Says the recorded lines in their order: each answer once the client has asked for it, what was heard as soon as it may. */
export class Replay {
  readonly asked: { event: ClientEvent; payload: unknown }[] = [];
  private readonly waiting: Waiting[] = [];
  private said: Said = () => {};
  private at = 0;
  private heard = false;

  constructor(private readonly lines: readonly Line[]) {}

  readonly connect: Connect = async (): Promise<Wire> => ({
    ask: (event, payload, answered) => {
      this.asked.push({ event, payload });
      this.waiting.push({ event, payload, answered: answered as (answer: never) => void });
      queueMicrotask(() => this.goOn());
    },
    listen: (said) => {
      this.said = said;
      this.heard = true;
      this.goOn();
    },
    close: () => {},
  });

  get done(): boolean {
    return this.at >= this.lines.length;
  }

  /** What is recorded next and has not happened. */
  get next(): Line | undefined {
    return this.lines[this.at];
  }

  private goOn(): void {
    for (; this.heard && this.at < this.lines.length; this.at += 1) {
      const line = this.lines[this.at] as Line;
      if ("heard" in line) this.said(line.heard, line.payload);
      if ("answered" in line && !this.answer(line.answered, line.answer)) return;
    }
    // What is acknowledged or read beyond the record is taken well.
    for (const one of this.waiting.splice(0)) one.answered({ ok: true } as Answer<object> as never);
  }

  private answer(n: number, answer: unknown): boolean {
    const question = this.lines.find((line) => "asked" in line && line.n === n) as Extract<Line, { asked: string }>;
    const key = (event: string, payload: unknown) => `${event} ${(payload as { id?: string }).id ?? ""}`;
    const place = this.waiting.findIndex((one) => key(one.event, one.payload) === key(question.asked, question.payload));
    // How often and how much at a time is acknowledged is a matter of time.
    if (place < 0) return question.asked === "message:delivered" || question.asked === "message:read";
    const [asked] = this.waiting.splice(place, 1);
    asked?.answered(answer as never);
    return true;
  }
}
