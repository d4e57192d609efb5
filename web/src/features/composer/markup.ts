import type { Range } from "@/ui/segments";

/** What stands around a run of text in the box, for each style that it can be given there. */
export const marks = { bold: "**", italic: "_", strike: "~~", code: "`", pre: "```" } as const;
export type Mark = keyof typeof marks;

const special = /[*_~`]/u;
/** Longest first, so that a fence is not taken for a backtick. */
const order: Mark[] = ["pre", "bold", "strike", "code", "italic"];

export type Formatted = { text: string; formatting: Range[] };

/** What is in the box, as what is sent: a text without marks, and ranges in UTF-16 code units. */
export function parse(source: string): Formatted {
  const reader = { text: "", formatting: [] as Range[] };
  read(source, reader);
  return trimmed(reader);
}

function read(source: string, out: Formatted): void {
  for (let at = 0; at < source.length; ) {
    const char = source[at] as string;
    if (char === "\\" && special.test(source[at + 1] ?? "")) {
      out.text += source[at + 1];
      at += 2;
      continue;
    }
    const run = special.test(char) ? runAt(source, at) : null;
    if (run) {
      const start = out.text.length;
      // Within code nothing else means anything.
      if (run.style === "code" || run.style === "pre") out.text += run.inside;
      else read(run.inside, out);
      if (out.text.length > start) out.formatting.push({ style: run.style, start, end: out.text.length });
      at = run.end;
      continue;
    }
    out.text += char;
    at += 1;
  }
}

function runAt(source: string, at: number): { style: Mark; inside: string; end: number } | null {
  for (const style of order) {
    const mark = marks[style];
    if (!source.startsWith(mark, at)) continue;
    const from = at + mark.length;
    const to = endOf(source, mark, from);
    if (to < 0) continue;
    const inside = source.slice(from, to);
    if (style === "italic" && !standsAlone(source, at, to + 1)) continue;
    const verbatim = style === "pre" ? inside.replace(/^\n|\n$/gu, "") : inside;
    return { style, inside: verbatim, end: to + mark.length };
  }
  return null;
}

/** Where the mark closes: something must stand between, not set off by spaces, so that `2 ** 3 ** 4` stays what it is. */
function endOf(source: string, mark: string, from: number): number {
  const fence = mark === marks.pre;
  if (!fence && /^\s|^$/u.test(source[from] ?? "")) return -1;
  for (let to = source.indexOf(mark, from + 1); to >= 0; to = source.indexOf(mark, to + 1)) {
    if (fence) return to;
    const line = source.slice(from, to);
    if (line.includes("\n")) return -1;
    if (!/\s$/u.test(line) && source[to - 1] !== "\\") return to;
  }
  return -1;
}

/** An underscore within a word is a part of it, as in snake_case_name. */
function standsAlone(source: string, open: number, end: number): boolean {
  const letter = /[\p{L}\p{N}_]/u;
  return !letter.test(source[open - 1] ?? "") && !letter.test(source[end] ?? "");
}

/** Without white space at either end, the ranges moved along. */
function trimmed({ text, formatting }: Formatted): Formatted {
  const kept = text.trim();
  const cut = text.length - text.trimStart().length;
  const within = (at: number) => Math.min(Math.max(at - cut, 0), kept.length);
  const moved = formatting.map(({ style, start, end }) => ({ style, start: within(start), end: within(end) }));
  return { text: kept, formatting: moved.filter((range) => range.start < range.end).sort((a, b) => a.start - b.start) };
}

/** The other way round: what to put into the box so that it is sent as this again. */
export function unparse({ text, formatting }: Formatted): string {
  const plain = withMarks(text, formatting, (part) => part);
  if (same(parse(plain), { text, formatting })) return plain;
  return withMarks(text, formatting, (part) => part.replace(/[*_~`]/gu, "\\$&"));
}

function withMarks(text: string, formatting: readonly Range[], guard: (part: string) => string): string {
  const known = formatting.filter((range): range is Range & { style: Mark } => range.style in marks);
  const edges = [...new Set([0, text.length, ...known.flatMap((range) => [range.start, range.end])])].sort((a, b) => a - b);
  let out = "";
  for (let i = 0; i < edges.length; i += 1) {
    const at = edges[i] as number;
    const closing = known.filter((range) => range.end === at).sort((a, b) => b.start - a.start);
    const opening = known.filter((range) => range.start === at).sort((a, b) => b.end - a.end);
    out += [...closing, ...opening].map((range) => marks[range.style]).join("");
    const verbatim = known.some((range) => (range.style === "code" || range.style === "pre") && range.start <= at && range.end > at);
    const part = text.slice(at, edges[i + 1] ?? at);
    out += verbatim ? part : guard(part);
  }
  return out;
}

function same(a: Formatted, b: Formatted): boolean {
  const sorted = (ranges: readonly Range[]) =>
    ranges
      .map((range) => `${range.start}-${range.end}-${range.style}`)
      .sort()
      .join();
  return a.text === b.text && sorted(a.formatting) === sorted(b.formatting);
}

export type Selection = { value: string; start: number; end: number };

/** Puts marks around the selection, or takes them away if they are there; the same words stay selected. */
export function toggled({ value, start, end }: Selection, style: Mark): Selection {
  const mark = marks[style];
  const before = value.slice(0, start);
  const chosen = value.slice(start, end);
  const after = value.slice(end);
  if (before.endsWith(mark) && after.startsWith(mark)) {
    return {
      value: before.slice(0, -mark.length) + chosen + after.slice(mark.length),
      start: start - mark.length,
      end: end - mark.length,
    };
  }
  // Spaces at the ends of a selection stay outside: marks beside a space mean nothing.
  const lead = chosen.length - chosen.trimStart().length;
  const tail = chosen.trim() ? chosen.length - chosen.trimEnd().length : 0;
  const core = chosen.slice(lead, chosen.length - tail);
  const open = before + chosen.slice(0, lead) + mark;
  return {
    value: open + core + mark + chosen.slice(chosen.length - tail) + after,
    start: open.length,
    end: open.length + core.length,
  };
}
