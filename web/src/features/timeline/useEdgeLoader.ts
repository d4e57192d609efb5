import { type RefObject, useEffect, useRef } from "react";

/** How far outside the list its edges are looked after, so that a reader seldom comes to one. */
const early = 1000;

/**
 * Calls `load` when `sentinel` comes near the list, once for each `token`: the same edge is not asked for twice, and a new
 * one is asked for at once if it is still near.
 */
export function useEdgeLoader(
  scroller: RefObject<HTMLElement | null>,
  sentinel: RefObject<HTMLElement | null>,
  token: string | null,
  load: () => void,
) {
  const asked = useRef<string | null>(null);
  useEffect(() => {
    const edge = sentinel.current;
    if (!edge || token === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting || asked.current === token) return;
        asked.current = token;
        load();
      },
      { root: scroller.current, rootMargin: `${early}px 0px` },
    );
    observer.observe(edge);
    return () => observer.disconnect();
  }, [scroller, sentinel, token, load]);
}
