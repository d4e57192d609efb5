import { useEffect, useRef } from "react";
import { type ShortcutAction, shortcutOf } from "./table";

export type ShortcutHandlers = Partial<Record<ShortcutAction, () => void>>;

/** Listens for the shortcuts of the table, unless a dialog is open, which has its own keys. */
export function useShortcuts(handlers: ShortcutHandlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
      const target = event.target as HTMLElement | null;
      const typing = Boolean(target?.closest("input, textarea, [contenteditable]"));
      const action = shortcutOf(event, typing);
      const run = action && latest.current[action];
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

/** Puts the focus on the next part of the window: list, messages, box. */
export function focusRegion(by: 1 | -1): void {
  const places = [...document.querySelectorAll<HTMLElement>("[data-region]")].flatMap((region) => targetsOf(region));
  const at = places.findIndex((place) => place.contains(document.activeElement));
  const to = places[(at + by + places.length) % places.length];
  const inside = to?.matches("input, textarea, a, [tabindex]")
    ? to
    : to?.querySelector<HTMLElement>("a, [data-row][tabindex='0'], textarea, button, input");
  inside?.focus();
}

/** A conversation has two places: its messages, and its box. */
function targetsOf(region: HTMLElement): HTMLElement[] {
  const timeline = region.querySelector<HTMLElement>("[data-timeline]");
  const box = region.querySelector<HTMLElement>("textarea");
  return timeline ? [timeline, ...(box ? [box] : [])] : [region];
}
