import { describe, expect, it } from "vitest";
import { bannerOf } from "./useConnection";

describe("bannerOf", () => {
  it("says nothing of an interruption of less than two seconds", () => {
    expect(bannerOf("connecting", 1000, 2999, false)).toBeNull();
    expect(bannerOf("connecting", 1000, 3000, false)).toBe("offline");
  });
  it("tells a missing network from a server that does not answer", () => {
    expect(bannerOf("connecting", 0, 5000, true)).toBe("reconnecting");
    expect(bannerOf("connecting", 0, 5000, false)).toBe("offline");
  });
  it("says nothing while all is well or nobody is logged in", () => {
    for (const phase of ["online", "starting", "signed-out", "expired"] as const) expect(bannerOf(phase, 0, 9000, true)).toBeNull();
  });
});
