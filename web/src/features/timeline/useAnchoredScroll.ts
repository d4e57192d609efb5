import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { type Anchor, correction, isAtEnd, pickAnchor, type RowBox } from "./anchor";

type Options = {
  /** Holds the rows; each row carries `data-row`. */
  content: RefObject<HTMLElement | null>;
  scroller: RefObject<HTMLElement | null>;
  /** Changes with whatever may move rows: the list itself. */
  rows: unknown;
  /** Whether the last row there is, is loaded: only then is the list's end the conversation's. */
  hasEnd: boolean;
};

export type AnchoredScroll = {
  atEnd: boolean;
  toEnd: () => void;
  /** Puts a row into the middle, and holds it there. False when it is not loaded. */
  toRow: (id: string, align?: "center" | "top") => boolean;
  /** Goes to the end with the next change: one's own message was added. */
  follow: () => void;
};

/**
 * Keeps what the reader looks at where it is, whatever is added above or below, grows or is cut off; stays at the end when
 * the reader is there. The browser's own anchoring is switched off in the style of the list, for it would do it twice.
 */
export function useAnchoredScroll({ content, scroller, rows, hasEnd }: Options): AnchoredScroll {
  const anchor = useRef<Anchor | null>(null);
  const stick = useRef(true);
  /** The end was asked for and is not loaded yet. */
  const endWanted = useRef(false);
  const [atEnd, setAtEnd] = useState(true);
  const ended = useRef(hasEnd);
  ended.current = hasEnd;

  const remember = useCallback(() => {
    const list = scroller.current;
    if (!list) return;
    const edge = list.getBoundingClientRect().top;
    const rows = rowsOf(content.current);
    const picked = pickAnchor(rows.length, (index) => boxOf(rows[index] as HTMLElement, edge), list.clientHeight);
    anchor.current = picked ? { id: picked.id, top: picked.top, scrollTop: list.scrollTop } : null;
    stick.current = ended.current && isAtEnd(list.scrollTop, list.clientHeight, list.scrollHeight);
    setAtEnd(stick.current);
  }, [content, scroller]);

  const restore = useCallback(() => {
    const list = scroller.current;
    if (!list) return;
    if ((stick.current || endWanted.current) && ended.current) {
      endWanted.current = false;
      list.scrollTop = list.scrollHeight;
    } else if (anchor.current) {
      const row = rowOf(content.current, anchor.current.id);
      const by = row ? correction(anchor.current, topOf(row, list), list.scrollTop) : 0;
      if (Math.abs(by) >= 1) list.scrollTop += by;
    }
    remember();
  }, [content, scroller, remember]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows are what it waits for
  useLayoutEffect(restore, [rows, hasEnd, restore]);

  useEffect(() => {
    const list = scroller.current;
    const inside = content.current;
    if (!list || !inside) return;
    const observer = new ResizeObserver(restore);
    observer.observe(list);
    observer.observe(inside);
    list.addEventListener("scroll", remember, { passive: true });
    return () => {
      observer.disconnect();
      list.removeEventListener("scroll", remember);
    };
  }, [content, scroller, restore, remember]);

  const toEnd = useCallback(() => {
    endWanted.current = true;
    restore();
  }, [restore]);

  const toRow = useCallback(
    (id: string, align: "center" | "top" = "center") => {
      const list = scroller.current;
      const row = rowOf(content.current, id);
      if (!list || !row) return false;
      const room = align === "center" ? Math.max(0, (list.clientHeight - row.offsetHeight) / 2) : 56;
      endWanted.current = false;
      list.scrollTop += topOf(row, list) - room;
      anchor.current = { id, top: topOf(row, list), scrollTop: list.scrollTop };
      stick.current = ended.current && isAtEnd(list.scrollTop, list.clientHeight, list.scrollHeight);
      setAtEnd(stick.current);
      return true;
    },
    [content, scroller],
  );

  const follow = useCallback(() => {
    endWanted.current = true;
  }, []);

  return { atEnd, toEnd, toRow, follow };
}

function topOf(row: HTMLElement, list: HTMLElement): number {
  return row.getBoundingClientRect().top - list.getBoundingClientRect().top;
}

function rowOf(content: HTMLElement | null, id: string): HTMLElement | null {
  return content?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`) ?? null;
}

function rowsOf(content: HTMLElement | null): ArrayLike<HTMLElement> {
  return content?.querySelectorAll<HTMLElement>("[data-row]") ?? [];
}

function boxOf(row: HTMLElement, edge: number): RowBox {
  const box = row.getBoundingClientRect();
  return { id: row.dataset.row ?? "", top: box.top - edge, bottom: box.bottom - edge };
}
