const kept = "restante.target";

/** Where somebody wanted to go who had to log in first; for this tab. */
export function rememberTarget(path: string): void {
  // What they came for in the first place outweighs a page that asks for their name.
  if (path === "/c" || sessionStorage.getItem(kept)) return;
  sessionStorage.setItem(kept, path);
}

export function takeTarget(): string | null {
  const path = sessionStorage.getItem(kept);
  sessionStorage.removeItem(kept);
  return path && /^\/(c|settings)(\/|$)/u.test(path) ? path : null;
}
