import { type RefObject, useEffect, useState } from "react";
import type { MessageView } from "@/store/queries";
import { onceAFrame } from "./onceAFrame";

/** Where the first unread message is, seen from the reader: far above, below, or (null) about here, or nowhere. */
export type Side = "above" | "below" | null;

type Box = { top: number; bottom: number };
type Around = { unreadAbove: number | null; hasOlder: boolean; hasNewer: boolean };

/** Less than a window above it is found by scrolling a little; a button would only be in the way. */
export function sideOf(list: Box, divider: Box): Side {
  if (divider.bottom < list.top - (list.bottom - list.top)) return "above";
  return divider.top > list.bottom ? "below" : null;
}

/** Of a divider that is not among the loaded messages. */
export function sideOfUnloaded(messages: readonly Pick<MessageView, "seq">[], { unreadAbove, hasOlder, hasNewer }: Around): Side {
  const places = messages.map((message) => message.seq).filter((seq) => seq !== null);
  const [first, last] = [places[0], places.at(-1)];
  if (unreadAbove === null || first === undefined || last === undefined) return null;
  if (hasOlder && first > unreadAbove) return "above";
  return hasNewer && last <= unreadAbove ? "below" : null;
}

export function useUnreadSide(scroller: RefObject<HTMLElement | null>, messages: readonly MessageView[], around: Around): Side {
  const [side, setSide] = useState<Side>(null);
  const { unreadAbove, hasOlder, hasNewer } = around;
  useEffect(() => {
    const list = scroller.current;
    if (!list || unreadAbove === null) return setSide(null);
    const look = () => {
      const divider = list.querySelector("[data-unread-divider]");
      if (divider) setSide(sideOf(list.getBoundingClientRect(), divider.getBoundingClientRect()));
      else setSide(sideOfUnloaded(messages, { unreadAbove, hasOlder, hasNewer }));
    };
    const soon = onceAFrame(look);
    look();
    list.addEventListener("scroll", soon, { passive: true });
    return () => list.removeEventListener("scroll", soon);
  }, [scroller, messages, unreadAbove, hasOlder, hasNewer]);
  return side;
}
