import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { AnchoredScroll } from "@/features/timeline/useAnchoredScroll";
import type { Around, MessageSlice } from "@/store/queries";

type Options = {
  scroll: RefObject<AnchoredScroll | null>;
  slice: Pick<MessageSlice, "anchorId"> | undefined;
  current: boolean;
  goTo: (around: Around) => void;
  /** Where to begin: null for the end. */
  start: { align: "center" | "top"; flash: boolean } | null;
};

const flashMs = 1700;

/** Brings a message into sight and marks it for a moment, loading what is around it if it has to. */
export function useJump({ scroll, slice, current, goTo, start }: Options) {
  const [flash, setFlash] = useState<string | null>(null);
  const wanted = useRef(start ? { id: null as string | null, ...start } : null);

  const show = useCallback(
    (id: string, align: "center" | "top", mark: boolean) => {
      if (!scroll.current?.toRow(id, align)) return false;
      if (mark) setFlash(id);
      return true;
    },
    [scroll],
  );

  useLayoutEffect(() => {
    const goal = wanted.current;
    if (!goal || !current || !slice) return;
    const id = goal.id ?? slice.anchorId;
    if (!id || show(id, goal.align, goal.flash)) wanted.current = null;
  }, [slice, current, show]);

  useEffect(() => {
    if (!flash) return;
    const timer = setTimeout(() => setFlash(null), flashMs);
    return () => clearTimeout(timer);
  }, [flash]);

  const toMessage = useCallback(
    (id: string) => {
      if (show(id, "center", true)) return;
      wanted.current = { id, align: "center", flash: true };
      goTo({ at: "message", id });
    },
    [show, goTo],
  );

  const toSeq = useCallback(
    (seq: number) => {
      wanted.current = { id: null, align: "center", flash: true };
      goTo({ at: "seq", seq });
    },
    [goTo],
  );

  return { flash, toMessage, toSeq };
}
