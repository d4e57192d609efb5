import { describe, expect, it } from "vitest";
import { type Line, rowsOf } from "./rows";

const line = (id: string, senderId: string, time: string, seq: number | null = Number(id), type = "message"): Line => ({
  id,
  senderId,
  createdAt: `2026-03-01T${time}.000Z`,
  seq,
  type,
});
const shape = (lines: Line[], unreadAbove: number | null = null) =>
  rowsOf(lines, { me: "me", unreadAbove, timeZone: "UTC" }).map((row) =>
    row.kind === "line" ? `${row.id}${row.first ? "^" : ""}${row.last ? "$" : ""}` : row.kind,
  );

describe("rowsOf", () => {
  it("puts together what one person says within three minutes", () => {
    expect(shape([line("1", "a", "10:00:00"), line("2", "a", "10:02:59"), line("3", "a", "10:06:00"), line("4", "b", "10:06:01")])).toEqual(
      ["day", "1^", "2$", "3^$", "4^$"],
    );
  });

  it("begins a day with its date, by the reader's clock", () => {
    const two = [line("1", "a", "23:30:00"), { ...line("2", "a", "00:00:00"), createdAt: "2026-03-01T23:31:00.000Z" }];
    expect(shape(two)).toEqual(["day", "1^", "2$"]);
    const later = rowsOf([two[0] as Line, { ...(two[1] as Line), createdAt: "2026-03-02T00:00:30.000Z" }], {
      me: "me",
      unreadAbove: null,
      timeZone: "UTC",
    });
    expect(later.map((row) => row.kind)).toEqual(["day", "line", "day", "line"]);
  });

  it("divides before the first unread line of somebody else, once", () => {
    expect(
      shape([line("1", "a", "10:00:00"), line("2", "me", "10:00:01"), line("3", "a", "10:00:02"), line("4", "a", "10:00:03")], 1),
    ).toEqual(["day", "1^$", "2^$", "unread", "3^", "4$"]);
  });

  it("does not divide for one's own lines, nor for what waits to be sent", () => {
    expect(shape([line("1", "a", "10:00:00"), line("2", "me", "10:00:01", null)], 1)).not.toContain("unread");
  });

  it("lets what is no message stand alone", () => {
    expect(shape([line("1", "a", "10:00:00"), line("2", "a", "10:00:01", 2, "member"), line("3", "a", "10:00:02")])).toEqual([
      "day",
      "1^$",
      "2^$",
      "3^$",
    ]);
  });
});
