import { describe, expect, it } from "vitest";
import { sideOf, sideOfUnloaded } from "./useUnreadSide";

const list = { top: 100, bottom: 700 };
const at = (top: number) => ({ top, bottom: top + 20 });

describe("where the first unread message is", () => {
  it("is of interest when it is more than a window above, or below", () => {
    expect(sideOf(list, at(-521))).toBe("above");
    expect(sideOf(list, at(-519))).toBeNull();
    expect(sideOf(list, at(300))).toBeNull();
    expect(sideOf(list, at(701))).toBe("below");
  });

  it("is told by places in the log when it is not loaded", () => {
    const loaded = [{ seq: null }, { seq: 50 }, { seq: 60 }, { seq: null }];
    expect(sideOfUnloaded(loaded, { unreadAbove: 20, hasOlder: true, hasNewer: true })).toBe("above");
    expect(sideOfUnloaded(loaded, { unreadAbove: 60, hasOlder: true, hasNewer: true })).toBe("below");
    // All of it is loaded, and none of it was somebody else's.
    expect(sideOfUnloaded(loaded, { unreadAbove: 20, hasOlder: false, hasNewer: false })).toBeNull();
    expect(sideOfUnloaded(loaded, { unreadAbove: 60, hasOlder: true, hasNewer: false })).toBeNull();
    expect(sideOfUnloaded(loaded, { unreadAbove: null, hasOlder: true, hasNewer: true })).toBeNull();
    expect(sideOfUnloaded([], { unreadAbove: 1, hasOlder: false, hasNewer: false })).toBeNull();
  });
});
