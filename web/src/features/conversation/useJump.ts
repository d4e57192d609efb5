import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { AnchoredScroll } from "@/features/timeline/useAnchoredScroll";
import type { Around, MessageView } from "@/store/queries";

type Goal = {
  /** Null: what the slice found where it was told to look. */
  id: string | null;
  /** The place that a link names: something else that stands there now is not what was meant. */
  seq: number | null;
  align: "center" | "top";
  flash: boolean;
};

type Options = {
  scroll: RefObject<AnchoredScroll | null>;
  slice: { anchorId: string | null; messages: readonly Pick<MessageView, "id" | "seq">[] } | undefined;
  current: boolean;
  goTo: (around: Around) => void;
  /** Where to begin: null for the end. */
  start: Pick<Goal, "seq" | "align" | "flash"> | null;
  /** Whether this device has a message. */
  has: (id: string) => Promise<boolean>;
  /** The message that was asked for is not on this device. */
  onMissing: () => void;
};

const flashMs = 1700;

/** Brings a message into sight and marks it for a moment, loading what is around it if it has to. */
export function useJump({ scroll, slice, current, goTo, start, has, onMissing }: Options) {
  const [flash, setFlash] = useState<string | null>(null);
  const wanted = useRef<Goal | null>(start ? { id: null, ...start } : null);

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
    const meant = goal.seq === null || slice.messages.some((message) => message.id === id && message.seq === goal.seq);
    if (id && !show(id, goal.align, goal.flash && meant)) return;
    wanted.current = null;
    if (!meant) onMissing();
  }, [slice, current, show, onMissing]);

  useEffect(() => {
    if (!flash) return;
    const timer = setTimeout(() => setFlash(null), flashMs);
    return () => clearTimeout(timer);
  }, [flash]);

  const toMessage = useCallback(
    async (id: string) => {
      if (show(id, "center", true)) return;
      if (!(await has(id))) return onMissing();
      wanted.current = { id, seq: null, align: "center", flash: true };
      goTo({ at: "message", id });
    },
    [show, goTo, has, onMissing],
  );

  const toSeq = useCallback(
    (seq: number) => {
      wanted.current = { id: null, seq, align: "center", flash: true };
      goTo({ at: "seq", seq });
    },
    [goTo],
  );

  /** To the first message behind a place. */
  const toAfter = useCallback(
    (seq: number) => {
      wanted.current = { id: null, seq: null, align: "top", flash: false };
      goTo({ at: "seq", seq: seq + 1 });
    },
    [goTo],
  );

  return { flash, toMessage, toSeq, toAfter };
}
