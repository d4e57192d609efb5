import { type RefObject, useLayoutEffect, useState } from "react";
import { placeBeside } from "./place";

export type Anchor = RefObject<HTMLElement | null> | { x: number; y: number };

/** Opens a popover beside its anchor, and keeps it in the window when that changes its size (a phone's keyboard comes up). */
export function usePopoverPlace(popover: RefObject<HTMLElement | null>, anchor: Anchor): { left: number; top: number } | null {
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);
  useLayoutEffect(() => {
    const element = popover.current;
    if (!element) return;
    const put = () => setPlace(placeBeside(boxOf(anchor), element.getBoundingClientRect(), window.innerWidth, window.innerHeight));
    if (!element.matches(":popover-open")) element.showPopover();
    put();
    addEventListener("resize", put);
    return () => removeEventListener("resize", put);
  }, [popover, anchor]);
  return place;
}

function boxOf(anchor: Anchor): DOMRect {
  if ("current" in anchor) return anchor.current?.getBoundingClientRect() ?? new DOMRect();
  return new DOMRect(anchor.x, anchor.y, 0, 0);
}
