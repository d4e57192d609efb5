import { type RefObject, useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import type { ComposerAction } from "@/features/composer/keys";
import { cx } from "@/ui/cx";
import { type Emoji, queryAt, suggestions } from "./suggest";

type Props = {
  box: RefObject<HTMLTextAreaElement | null>;
  text: string;
  onText: (text: string) => void;
  /** Asked before anything else what an action of the box means; true: it was for the suggestions. */
  handler: RefObject<((action: ComposerAction) => boolean) | null>;
};

const most = 7;
let known: Promise<Emoji[]> | undefined;

function load(): Promise<Emoji[]> {
  known ??= fetch("/emoji/en/data.json").then(
    (answer) => (answer.ok ? answer.json() : []),
    () => {
      known = undefined;
      return [];
    },
  );
  return known;
}

/** What `:smi` may mean, over the box: Enter and Tab take the one that is marked, the arrows mark another. */
export function EmojiSuggestions({ box, text, onText, handler }: Props) {
  const t = useTranslations("emoji");
  const [dismissed, setDismissed] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const asked = queryAt(text, box.current?.selectionStart ?? text.length);
  const query = asked && asked.query !== dismissed ? asked.query : null;
  const all = useEmoji(query !== null);
  const found = useMemo(() => (query ? suggestions(all, query, most) : []), [all, query]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new word begins at its first suggestion
  useEffect(() => setAt(0), [query]);
  const open = found.length > 0;

  const take = (emoji: Emoji | undefined) => {
    if (!emoji || !asked) return;
    const cursor = asked.start + emoji.emoji.length + 1;
    onText(`${text.slice(0, asked.start)}${emoji.emoji} ${text.slice(asked.start + asked.query.length + 1)}`);
    requestAnimationFrame(() => box.current?.setSelectionRange(cursor, cursor));
  };

  useEffect(() => {
    handler.current = open
      ? (action) => {
          if (action.do === "send") take(found[at]);
          else if (action.do === "cancel") setDismissed(query);
          else return false;
          return true;
        }
      : null;
    const element = box.current;
    if (!open || !element) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.isComposing) return;
      if (event.key === "Tab" && !event.shiftKey) take(found[at]);
      else if (event.key === "Escape") setDismissed(query);
      else if (event.key === "ArrowDown") setAt((at + 1) % found.length);
      else if (event.key === "ArrowUp") setAt((at - 1 + found.length) % found.length);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    element.addEventListener("keydown", pressed);
    return () => element.removeEventListener("keydown", pressed);
  });

  if (!open) return null;
  return (
    <div
      role="listbox"
      aria-label={t("suggestions")}
      className="absolute inset-x-3 bottom-full z-20 mb-1 max-w-sm rounded-xl border border-line bg-raised p-1.5 shadow-pop"
    >
      {found.map((emoji, index) => (
        <div
          key={emoji.label}
          role="option"
          aria-selected={index === at}
          tabIndex={-1}
          className={cx("flex min-h-9 cursor-pointer items-center gap-3 rounded-lg px-2.5 text-sm", index === at && "bg-hover")}
          onMouseDown={(event) => {
            event.preventDefault();
            take(emoji);
          }}
          onMouseEnter={() => setAt(index)}
        >
          <span aria-hidden="true" className="text-xl">
            {emoji.emoji}
          </span>
          {emoji.label}
        </div>
      ))}
    </div>
  );
}

function useEmoji(wanted: boolean): readonly Emoji[] {
  const [all, setAll] = useState<readonly Emoji[]>([]);
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    load().then((emoji) => {
      if (!gone) setAll(emoji);
    });
    return () => {
      gone = true;
    };
  }, [wanted]);
  return all;
}
