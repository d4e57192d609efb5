import { type RefObject, useCallback, useEffect } from "react";
import { firstWhere } from "./anchor";
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
    const below = firstWhere(all.length, (index) => (all[index] as HTMLElement).getBoundingClientRect().top >= list.bottom - 8);
    onSight(all[below - 1]?.dataset.row ?? null, atEnd);
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
