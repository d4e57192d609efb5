/** How near the end, in pixels, counts as being there. */
export const nearEnd = 40;

export type RowBox = { id: string; top: number; bottom: number };

/** What the reader looks at: a row, where its upper edge was, and how far the list was scrolled then. */
export type Anchor = { id: string; top: number; scrollTop: number };

/**
 * The row to hold on to: the second one in sight, for the first may be cut off from the list next. Tops are measured from the
 * upper edge of the list.
 */
export function pickAnchor(rows: readonly RowBox[], height: number): RowBox | undefined {
  const first = firstBelow(rows, 0);
  const second = rows[first + 1];
  return second && second.top < height ? second : rows[first];
}

/** Index of the first row whose lower edge is below `edge`, by halving: rows stand in order. */
function firstBelow(rows: readonly RowBox[], edge: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as RowBox).bottom > edge) high = middle;
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
