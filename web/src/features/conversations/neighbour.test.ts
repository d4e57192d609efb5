import { describe, expect, it } from "vitest";
import { neighbour } from "./neighbour";

describe("neighbour", () => {
  it("goes round", () => {
    expect(neighbour(["a", "b", "c"], "c", 1)).toBe("a");
    expect(neighbour(["a", "b", "c"], "a", -1)).toBe("c");
    expect(neighbour(["a", "b", "c"], null, -1)).toBe("c");
    expect(neighbour([], "a", 1)).toBeNull();
    expect(neighbour(["a"], "gone", 1)).toBe("a");
  });
});
