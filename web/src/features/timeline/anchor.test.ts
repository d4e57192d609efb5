import { describe, expect, it } from "vitest";
import { correction, firstWhere, isAtEnd, pickAnchor, type RowBox } from "./anchor";

const rows = [0, 1, 2, 3].map((n) => ({ id: `r${n}`, top: n * 100 - 150, bottom: n * 100 - 50 }));

const picked = (all: readonly RowBox[], height: number) => pickAnchor(all.length, (index) => all[index] as RowBox, height)?.id;

describe("pickAnchor", () => {
  it("takes the second row in sight", () => {
    expect(picked(rows, 400)).toBe("r2");
  });
  it("takes the first where a tall one fills the list, and nothing where there is nothing", () => {
    expect(
      picked(
        [
          { id: "tall", top: -10, bottom: 900 },
          { id: "next", top: 900, bottom: 950 },
        ],
        400,
      ),
    ).toBe("tall");
    expect(picked([], 400)).toBeUndefined();
    // All of it is above.
    expect(picked(rows.slice(0, 1), 400)).toBeUndefined();
    expect(picked(rows.slice(0, 2), 400)).toBe("r1");
  });
  it("looks at a few rows of many", () => {
    let looks = 0;
    const boxAt = (n: number) => {
      looks += 1;
      return { id: `r${n}`, top: n * 50 - 5_000, bottom: n * 50 - 4_950 };
    };
    expect(pickAnchor(200, boxAt, 600)?.id).toBe("r101");
    expect(looks).toBeLessThan(12);
  });
});

describe("firstWhere", () => {
  it("finds where something begins to hold, if it does", () => {
    for (const from of [0, 1, 7, 10]) expect(firstWhere(10, (index) => index >= from)).toBe(from);
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
