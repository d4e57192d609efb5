/** What somebody, in whatever tab, changes in the store. */
import { liveQuery } from "dexie";

/** Tells each query's answer, now and whenever it changes, until what it returns is called. */
export function changesOf(...watches: (() => () => void)[]): () => void {
  const stops = watches.map((start) => start());
  return () => {
    for (const stop of stops) stop();
  };
}

export function watch<T>(query: () => Promise<T>, changed: (now: T) => void): () => () => void {
  return () => {
    // The store is closed or out of reach: whoever uses it next finds out.
    const subscription = liveQuery(query).subscribe({ next: changed, error: () => {} });
    return () => subscription.unsubscribe();
  };
}
