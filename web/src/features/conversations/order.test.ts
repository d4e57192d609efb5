import { describe, expect, it } from "vitest";
import { inOrder, neighbour } from "./order";

const one = (id: string, at: string | null, more = {}) => ({ id, at, createdAt: "2026-01-01T00:00:00Z", pinned: false, archived: false, hidden: false, ...more });

describe("inOrder", () => {
  it("puts pinned ones first, then the newest, and leaves out what is not to be shown", () => {
    const all = [
      one("old", "2026-01-02T00:00:00Z"),
      one("pinned", "2026-01-01T00:00:00Z", { pinned: true }),
      one("new", "2026-01-03T00:00:00Z"),
      one("silent", null),
      one("hidden", "2026-01-09T00:00:00Z", { hidden: true }),
      one("archived", "2026-01-09T00:00:00Z", { archived: true }),
    ];
    expect(inOrder(all, false).map((item) => item.id)).toEqual(["pinned", "new", "old", "silent"]);
    expect(inOrder(all, true).map((item) => item.id)).toEqual(["archived"]);
  });
});

describe("neighbour", () => {
  it("goes round", () => {
    expect(neighbour(["a", "b", "c"], "c", 1)).toBe("a");
    expect(neighbour(["a", "b", "c"], "a", -1)).toBe("c");
    expect(neighbour(["a", "b", "c"], null, -1)).toBe("c");
    expect(neighbour([], "a", 1)).toBeNull();
    expect(neighbour(["a"], "gone", 1)).toBe("a");
  });
});
