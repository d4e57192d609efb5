import { describe, expect, it } from "vitest";

import { idMaker } from "./ids";

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("idMaker", () => {
  it("ascend within a millisecond, and when the clock is set back", () => {
    const times = [1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_000, 1_699_999_999_000, 1_700_000_000_001];
    const next = idMaker(() => times.shift() ?? 0);
    const made = Array.from({ length: times.length }, next);
    expect(made).toEqual([...made].sort());
    expect(new Set(made).size).toBe(made.length);
    for (const id of made) expect(id).toMatch(V7);
  });

  it("carry", () => {
    const next = idMaker(
      () => 1,
      (bytes) => bytes.fill(0xff, 10),
    );
    expect([next(), next()]).toEqual(["00000000-0001-7000-8000-ffffffffffff", "00000000-0001-7000-8001-000000000000"]);
  });
});
