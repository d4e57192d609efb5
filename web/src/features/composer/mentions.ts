/** Somebody who can be named in a message, so that they are told of it. */
export type Mentionable = { id: string; name: string | null; username: string | null };

/** The word behind an @ that ends at the cursor: `@na`, or nothing yet. Not within a word, as in a mail address. */
export function mentionAt(text: string, cursor: number): { start: number; query: string } | null {
  const match = /(?:^|[\s([{])(@([\p{L}\p{N}_.]{0,32}))$/u.exec(text.slice(0, cursor));
  if (!match?.[1]) return null;
  return { start: cursor - match[1].length, query: (match[2] ?? "").toLowerCase() };
}

/** Those whose username, or a word of whose name, begins so. */
export function fitting<T extends Mentionable>(people: readonly T[], query: string, limit: number): T[] {
  const begins = (word: string) => word.toLowerCase().startsWith(query);
  return people.filter(({ name, username }) => username && (begins(username) || (name ?? "").split(/\s+/u).some(begins))).slice(0, limit);
}

/** Where usernames stand in a text, with their @; a full stop behind one ends the sentence. */
export function mentionRanges(text: string): { start: number; end: number; username: string }[] {
  return [...text.matchAll(/(?<![\p{L}\p{N}_.@])@[a-z0-9_.]*[a-z0-9_]/giu)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    username: match[0].slice(1).toLowerCase(),
  }));
}

/** Whom a text names. */
export function mentionsIn(text: string, people: readonly Mentionable[]): string[] {
  const named = new Set(mentionRanges(text).map((range) => range.username));
  return people.filter((person) => person.username && named.has(person.username)).map((person) => person.id);
}
