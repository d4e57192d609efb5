export type Random = {
  /** From 0 to below `limit`. */
  below: (limit: number) => number;
  /** True once in so many times. */
  oneIn: (times: number) => boolean;
  pick: <T>(from: readonly T[]) => T;
  bytes: (into: Uint8Array<ArrayBuffer>) => Uint8Array;
};

/** The same for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (from) => from[below(from.length)] as never,
    bytes: (into) => into.map(() => below(256)),
  };
}
