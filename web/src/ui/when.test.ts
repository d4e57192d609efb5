import { describe, expect, it } from "vitest";
import { daysAgo } from "./when";

describe("daysAgo", () => {
  const now = Date.parse("2026-03-02T00:30:00Z");
  it("counts days of the calendar, not of 24 hours", () => {
    expect(daysAgo("2026-03-02T00:10:00Z", now, "UTC")).toBe(0);
    expect(daysAgo("2026-03-01T23:59:00Z", now, "UTC")).toBe(1);
    expect(daysAgo("2026-02-28T12:00:00Z", now, "UTC")).toBe(2);
  });
  it("counts them where the reader is", () => {
    expect(daysAgo("2026-03-01T23:59:00Z", now, "America/New_York")).toBe(0);
    expect(daysAgo("2026-03-01T22:30:00Z", now, "Asia/Kolkata")).toBe(0);
  });
});
