import { describe, expect, it } from "vitest";
import { excerptAround } from "./SearchResults";

describe("excerptAround", () => {
  it("leaves a text whole whose hit stands at its beginning", () => {
    expect(excerptAround("hello there", [[6, 11]])).toEqual({ text: "hello there", hits: [[6, 11]] });
  });
  it("begins shortly before a hit that stands further on", () => {
    const text = `${"word ".repeat(20)}needle and the rest`;
    const found = excerptAround(text, [[100, 106]]);
    expect(found.text.startsWith("…word")).toBe(true);
    const [start, end] = found.hits[0] as [number, number];
    expect(found.text.slice(start, end)).toBe("needle");
    expect(start).toBeLessThan(35);
  });
});
