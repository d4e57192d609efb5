/** What the order of the list depends on. */
export type Ordered = { pinned: boolean; archived: boolean; hidden: boolean; at: string | null; createdAt: string };

/** Pinned ones first, then the newest activity. */
export function inOrder<T extends Ordered>(all: readonly T[], archived: boolean): T[] {
  const shown = all.filter((one) => one.archived === archived && !one.hidden);
  return shown.sort((a, b) => Number(b.pinned) - Number(a.pinned) || time(b) - time(a));
}

function time(one: Ordered): number {
  return Date.parse(one.at ?? one.createdAt);
}

/** The conversation `by` places further, round at the ends; the first or last when none is open. */
export function neighbour(ids: readonly string[], current: string | null, by: 1 | -1): string | null {
  if (ids.length === 0) return null;
  const at = current ? ids.indexOf(current) : -1;
  if (at < 0) return (by === 1 ? ids[0] : ids.at(-1)) ?? null;
  return ids[(at + by + ids.length) % ids.length] ?? null;
}
