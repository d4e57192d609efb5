/** One connection that the server has declared ready. What carries it (socket.io, or a test's own) is not of interest here. */
import type { ClientEvent, ClientEvents, Answer } from "./events";

export type Said = (name: string, payload: unknown) => void;
export type Closed = (why: string) => void;

export type Wire = {
  /** Says something; `answered` is called once, with null if no answer came or will come. In the order in which things arrive. */
  ask: <E extends ClientEvent>(
    event: E,
    payload: ClientEvents[E][0],
    answered: (answer: Answer<ClientEvents[E][1]> | null) => void,
  ) => void;
  /** From now on it tells what comes; what came before is told at once. */
  listen: (said: Said, closed: Closed) => void;
  close: () => void;
};

/** Connects with a token and waits for `ready`. Throws `Refused`, or anything else if there is no connection. */
export type Connect = (token: string) => Promise<Wire>;

/** The server does not let this token in. */
export class Refused extends Error {
  override name = "Refused";
  constructor(
    readonly code: string,
    readonly retryAfter: number | null = null,
  ) {
    super(code);
  }
}
