"use client";
import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { Language } from "@/ui/i18n/languages";

export type Theme = "light" | "dark" | "system";

export type SkinTone = "none" | "light" | "medium-light" | "medium" | "medium-dark" | "dark";

export type Preferences = {
  theme: Theme;
  /** Null: as the browser says. */
  language: Language | null;
  text: "normal" | "large";
  enterSends: boolean;
  notify: boolean;
  preview: boolean;
  recentEmoji: string[];
  skinTone: SkinTone;
};

const first: Preferences = {
  theme: "system",
  language: null,
  text: "normal",
  enterSends: true,
  notify: false,
  preview: true,
  recentEmoji: [],
  skinTone: "none",
};

/**
 * What is chosen for this browser, whoever is logged in. `public/theme.js` reads the same entry before the first paint, so
 * its name and shape must not change.
 */
export const usePreferences = create<Preferences & { set: (change: Partial<Preferences>) => void }>()(
  persist((set) => ({ ...first, set: (change) => set(change) }), {
    name: "restante.preferences",
    // Read after the first render, so that what was built into the page and what is shown first are the same.
    skipHydration: true,
    partialize: ({ set: _, ...kept }) => kept,
  }),
);

/** What is chosen in one tab holds in the others at once. Ends with what it returns. */
export function followOtherTabs(): () => void {
  const changed = (event: StorageEvent) => {
    if (event.key === usePreferences.persist.getOptions().name) void usePreferences.persist.rehydrate();
  };
  addEventListener("storage", changed);
  return () => removeEventListener("storage", changed);
}
