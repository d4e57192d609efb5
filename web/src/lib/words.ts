/** Searching in texts: what is a word, and where it stands. */

/** The words of a text, folded (case, width, diacritics), each once; of scripts without spaces, the segmenter's words. */
export function wordsOf(_text: string): string[] {
  throw new Error("follows");
}

/** Where words of the query begin words of the text, for highlighting; in UTF-16 code units of the text. */
export function hitsIn(_text: string, _query: string): [number, number][] {
  throw new Error("follows");
}
