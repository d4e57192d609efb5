import { type RefObject, useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { type Emoji, queryAt, suggestions } from "@/features/emoji/suggest";
import { cx } from "@/ui/cx";
import { OneLine } from "@/ui/OneLine";
import type { ComposerAction } from "./keys";
import { fitting, type Mentionable, mentionAt } from "./mentions";

type Props = {
  box: RefObject<HTMLTextAreaElement | null>;
  text: string;
  onText: (text: string) => void;
  /** Who can be named. */
  people: readonly Mentionable[];
  /** Asked before anything else what an action of the box means; true: it was for the suggestions. */
  handler: RefObject<((action: ComposerAction) => boolean) | null>;
};

/** What is put in place of what was typed, with what is shown of it. */
type Suggestion = { key: string; mark: string; label: string; insert: string };

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

/** What `:smi` or `@na` may mean, over the box: Enter and Tab take the one that is marked, the arrows mark another. */
export function Suggestions({ box, text, onText, people, handler }: Props) {
  const t = useTranslations("emoji");
  const composer = useTranslations("composer");
  const [dismissed, setDismissed] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const cursor = box.current?.selectionStart ?? text.length;
  const emoji = queryAt(text, cursor);
  const asked = emoji ?? (people.length > 0 ? mentionAt(text, cursor) : null);
  const query = asked && asked.query !== dismissed ? asked.query : null;
  const all = useEmoji(emoji !== null && query !== null);
  const ofEmoji = emoji !== null;
  const found = useMemo((): Suggestion[] => {
    if (query === null) return [];
    if (ofEmoji)
      return suggestions(all, query, most).map((one) => ({ key: one.label, mark: one.emoji, label: one.label, insert: one.emoji }));
    return fitting(people, query, most).map((one) => ({
      key: one.id,
      mark: "@",
      label: one.name ? `${one.name} (${one.username})` : (one.username ?? ""),
      insert: `@${one.username}`,
    }));
  }, [all, query, people, ofEmoji]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new word begins at its first suggestion
  useEffect(() => setAt(0), [query]);
  const open = found.length > 0;
  const idle = asked === null;
  useEffect(() => {
    if (idle) setDismissed(null);
  }, [idle]);

  const take = (one: Suggestion | undefined) => {
    if (!one || !asked) return;
    // Until the cursor has moved behind it, the same would be asked again.
    setDismissed(asked.query);
    const end = asked.start + one.insert.length + 1;
    onText(`${text.slice(0, asked.start)}${one.insert} ${text.slice(asked.start + asked.query.length + 1)}`);
    requestAnimationFrame(() => box.current?.setSelectionRange(end, end));
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
      aria-label={emoji ? t("suggestions") : composer("people")}
      className="absolute inset-x-3 bottom-full z-20 mb-1 max-w-sm rounded-xl border border-line bg-raised p-1.5 shadow-pop"
    >
      {found.map((one, index) => (
        <div
          key={one.key}
          role="option"
          aria-selected={index === at}
          tabIndex={-1}
          className={cx("flex min-h-11 md:min-h-9 cursor-pointer items-center gap-3 rounded-lg px-2.5 text-sm", index === at && "bg-hover")}
          onMouseDown={(event) => {
            event.preventDefault();
            take(one);
          }}
          onMouseEnter={() => setAt(index)}
        >
          <span aria-hidden="true" className={emoji ? "text-xl" : "w-6 text-center text-muted"}>
            {one.mark}
          </span>
          <OneLine text={one.label} />
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
