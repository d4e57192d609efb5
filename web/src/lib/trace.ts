/**
 * A trace that this browser was somebody's device, kept apart from the store: if the store is gone and the trace is not, the
 * browser has thrown the history away. Nothing but that one bit is in it.
 */
const name = "restante.device";

export function leaveTrace(): void {
  safely((storage) => storage.setItem(name, "1"));
}

export function wipeTrace(): void {
  safely((storage) => storage.removeItem(name));
}

export function hasTrace(): boolean {
  return safely((storage) => storage.getItem(name)) === "1";
}

/** Some browsers forbid it, or have none. */
function safely<T>(work: (storage: Storage) => T): T | undefined {
  try {
    return globalThis.localStorage ? work(globalThis.localStorage) : undefined;
  } catch {
    return undefined;
  }
}
