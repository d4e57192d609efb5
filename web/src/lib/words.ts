/** Searching in texts: what is a word, and where it stands. */

/** Letters beyond this many of one word tell nothing apart that anybody looks for. */
const longest = 40;
/** Words of one text that are indexed. */
const most = 2_000;

const notWord = /[^\p{L}\p{N}\p{M}]+/u;
const wordChar = /[\p{L}\p{N}\p{M}]/u;
/** Scripts whose words stand without a space and are found by pairs of characters; others of that sort by the segmenter's words. */
const pairs = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々〆]+$/u;
const pairRuns = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々〆]+/gu;

let segmenter: Intl.Segmenter | undefined;
let graphemes: Intl.Segmenter | undefined;

/** The same for what a reader takes for the same: case, width and diacritics do not count. */
export function fold(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFD")
    .replace(/\p{Mn}+/gu, "")
    .normalize("NFC");
}

/** The words of a text, folded, each once. Of scripts without spaces the segmenter's words; of Chinese and Japanese each pair of characters. */
export function wordsOf(text: string): string[] {
  const words = new Set<string>();
  const folded = fold(text);
  for (const [run] of folded.matchAll(pairRuns)) {
    for (const pair of pairsOf(run, true)) words.add(pair);
  }
  for (const word of plainWords(folded)) {
    words.add(word);
    if (words.size >= most) break;
  }
  return [...words].slice(0, most);
}

/** What a query asks for: beginnings of words, and runs of characters that may stand anywhere. */
export type Terms = { beginnings: string[]; runs: string[] };

export function termsOf(query: string): Terms {
  const folded = fold(query);
  const runs = [...new Set([...folded.matchAll(pairRuns)].map(([run]) => run))];
  return { beginnings: [...new Set(plainWords(folded))], runs };
}

/** Beginnings of indexed words that a text must have for the terms to be in it. */
export function keysOf({ beginnings, runs }: Terms): string[] {
  return [...new Set([...beginnings, ...runs.flatMap((run) => pairsOf(run, false))])];
}

/** Where words of the query begin words of the text, in UTF-16 code units of the text; empty unless all of them do. */
export function hitsIn(text: string, query: string): [number, number][] {
  return hitsOf(text, termsOf(query));
}

export function hitsOf(text: string, { beginnings, runs }: Terms): [number, number][] {
  if (beginnings.length + runs.length === 0) return [];
  const { folded, starts, ends } = foldedWithPlaces(text);
  const hits: [number, number][] = [];
  for (const term of [...beginnings, ...runs]) {
    const anywhere = runs.includes(term);
    const before = hits.length;
    for (let at = folded.indexOf(term); at >= 0; at = folded.indexOf(term, at + term.length)) {
      if (!anywhere && !beginsWord(folded, at)) continue;
      hits.push([starts[at] as number, ends[at + term.length - 1] as number]);
    }
    if (hits.length === before) return [];
  }
  return joined(hits);
}

/** Whether a name or title has, for each word of the query, a word that begins so. */
export function matches(text: string, query: string): boolean {
  const terms = termsOf(query);
  return terms.beginnings.length + terms.runs.length === 0 ? false : hitsOf(text, terms).length > 0;
}

function plainWords(folded: string): string[] {
  const out: string[] = [];
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
  for (const { segment, isWordLike } of segmenter.segment(folded)) {
    if (!isWordLike) continue;
    for (const word of segment.split(notWord)) {
      if (word && !pairs.test(word)) out.push([...word].slice(0, longest).join(""));
    }
  }
  return out;
}

/** Each character with the next; with `tail` the last one alone too, so that a search for it finds something. */
function pairsOf(run: string, tail: boolean): string[] {
  const chars = [...run];
  if (chars.length === 1) return chars;
  const out = chars.slice(0, -1).map((char, at) => char + chars[at + 1]);
  if (tail) out.push(chars.at(-1) as string);
  return out;
}

function foldedWithPlaces(text: string): { folded: string; starts: number[]; ends: number[] } {
  graphemes ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const starts: number[] = [];
  const ends: number[] = [];
  let folded = "";
  for (const { segment, index } of graphemes.segment(text)) {
    const piece = fold(segment);
    folded += piece;
    for (let i = 0; i < piece.length; i += 1) {
      starts.push(index);
      ends.push(index + segment.length);
    }
  }
  return { folded, starts, ends };
}

/** A word begins where the character before is of no word, or of a script whose words stand without a space. */
function beginsWord(folded: string, at: number): boolean {
  if (at === 0) return true;
  const before = String.fromCodePoint(folded.codePointAt(isLow(folded, at - 1) ? at - 2 : at - 1) ?? 32);
  if (!wordChar.test(before) || pairs.test(before)) return true;
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
  return spaceless.test(before) && segmenter.segment(folded).containing(at)?.index === at;
}

const spaceless = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function isLow(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function joined(hits: [number, number][]): [number, number][] {
  const sorted = hits.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const out: [number, number][] = [];
  for (const [start, end] of sorted) {
    const last = out.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else out.push([start, end]);
  }
  return out;
}
