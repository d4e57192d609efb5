/**
 * The new list, with the old objects wherever nothing is different: a row is drawn again only if it changed. Every answer of the
 * store is made of new objects.
 */
export function sameRows<T extends { id: string }>(before: readonly T[], now: readonly T[]): readonly T[] {
  const known = new Map(before.map((row) => [row.id, row]));
  let changed = before.length !== now.length;
  const out = now.map((row, at) => {
    const old = known.get(row.id);
    const kept = old && JSON.stringify(old) === JSON.stringify(row) ? old : row;
    if (kept !== before[at]) changed = true;
    return kept;
  });
  return changed ? out : before;
}
