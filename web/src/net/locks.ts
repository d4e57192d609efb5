/** One at a time, over all tabs where the browser has Web Locks (on https and localhost), else in this page alone. */
const chains = new Map<string, Promise<unknown>>();

export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  // The lock's promise is that of the work.
  if (locks) return (await locks.request(name, work)) as T;
  const before = chains.get(name) ?? Promise.resolve();
  const mine = before.then(work, work);
  chains.set(
    name,
    mine.catch(() => {}),
  );
  return mine;
}
