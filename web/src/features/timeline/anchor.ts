/** How near the end, in pixels, counts as being there. */
export const nearEnd = 40;

export type RowBox = { id: string; top: number; bottom: number };

/** What the reader looks at: a row, where its upper edge was, and how far the list was scrolled then. */
export type Anchor = { id: string; top: number; scrollTop: number };

/**
 * The row to hold on to: the second one in sight, for the first may be cut off from the list next. Tops are measured from the
 * upper edge of the list, and only of the rows that have to be looked at: it is done while one scrolls.
 */
export function pickAnchor(count: number, boxAt: (index: number) => RowBox, height: number): RowBox | undefined {
  const first = firstWhere(count, (index) => boxAt(index).bottom > 0);
  if (first >= count) return undefined;
  const second = first + 1 < count ? boxAt(first + 1) : undefined;
  return second && second.top < height ? second : boxAt(first);
}

/** The first index for which something holds that holds for all behind it too; `count` if for none. By halving. */
export function firstWhere(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * By how much to scroll so that the anchor's row is where the reader expects it. What the reader has scrolled since the anchor
 * was taken is no displacement, and is not taken back.
 */
export function correction(anchor: Anchor, top: number, scrollTop: number): number {
  const scrolled = scrollTop - anchor.scrollTop;
  return top - (anchor.top - scrolled);
}

export function isAtEnd(scrollTop: number, clientHeight: number, scrollHeight: number): boolean {
  return scrollHeight - scrollTop - clientHeight <= nearEnd;
}
