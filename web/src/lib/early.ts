const all = new Set<() => void>();

/**
 * Reads something as soon as the code is there, while the page is still being put together, for the first view that needs it.
 * What this gives takes it: once, and only if it is there by then.
 */
export function early<T>(read: () => Promise<T>): () => T | undefined {
  let found: T | undefined;
  // Pages are built without a store.
  if (typeof indexedDB === "undefined") return () => undefined;
  let wanted = true;
  const forget = () => {
    wanted = false;
    found = undefined;
  };
  all.add(forget);
  read().then(
    (value) => {
      if (wanted) found = value;
    },
    () => {},
  );
  return () => {
    const taken = found;
    forget();
    return taken;
  };
}

/** Whoever was logged in is so no longer: nothing that was read for them is shown to anybody. */
export function forgetEarly(): void {
  for (const forget of all) forget();
}
