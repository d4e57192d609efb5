import { describe, expect, it } from "vitest";
import { sameRows } from "./sameRows";

describe("sameRows", () => {
  const before = [
    { id: "a", text: "1" },
    { id: "b", text: "2" },
  ];
  it("is the old list when nothing is different", () => {
    expect(sameRows(before, structuredClone(before))).toBe(before);
  });
  it("keeps the rows that did not change, wherever they are now", () => {
    const now = sameRows(before, [
      { id: "c", text: "0" },
      { id: "a", text: "1" },
      { id: "b", text: "changed" },
    ]);
    expect(now[1]).toBe(before[0]);
    expect(now[2]).not.toBe(before[1]);
    expect(now.map((row) => row.text)).toEqual(["0", "1", "changed"]);
  });
  it("notices what went", () => {
    expect(sameRows(before, before.slice(1))).toEqual([before[1]]);
  });
});
