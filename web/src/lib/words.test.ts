import { describe, expect, it } from "vitest";
import { fold, hitsIn, keysOf, matches, termsOf, wordsOf } from "./words";

/** As the search does it: by the index first, then by looking. */
function finds(text: string, query: string): boolean {
  const words = wordsOf(text);
  const keys = keysOf(termsOf(query));
  return keys.length > 0 && keys.every((key) => words.some((word) => word.startsWith(key))) && hitsIn(text, query).length > 0;
}

describe("words", () => {
  it.each([
    ["Crème BRÛLÉE", "creme brulee"],
    ["ＡＢＣ １２３", "abc 123"],
    ["İstanbul", "istanbul"],
    ["ﬁnal", "final"],
    ["한국어", "한국어"],
  ])("takes %s for %s", (text, folded) => expect(fold(text)).toBe(folded));

  it.each([
    ["Meet me at example.org/path tomorrow", "org"],
    ["Meet me at example.org/path tomorrow", "tomo meet"],
    ["l'été à Paris", "ete"],
    ["東京都に住んでいます", "京都"],
    ["東京都に住んでいます", "都"],
    ["東京都に住んでいます", "す"],
    ["我喜歡喝咖啡", "咖啡"],
    ["สวัสดีชาวโลก", "ชาว"],
    ["한국어를 배우다", "한국"],
    ["Привет, мир", "МИР"],
    ["ﺍﻟﺴﻼم عليكم", "السلام"],
    ["v2 of 東京 plan", "東京 plan"],
  ])("finds in %s: %s", (text, query) => expect(finds(text, query)).toBe(true));

  it.each([
    ["Meet me tomorrow", "morrow"],
    ["Meet me tomorrow", "meet never"],
    ["東京都", "都京"],
    ["anything", ""],
    ["anything", "…"],
  ])("does not find in %s: %s", (text, query) => expect(finds(text, query)).toBe(false));

  it("says where, in the text as it was written", () => {
    const text = "𝓗ello, Crème! ﬁne creme";
    expect(hitsIn(text, "creme").map(([from, to]) => text.slice(from, to))).toEqual(["Crème", "creme"]);
    expect(hitsIn(text, "fi").map(([from, to]) => text.slice(from, to))).toEqual(["ﬁ"]);
    expect(hitsIn("aaa aab", "aa a")).toEqual([
      [0, 2],
      [4, 6],
    ]);
  });

  it("finds decomposed what is written composed", () => {
    const text = "cafe\u0301 noir";
    expect(hitsIn(text, "café")).toEqual([[0, 5]]);
  });

  it("bounds what it indexes", () => {
    const words = wordsOf(`${"x".repeat(500)} ${Array.from({ length: 5_000 }, (_, i) => `w${i}`).join(" ")}`);
    expect(words.length).toBe(2_000);
    expect(Math.max(...words.map((word) => word.length))).toBe(40);
  });

  it("compares names", () => {
    expect(matches("Ann-Marie Müller", "mul")).toBe(true);
    expect(matches("Ann-Marie Müller", "marie mü")).toBe(true);
    expect(matches("Ann-Marie Müller", "rie")).toBe(false);
    expect(matches("Ann", " ")).toBe(false);
  });
});
