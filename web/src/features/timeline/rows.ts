import { dayOf } from "@/ui/when";

/** What grouping needs to know of a message. */
export type Line = { id: string; senderId: string; createdAt: string; seq: number | null; type: string };

export type Row<T extends Line> =
  | { kind: "day"; id: string; at: string }
  | { kind: "unread"; id: string }
  | { kind: "line"; id: string; line: T; first: boolean; last: boolean };

const together = 3 * 60_000;

/**
 * Lines with what stands between them. Lines of one sender within three minutes on one day belong together; what is no
 * message belongs to nothing. The divider stands before the first line above `readSeq` of somebody else.
 */
export function rowsOf<T extends Line>(
  lines: readonly T[],
  options: { me: string; unreadAbove: number | null; timeZone?: string },
): Row<T>[] {
  const days = lines.map((line) => dayOf(line.createdAt, options.timeZone));
  const out: Row<T>[] = [];
  let divided = options.unreadAbove === null;
  lines.forEach((line, at) => {
    const before = lines[at - 1];
    const after = lines[at + 1];
    const day = days[at];
    const newDay = !before || days[at - 1] !== day;
    if (newDay) out.push({ kind: "day", id: `day-${day}`, at: line.createdAt });
    const divides = !divided && isUnread(line, options);
    if (divides) {
      out.push({ kind: "unread", id: "unread" });
      divided = true;
    }
    const nextDivides = !divided && after !== undefined && isUnread(after, options);
    out.push({
      kind: "line",
      id: line.id,
      line,
      first: newDay || divides || !joined(before, line),
      last: !after || nextDivides || days[at + 1] !== day || !joined(line, after),
    });
  });
  return out;
}

function isUnread(line: Line, { me, unreadAbove }: { me: string; unreadAbove: number | null }): boolean {
  return unreadAbove !== null && line.seq !== null && line.seq > unreadAbove && line.senderId !== me && line.type === "message";
}

function joined(a: Line | undefined, b: Line): boolean {
  if (a?.type !== "message" || b.type !== "message" || a.senderId !== b.senderId) return false;
  return Math.abs(Date.parse(b.createdAt) - Date.parse(a.createdAt)) <= together;
}
