import { describe, expect, it } from "vitest";
import { parse, toggled, unparse } from "./markup";

const range = (style: string, start: number, end: number) => ({ style, start, end });

describe("parse", () => {
  it("turns marks into ranges of the text without them", () => {
    expect(parse("a **bold** and _thin_ `x = 1` ~~no~~")).toEqual({
      text: "a bold and thin x = 1 no",
      formatting: [range("bold", 2, 6), range("italic", 11, 15), range("code", 16, 21), range("strike", 22, 24)],
    });
  });
  it("lets styles stand within each other", () => {
    expect(parse("**a _b_**")).toEqual({ text: "a b", formatting: [range("bold", 0, 3), range("italic", 2, 3)] });
  });
  it.each(["snake_case_name", "2 ** 3 ** 4", "a * b", "**", "__", "~~ x ~~", "`", "\\\\server\\share", "5*6*7"])(
    "leaves %s as it is",
    (text) => {
      expect(parse(text)).toEqual({ text, formatting: [] });
    },
  );
  it("takes nothing within code for a mark, and a backslash for what it says", () => {
    expect(parse("`**x**`")).toEqual({ text: "**x**", formatting: [range("code", 0, 5)] });
    expect(parse("\\**x\\**")).toEqual({ text: "**x**", formatting: [] });
  });
  it("keeps the lines of a fence, without those of the fence itself", () => {
    expect(parse("```\na\n  b\n```")).toEqual({ text: "a\n  b", formatting: [range("pre", 0, 5)] });
  });
  it("cuts white space at the ends and moves the ranges along", () => {
    expect(parse("  **a**\n")).toEqual({ text: "a", formatting: [range("bold", 0, 1)] });
    expect(parse("   ")).toEqual({ text: "", formatting: [] });
  });
  it("counts UTF-16 code units", () => {
    expect(parse("😀 **b**").formatting).toEqual([range("bold", 3, 4)]);
  });
});

describe("unparse", () => {
  it.each(["plain", "a **b** c", "snake_case", "\\*\\*kept\\*\\*", "**a _b_** `c_d`", "```\nx\n```", "1 < 2 & <b>"])(
    "gives for %s what is parsed to the same",
    (source) => {
      const sent = parse(source);
      expect(parse(unparse(sent))).toEqual(sent);
    },
  );
  it("does not clutter what needs no escape", () => {
    expect(unparse({ text: "snake_case", formatting: [] })).toBe("snake_case");
  });
});

describe("toggled", () => {
  it("puts marks around the selection and takes them away again", () => {
    const once = toggled({ value: "say hello", start: 4, end: 9 }, "bold");
    expect(once).toEqual({ value: "say **hello**", start: 6, end: 11 });
    expect(toggled(once, "bold")).toEqual({ value: "say hello", start: 4, end: 9 });
  });
  it("leaves spaces outside", () => {
    expect(toggled({ value: "a b c", start: 1, end: 4 }, "italic").value).toBe("a _b_ c");
  });
  it("opens an empty pair at the cursor", () => {
    expect(toggled({ value: "", start: 0, end: 0 }, "code")).toEqual({ value: "``", start: 1, end: 1 });
  });
});
