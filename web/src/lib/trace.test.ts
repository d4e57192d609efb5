// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { hasTrace, leaveTrace, wipeTrace } from "./trace";

afterEach(() => vi.unstubAllGlobals());

describe("the trace of a device", () => {
  it("stays until it is wiped", () => {
    expect(hasTrace()).toBe(false);
    leaveTrace();
    expect(hasTrace()).toBe(true);
    wipeTrace();
    expect(hasTrace()).toBe(false);
  });

  it("is not missed where the browser forbids it", () => {
    vi.stubGlobal("localStorage", {
      getItem: () => {
        throw new DOMException("no", "SecurityError");
      },
    });
    expect(hasTrace()).toBe(false);
  });
});
