import { type KeyboardEvent, type RefObject, useCallback, useState } from "react";

/**
 * One message at a time can be reached by Tab; the arrows, Home and End move on. Within a message Tab walks what can be done
 * with it, and Escape leads back to the box.
 */
export function useRovingRow(content: RefObject<HTMLElement | null>, lastId: string | undefined, onLeave: () => void) {
  const [chosen, setChosen] = useState<string | null>(null);
  const exists = chosen !== null && content.current?.querySelector(`[data-row="${CSS.escape(chosen)}"]`);
  const active = exists ? chosen : (lastId ?? null);

  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      const row = (event.target as Element).closest<HTMLElement>("[data-row]");
      if (!row || !content.current) return;
      if (event.key === "Escape") return onLeave();
      // Within a menu or on a button of the message, keys are its own.
      if (event.target !== row) return;
      const rows = [...content.current.querySelectorAll<HTMLElement>("[data-row]")];
      const to = step(event.key, rows.indexOf(row), rows.length);
      if (to === null) return;
      event.preventDefault();
      rows[to]?.focus({ preventScroll: true });
      rows[to]?.scrollIntoView({ block: "nearest" });
    },
    [content, onLeave],
  );

  const onFocus = useCallback((event: { target: EventTarget }) => {
    const row = (event.target as Element).closest<HTMLElement>("[data-row]");
    if (row?.dataset.row) setChosen(row.dataset.row);
  }, []);

  return { active, onKeyDown, onFocus };
}

export function step(key: string, at: number, count: number): number | null {
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: count - 1, PageUp: at - 8, PageDown: at + 8 }[key];
  if (to === undefined) return null;
  return Math.max(0, Math.min(count - 1, to));
}
