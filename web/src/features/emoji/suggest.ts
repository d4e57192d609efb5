export type Emoji = { emoji: string; label: string; tags?: string[]; order?: number; group?: number };

/** The word behind a colon that ends at the cursor: `:smi`. Two letters at least, and nothing of a word before it. */
export function queryAt(text: string, cursor: number): { start: number; query: string } | null {
  const match = /(?:^|[\s([{])(:([\p{L}\p{N}_+-]{2,24}))$/u.exec(text.slice(0, cursor));
  if (!match?.[1] || !match[2]) return null;
  return { start: cursor - match[1].length, query: match[2].toLowerCase() };
}

/** Those whose name or tags begin so: whole names first, then beginnings of names, then tags. */
export function suggestions(all: readonly Emoji[], query: string, limit: number): Emoji[] {
  const words = query.replaceAll("_", " ");
  const scored: { emoji: Emoji; score: number }[] = [];
  for (const emoji of all) {
    // Without a group they are parts of others, such as skin tones.
    if (emoji.group === undefined) continue;
    const score = scoreOf(emoji, words);
    if (score > 0) scored.push({ emoji, score });
  }
  return scored
    .sort((a, b) => b.score - a.score || (a.emoji.order ?? 0) - (b.emoji.order ?? 0))
    .slice(0, limit)
    .map((one) => one.emoji);
}

function scoreOf({ label, tags = [] }: Emoji, words: string): number {
  const name = label.toLowerCase();
  if (name === words) return 4;
  if (tags.includes(words)) return 3;
  if (name.startsWith(words)) return 2;
  const begins = (word: string) => word.startsWith(words);
  return name.split(" ").some(begins) || tags.some(begins) ? 1 : 0;
}
