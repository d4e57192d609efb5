import { useCallback, useRef } from "react";
import { go, pathOf, placeOf, usePathname } from "@/lib/nav";

/** Where the person is, and the ways to elsewhere; all within the page. */
export function usePlace() {
  const path = usePathname();
  const place = placeOf(path);
  /** Whether the step before in the browser's history is the one that "back" means. */
  const stepped = useRef(false);

  const open = useCallback((id: string, seq?: number) => {
    const to = pathOf(id, seq);
    if (to === location.pathname) return;
    // On a phone the way back leads to the list; elsewhere to what was open before.
    stepped.current = true;
    go(to);
  }, []);
  const settings = useCallback((page = "") => {
    stepped.current = true;
    go(page ? `/settings/${page}` : "/settings");
  }, []);
  const home = useCallback(() => go("/c", { replace: true }), []);
  const back = useCallback((to: string) => {
    if (stepped.current) history.back();
    else go(to, { replace: true });
    stepped.current = false;
  }, []);

  return { path, place, open, settings, home, back };
}
