import { Fragment, type ReactNode } from "react";
import { segments, type Range, type Segment, type Style } from "./segments";

type Props = {
  text: string;
  formatting?: readonly Range[];
  hits?: readonly [number, number][];
  /** Without links: it stands within one. */
  plain?: boolean;
};

/** A message's text as React nodes; never as HTML. */
export function FormattedText({ text, formatting, hits, plain }: Props) {
  return (
    <>
      {segments(text, formatting, hits).map((part) => (
        <Fragment key={part.at}>{shown(part, plain)}</Fragment>
      ))}
    </>
  );
}

const wrap: Record<Style, (inside: ReactNode) => ReactNode> = {
  bold: (inside) => <strong className="font-semibold">{inside}</strong>,
  italic: (inside) => <em>{inside}</em>,
  strike: (inside) => <s>{inside}</s>,
  code: (inside) => (
    <code dir="ltr" className="rounded bg-code px-1 py-0.5 font-mono text-[0.9em]">
      {inside}
    </code>
  ),
  pre: (inside) => (
    <code dir="ltr" className="my-1 block rounded-lg bg-code px-3 py-2 text-left font-mono text-[0.9em]">
      {inside}
    </code>
  ),
  link: (inside) => inside,
};

function shown(part: Segment, plain = false): ReactNode {
  let node: ReactNode = part.hit ? <mark className="rounded-sm bg-mark text-on-mark">{part.text}</mark> : part.text;
  for (const style of part.styles) node = wrap[style](node);
  if (!part.href || plain) return node;
  return (
    <a dir="auto" href={part.href} target="_blank" rel="noopener noreferrer nofollow" className="text-link underline underline-offset-2">
      {node}
    </a>
  );
}
