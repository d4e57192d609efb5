import { useCallback, useEffect, useRef } from "react";
import type { Position } from "@/store/db";
import { markRead } from "@/store/actions";

/** What was seen is read, if somebody is there to see it: the page is on screen and has the focus. */
export function useMarkRead(conversationId: string, read: Position, markedUnread: boolean, enabled: boolean) {
  const seen = useRef<Position | null>(null);
  const marked = useRef(read.seq);
  marked.current = Math.max(marked.current, read.seq);

  const mark = useCallback(() => {
    const position = seen.current;
    if (!enabled || !position || position.seq <= marked.current) return;
    if (document.visibilityState !== "visible" || !document.hasFocus()) return;
    marked.current = position.seq;
    void markRead(conversationId, position);
  }, [conversationId, enabled]);

  useEffect(() => {
    addEventListener("focus", mark);
    document.addEventListener("visibilitychange", mark);
    return () => {
      removeEventListener("focus", mark);
      document.removeEventListener("visibilitychange", mark);
    };
  }, [mark]);

  // A mark set by hand goes when the conversation is opened, not when it is set in the one that is open.
  const opened = useRef(markedUnread);
  useEffect(() => {
    if (opened.current) void markRead(conversationId, seen.current ?? undefined);
    opened.current = false;
  }, [conversationId]);

  return useCallback(
    (position: Position) => {
      if (!seen.current || position.seq > seen.current.seq) seen.current = position;
      mark();
    },
    [mark],
  );
}
