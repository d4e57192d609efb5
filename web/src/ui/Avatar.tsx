import { Bookmark, UserRound, Users } from "lucide-react";
import { cx } from "./cx";

const hues = 8;

/** The same person has the same colour everywhere: a number from 0 to 7 out of their id. */
export function hueOf(id: string): number {
  let sum = 0;
  for (let at = 0; at < id.length; at += 1) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum % hues;
}

/** At most two letters, by what a reader sees as one: the first of the first and of the last word. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return (
    ends
      .map((word) => first(word ?? ""))
      // Arabic letters beside each other would join into a word.
      .join(/\p{Script=Arabic}/u.test(name) ? "\u200c" : "")
      .toLocaleUpperCase()
  );
}

let graphemes: Intl.Segmenter | undefined;

function first(word: string): string {
  // Made once: it takes longer than everything else about a picture.
  graphemes ??= new Intl.Segmenter();
  for (const { segment } of graphemes.segment(word)) return segment;
  return "";
}

const sizes = { xs: "size-7 text-[11px]", sm: "size-9 text-xs", md: "size-12 text-base", lg: "size-24 text-3xl" };

type Props = {
  id: string;
  name: string;
  kind?: "person" | "group" | "self";
  size?: keyof typeof sizes;
  /** A green dot; the words for it stand elsewhere. */
  online?: boolean;
};

/** A picture of letters; decoration only, the name stands beside it. */
export function Avatar({ id, name, kind = "person", size = "md", online }: Props) {
  return (
    <span aria-hidden="true" className="relative inline-block shrink-0">
      <span
        className={cx("grid place-items-center rounded-full font-semibold select-none", sizes[size])}
        data-hue={kind === "self" ? "self" : hueOf(id)}
      >
        <Face name={name} kind={kind} size={size} />
      </span>
      {online && <span className="absolute end-0 bottom-0 size-3 rounded-full bg-online ring-2 ring-surface" />}
    </span>
  );
}

function Face({ name, kind, size }: { name: string; kind: string; size: keyof typeof sizes }) {
  const icon = size === "lg" ? "size-10" : size === "md" ? "size-5" : "size-4";
  if (kind === "self") return <Bookmark className={icon} />;
  const letters = initialsOf(name);
  if (letters) return <>{letters}</>;
  return kind === "group" ? <Users className={icon} /> : <UserRound className={icon} />;
}
