import { describe, expect, it } from "vitest";
import { keepPlace, keptPlace } from "./places";

describe("places", () => {
  it("remembers where the reader was, and forgets it at the end", () => {
    keepPlace("c", "m");
    expect(keptPlace("c")).toBe("m");
    keepPlace("c", null);
    expect(keptPlace("c")).toBeUndefined();
  });
});
