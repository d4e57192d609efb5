export type Style = "bold" | "italic" | "strike" | "code" | "pre" | "link";
export type Range = { style: string; start: number; end: number };
export type Segment = { at: number; text: string; styles: Style[]; href?: string; hit?: boolean };

const known: readonly string[] = ["bold", "italic", "strike", "code", "pre", "link"];
const address = /\bhttps?:\/\/[^\s<>"'`]+/giu;

/**
 * Cuts a text into runs that look alike. Ranges count UTF-16 code units; what lies outside the text, is empty or of a style
 * that is not known is passed over, so that no sender can break a reader's page.
 */
export function segments(text: string, formatting: readonly Range[] = [], hits: readonly [number, number][] = []): Segment[] {
  const ranges = formatting.filter(
    (range) => known.includes(range.style) && range.start < range.end && range.start >= 0 && range.end <= text.length,
  );
  const links = linksOf(text);
  const cuts = new Set([0, text.length]);
  for (const { start, end } of [...ranges, ...links]) cuts.add(start).add(end);
  for (const [start, end] of hits) cuts.add(start).add(end);
  const edges = [...cuts].filter((at) => at <= text.length).sort((a, b) => a - b);

  const out: Segment[] = [];
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const [from, to] = [edges[i] as number, edges[i + 1] as number];
    const covers = (range: { start: number; end: number }) => range.start <= from && range.end >= to;
    const styles = [...new Set(ranges.filter(covers).map((range) => range.style as Style))];
    const verbatim = styles.includes("code") || styles.includes("pre");
    out.push({
      at: from,
      text: text.slice(from, to),
      styles,
      href: verbatim ? undefined : links.find(covers)?.href,
      hit: hits.some(([start, end]) => start <= from && end >= to),
    });
  }
  return out;
}

type Link = { start: number; end: number; href: string };

function linksOf(text: string): Link[] {
  const out: Link[] = [];
  for (const match of text.matchAll(address)) {
    const shown = withoutTail(match[0]);
    const href = safe(shown);
    if (href) out.push({ start: match.index, end: match.index + shown.length, href });
  }
  return out;
}

/** A full stop behind an address ends the sentence, not the address; so does a bracket that was opened before it. */
function withoutTail(link: string): string {
  let shown = link;
  for (;;) {
    const last = shown.at(-1) ?? "";
    const closes = last === ")" && shown.split("(").length < shown.split(")").length;
    if (!closes && !".,;:!?…".includes(last)) return shown;
    shown = shown.slice(0, -1);
  }
}

function safe(link: string): string | undefined {
  if (!URL.canParse(link)) return undefined;
  const url = new URL(link);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
}
