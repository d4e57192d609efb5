import { describe, expect, it } from "vitest";
import { segments } from "./segments";

describe("segments", () => {
  it("leaves a plain text whole", () => {
    expect(segments("hello").map((part) => part.text)).toEqual(["hello"]);
    expect(segments("")).toEqual([]);
  });

  it("lets styles overlap", () => {
    const parts = segments("abcdef", [
      { style: "bold", start: 0, end: 4 },
      { style: "italic", start: 2, end: 6 },
    ]);
    expect(parts.map((part) => [part.text, part.styles])).toEqual([
      ["ab", ["bold"]],
      ["cd", ["bold", "italic"]],
      ["ef", ["italic"]],
    ]);
  });

  it("passes over ranges that are no part of the text, and styles it does not know", () => {
    const parts = segments("abc", [
      { style: "bold", start: 2, end: 9 },
      { style: "bold", start: -1, end: 2 },
      { style: "bold", start: 2, end: 1 },
      { style: "onclick", start: 0, end: 3 },
    ]);
    expect(parts).toHaveLength(1);
    expect(parts[0]?.styles).toEqual([]);
  });

  it("finds addresses, without the sentence around them", () => {
    const link = segments("see (https://example.org/a_(b)). ok").find((part) => part.href);
    expect(link?.text).toBe("https://example.org/a_(b)");
  });

  it("makes no link of a script, nor within code", () => {
    expect(segments("javascript:alert(1)").some((part) => part.href)).toBe(false);
    expect(segments("https://example.org", [{ style: "code", start: 0, end: 19 }]).some((part) => part.href)).toBe(false);
  });

  it("marks what was searched for", () => {
    expect(segments("one two", [], [[4, 7]]).map((part) => [part.text, part.hit])).toEqual([
      ["one ", false],
      ["two", true],
    ]);
  });
});
