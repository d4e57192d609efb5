import type { Around, ConversationView } from "@/store/queries";
import { keptPlace } from "./places";

export type Start = {
  around: Around;
  /** What to bring into sight; null: the end. */
  goal: { seq: number | null; align: "center" | "top"; flash: boolean } | null;
  /** The place up to which the person had read; null when there was nothing unread. */
  unreadAbove: number | null;
};

/** Where a conversation opens: at the message that a link names, at the first unread one, where the reader was, or at the end. */
export function openingOf({ id, unread, read }: ConversationView, seq: number | null): Start {
  const unreadAbove = unread > 0 ? read.seq : null;
  if (seq !== null) return { around: { at: "seq", seq }, goal: { seq, align: "center", flash: true }, unreadAbove };
  if (unread > 0) return { around: { at: "unread" }, goal: { seq: null, align: "top", flash: false }, unreadAbove };
  const place = keptPlace(id);
  if (place) return { around: { at: "message", id: place }, goal: { seq: null, align: "center", flash: false }, unreadAbove };
  return { around: { at: "end" }, goal: null, unreadAbove };
}
