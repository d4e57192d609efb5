import { describe, expect, it } from "vitest";
import { correction, isAtEnd, pickAnchor } from "./anchor";

const rows = [0, 1, 2, 3].map((n) => ({ id: `r${n}`, top: n * 100 - 150, bottom: n * 100 - 50 }));

describe("pickAnchor", () => {
  it("takes the second row in sight", () => {
    expect(pickAnchor(rows, 400)?.id).toBe("r2");
  });
  it("takes the first where a tall one fills the list, and nothing where there is nothing", () => {
    expect(
      pickAnchor(
        [
          { id: "tall", top: -10, bottom: 900 },
          { id: "next", top: 900, bottom: 950 },
        ],
        400,
      )?.id,
    ).toBe("tall");
    expect(pickAnchor([], 400)).toBeUndefined();
  });
});

describe("correction", () => {
  it("is what was put in above the row", () => {
    expect(correction({ id: "a", top: 50, scrollTop: 0 }, 350, 0)).toBe(300);
  });
  it("leaves out what the reader scrolled meanwhile", () => {
    // 300 px came above, and the reader went down by 20.
    expect(correction({ id: "a", top: 50, scrollTop: 0 }, 330, 20)).toBe(300);
    expect(correction({ id: "a", top: 50, scrollTop: 100 }, 70, 80)).toBe(0);
  });
});

describe("isAtEnd", () => {
  it("allows for a little", () => {
    expect(isAtEnd(560, 400, 1000)).toBe(true);
    expect(isAtEnd(559, 400, 1000)).toBe(false);
  });
});
