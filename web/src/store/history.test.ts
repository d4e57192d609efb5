import { describe, expect, it } from "vitest";
import type { Entry } from "@/net/events";
import { seeded } from "@/testing/random";
import { History } from "./history";

const entry = (seq: number): Entry => ({
  id: `id-${seq}`,
  conversationId: "c",
  seq,
  count: seq,
  type: "message",
  senderId: "u",
  createdAt: "2026-11-27T08:00:00.000Z",
  data: { text: `${seq}` },
});
const seqs = (entries: Entry[]) => entries.map((one) => one.seq);

describe("history", () => {
  it("gives what follows on, in order and once", () => {
    const history = new History("e", 2);
    expect(seqs(history.take([entry(2), entry(1)]))).toEqual([]);
    expect(seqs(history.take([entry(5), entry(4), entry(5)]))).toEqual([]);
    expect(history.missing()).toEqual([3, 3]);
    expect(seqs(history.take([entry(3)]))).toEqual([3, 4, 5]);
    expect(seqs(history.take([entry(3), entry(5)]))).toEqual([]);
    expect([history.whole, history.missing()]).toEqual([5, null]);
  });

  it("passes over what is gone", () => {
    const history = new History("e", 2);
    expect(seqs(history.take([entry(9)], [[1, 6]]))).toEqual([]);
    expect([history.whole, history.missing()]).toEqual([6, [7, 8]]);
    expect(seqs(history.take([entry(8)], [[7, 7]]))).toEqual([8, 9]);
    expect(seqs(history.take([], [[10, 12]]))).toEqual([]);
    expect([history.whole, history.missing()]).toEqual([12, null]);
  });

  it("fetches what it cannot keep above a gap", () => {
    const history = new History("e", 2);
    history.take(Array.from({ length: 2_010 }, (_, i) => entry(4 + i)));
    expect(seqs(history.take([entry(3)])).length).toBe(2_001);
    expect(history.missing()).toEqual([2_004, 2_013]);
  });

  it("goes on where another tab has stored", () => {
    const history = new History("e", 2);
    history.take([entry(5)]);
    history.raise(4);
    expect(history.missing()).toEqual([5, 5]);
    expect(seqs(history.take([entry(5)]))).toEqual([5]);
  });

  it("comes to the whole log, in order, however it arrives", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = seeded(seed);
      const end = 1 + random.below(40);
      const gone = new Set(Array.from({ length: random.below(10) }, () => 1 + random.below(end)));
      const history = new History("e", 0);
      const got: number[] = [];
      for (let step = 0; history.whole < end; step += 1) {
        expect(step).toBeLessThan(2_000);
        const seq = 1 + random.below(end);
        const run = gone.has(seq) ? ([[seq, seq]] as [number, number][]) : [];
        got.push(...seqs(history.take(run.length > 0 ? [] : [entry(seq)], run)));
      }
      expect(got).toEqual(Array.from({ length: end }, (_, i) => i + 1).filter((seq) => !gone.has(seq)));
      expect(history.missing()).toBeNull();
    }
  });
});
