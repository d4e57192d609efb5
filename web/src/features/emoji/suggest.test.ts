import { describe, expect, it } from "vitest";
import { queryAt, suggestions } from "./suggest";

describe("queryAt", () => {
  it("finds the word behind a colon that ends at the cursor", () => {
    expect(queryAt("hi :smi", 7)).toEqual({ start: 3, query: "smi" });
    expect(queryAt(":ha and more", 3)).toEqual({ start: 0, query: "ha" });
  });
  it("leaves alone times, addresses, and a single letter", () => {
    for (const text of ["10:30", "https://x", "a:bc", ":s", ": smi", "hi"]) expect(queryAt(text, text.length)).toBeNull();
  });
});

describe("suggestions", () => {
  const all = [
    { emoji: "😄", label: "grinning face", tags: ["smile"], order: 1, group: 0 },
    { emoji: "😀", label: "smiling face", tags: ["happy"], order: 2, group: 0 },
    { emoji: "🐱", label: "cat", tags: ["smile"], order: 3, group: 3 },
    { emoji: "🏽", label: "smile tone", order: 0 },
  ];
  it("takes whole words before beginnings, and no parts of others", () => {
    expect(suggestions(all, "smile", 9).map((one) => one.emoji)).toEqual(["😄", "🐱"]);
    expect(suggestions(all, "smil", 9).map((one) => one.emoji)).toEqual(["😀", "😄", "🐱"]);
    expect(suggestions(all, "zebra", 9)).toEqual([]);
  });
});
