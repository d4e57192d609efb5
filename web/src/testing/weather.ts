/** A wire to the world that is late, says things twice or out of order, loses some, and breaks. */
import type { Answer } from "@/net/events";
import { type Closed, type Connect, Refused, type Said, type Wire } from "@/net/wire";
import type { Random } from "./random";
import type { Seat, World } from "./world";

export type Weather = {
  /** Of a hundred events, so many are lost, doubled, late by a few others. */
  lost: number;
  doubled: number;
  late: number;
  /** Of a thousand things said either way, so many break the connection: before or after they arrive. */
  cuts: number;
  calm: boolean;
};

/** Everything that is connected, so that a test can cut it. */
export type Line = { cut: () => void; deviceId: string };

export function connectTo(
  world: World,
  who: { userId: string; deviceId: string },
  random: Random,
  weather: Weather,
  lines: Set<Line>,
): Connect {
  return async () => {
    await pause(random.below(4));
    if (!weather.calm && random.oneIn(12)) throw new Error("no route");
    if (!weather.calm && random.oneIn(40)) throw new Refused("SERVICE_UNAVAILABLE", 0);
    return open(world, who, random, weather, lines);
  };
}

function open(world: World, who: { userId: string; deviceId: string }, random: Random, weather: Weather, lines: Set<Line>): Wire {
  let said: Said = () => {};
  let closed: Closed = () => {};
  let up = true;
  const waiting: (() => void)[] = [];
  const listening: (() => void)[] = [];
  let heard = false;

  const cut = () => {
    if (!up) return;
    up = false;
    world.seats.delete(seat);
    lines.delete(line);
    for (const unanswered of waiting.splice(0)) unanswered();
    setTimeout(() => closed("transport close"), random.below(3));
  };
  const line = { cut, deviceId: who.deviceId };
  const breaks = () => !weather.calm && random.below(1_000) < weather.cuts;
  const deliver = (name: string, payload: unknown) => {
    if (!up) return;
    if (!heard) return void listening.push(() => said(name, payload));
    said(name, payload);
  };
  const seat: Seat = {
    ...who,
    emit: (name, payload) => {
      if (name === "server:draining" || name === "conversation:added") return void setTimeout(() => deliver(name, payload), 0);
      if (!weather.calm && random.below(100) < weather.lost) return;
      const copies = !weather.calm && random.below(100) < weather.doubled ? 2 : 1;
      for (let i = 0; i < copies; i += 1) {
        const way = !weather.calm && random.below(100) < weather.late ? 1 + random.below(8) : 0;
        setTimeout(() => deliver(name, structuredClone(payload)), way);
      }
    },
  };
  world.seats.add(seat);
  lines.add(line);

  return {
    ask: (event, payload, answered) => {
      if (!up) return answered(null);
      let open = true;
      const give = (answer: Answer<never> | null) => {
        if (!open) return;
        open = false;
        answered(answer);
      };
      const lose = () => give(null);
      waiting.push(lose);
      void (async () => {
        await pause(random.below(3));
        if (!up) return;
        if (breaks()) return cut();
        const answer = await world.hear(seat, event, structuredClone(payload));
        if (breaks()) return cut();
        await pause(random.below(3));
        if (up) give(structuredClone(answer) as Answer<never>);
      })();
    },
    listen: (onSaid, onClosed) => {
      said = onSaid;
      closed = onClosed;
      heard = true;
      for (const tell of listening.splice(0)) tell();
      if (!up) closed("transport close");
    },
    close: cut,
  };
}

export const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** As much of Web Locks as one browser's tabs need. */
export function locksOfOneBrowser(): LockManager {
  let held = false;
  let dispossess: ((reason: Error) => void) | null = null;
  const queue: (() => void)[] = [];
  const next = () => {
    held = false;
    dispossess = null;
    queue.shift()?.();
  };
  const request = (_name: string, options: LockOptions, work: () => Promise<unknown>) =>
    new Promise((resolve, reject) => {
      let mine = true;
      const go = () => {
        held = true;
        dispossess = (reason) => {
          mine = false;
          reject(reason);
        };
        work()
          .then(resolve, reject)
          .finally(() => mine && next());
      };
      if (options.steal && held) {
        dispossess?.(new DOMException("taken over", "AbortError"));
        return go();
      }
      if (!held) return go();
      queue.push(go);
      options.signal?.addEventListener("abort", () => {
        const place = queue.indexOf(go);
        if (place >= 0) queue.splice(place, 1);
        reject(new DOMException("given up", "AbortError"));
      });
    });
  return { request, query: async () => ({ held: [], pending: [] }) } as unknown as LockManager;
}
