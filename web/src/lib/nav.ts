/**
 * Where the person is and how they get elsewhere. Conversations are opened with `history.pushState`: the framework's own
 * links ask the server for a file per address, which a static export has not. A link stays an `<a href>` with a click
 * handler, so that new tab, copy and middle click work.
 */

/** Goes there without a request; `replace` leaves no step in the history. Only within `/c` and `/settings`. */
export function go(path: string, options: { replace?: boolean } = {}): void {
  if (options.replace) window.history.replaceState(null, "", path);
  else window.history.pushState(null, "", path);
}

export type Place = { conversationId: string | null; seq: number | null };

export function pathOf(conversationId: string, seq?: number): string {
  return seq === undefined ? `/c/${conversationId}` : `/c/${conversationId}/${seq}`;
}

/** What `/c/{id}/{seq}` names. */
export function placeOf(path: string): Place {
  const [page, id, seq] = path.split("/").filter(Boolean);
  if (page !== "c" || !id) return { conversationId: null, seq: null };
  return { conversationId: decodeURIComponent(id), seq: seq && /^\d{1,15}$/.test(seq) ? Number(seq) : null };
}

/** The path, read only in the browser: pages are built without one. */
export { usePathname } from "next/navigation";
