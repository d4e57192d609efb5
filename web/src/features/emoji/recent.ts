import { usePreferences } from "@/features/settings/preferences";

const remembered = 16;

/** Puts it before all that were used earlier. */
export function rememberEmoji(emoji: string): void {
  const { recentEmoji, set } = usePreferences.getState();
  set({ recentEmoji: [emoji, ...recentEmoji.filter((other) => other !== emoji)].slice(0, remembered) });
}
