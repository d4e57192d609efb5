import type { NewMessage } from "@/store/actions";
import type { ComposerState } from "./useComposer";

export type Sending = NewMessage & { id: string };

/**
 * What the page was left with before the store had confirmed it. A browser may undo what was asked of the store with the page that
 * asked for it, so it is kept for the next page of the tab, in the only place that takes it without an answer.
 */
export type Left = { sending: Sending[]; draft: ComposerState | null };

const prefix = "restante.left.";

export function readLeft(conversationId: string): Left | null {
  try {
    return JSON.parse(sessionStorage.getItem(prefix + conversationId) ?? "null") as Left | null;
  } catch {
    return null;
  }
}

/** Null: everything is stored. */
export function keepLeft(conversationId: string, left: Left | null): void {
  try {
    if (left) sessionStorage.setItem(prefix + conversationId, JSON.stringify(left));
    else sessionStorage.removeItem(prefix + conversationId);
  } catch {
    // No room, or storage is forbidden: then the store alone has to do.
  }
}

/** Whoever was logged in is so no longer. */
export function forgetLeft(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key);
}
