import { type RefObject, useCallback, useEffect } from "react";
import { onceAFrame } from "./onceAFrame";
import type { TimelineProps } from "./TimelineView";

/** Tells what is the last row that can be seen, when that changes. */
export function useSight(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  rows: unknown,
  atEnd: boolean,
  onSight: TimelineProps["onSight"],
) {
  const look = useCallback(() => {
    const list = scroller.current?.getBoundingClientRect();
    const all = content.current?.querySelectorAll<HTMLElement>("[data-row]");
    if (!list || !all) return;
    for (let at = all.length - 1; at >= 0; at -= 1) {
      const row = all[at] as HTMLElement;
      if (row.getBoundingClientRect().top < list.bottom - 8) return onSight(row.dataset.row ?? null, atEnd);
    }
    onSight(null, atEnd);
  }, [scroller, content, atEnd, onSight]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows are seen as well
  useEffect(() => {
    look();
    const list = scroller.current;
    const soon = onceAFrame(look);
    list?.addEventListener("scroll", soon, { passive: true });
    return () => list?.removeEventListener("scroll", soon);
  }, [rows, look, scroller]);
}
