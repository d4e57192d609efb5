import { describe, expect, it } from "vitest";
import { placeBeside } from "./place";

const size = { width: 200, height: 300 };
const box = (left: number, top: number) => ({ left, top, right: left + 40, bottom: top + 40 });

describe("placeBeside", () => {
  it("goes below what it belongs to", () => {
    expect(placeBeside(box(10, 10), size, 400, 800)).toEqual({ left: 10, top: 54 });
  });
  it("goes above where there is no room below", () => {
    expect(placeBeside(box(10, 700), size, 400, 800)).toEqual({ left: 10, top: 396 });
  });
  it("keeps within the window on every side", () => {
    expect(placeBeside(box(380, 10), size, 400, 800).left).toBe(192);
    expect(placeBeside(box(0, 100), { width: 600, height: 790 }, 400, 800)).toEqual({ left: 8, top: 8 });
  });
});
