import { EmojiPicker, type EmojiPickerListComponents } from "frimousse";
import { useEffect, useRef } from "react";
import { useTranslations } from "use-intl";

/** Where the data is served from: this site, never a stranger's. */
export const emojiData = "/emoji";

/** All emoji, to search and pick; loaded when first opened. */
export default function EmojiPanel({ onPick }: { onPick: (emoji: string) => void }) {
  const t = useTranslations("emoji");
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => search.current?.focus({ preventScroll: true }), []);
  return (
    <EmojiPicker.Root
      locale="en"
      emojibaseUrl={emojiData}
      columns={8}
      onEmojiSelect={({ emoji }) => onPick(emoji)}
      className="flex h-full flex-col"
    >
      <EmojiPicker.Search
        ref={search}
        aria-label={t("search")}
        placeholder={t("search")}
        className="m-2 h-10 shrink-0 rounded-xl bg-well px-3.5 text-base text-ink placeholder:text-muted"
      />
      <EmojiPicker.Viewport className="relative min-h-0 grow">
        <EmojiPicker.Loading className="absolute inset-0 grid place-items-center text-sm text-muted">{t("loading")}</EmojiPicker.Loading>
        <EmojiPicker.Empty className="absolute inset-0 grid place-items-center text-sm text-muted">{t("none")}</EmojiPicker.Empty>
        <EmojiPicker.List className="pb-2 select-none" components={parts} />
      </EmojiPicker.Viewport>
    </EmojiPicker.Root>
  );
}

// Made once: a new set of parts would make the whole list anew.
const parts: Partial<EmojiPickerListComponents> = {
  CategoryHeader: ({ category, ...props }) => (
    <div {...props} className="bg-raised px-3.5 pt-2 pb-1 text-xs font-medium text-muted">
      {category.label}
    </div>
  ),
  Row: ({ children, ...props }) => (
    <div {...props} {...counted(props)} className="px-2">
      {children}
    </div>
  ),
  Emoji: ({ emoji, ...props }) => (
    <button
      {...props}
      {...counted(props)}
      type="button"
      className="grid size-9.5 place-items-center rounded-lg text-2xl data-active:bg-hover"
    >
      {emoji.emoji}
    </button>
  ),
};

type Counted = { "aria-rowindex"?: number; "aria-colindex"?: number };

/** The library counts rows and columns from 0, and ARIA from 1. */
function counted(props: Counted): Counted {
  const out: Counted = {};
  for (const name of ["aria-rowindex", "aria-colindex"] as const) {
    const index = props[name];
    if (index !== undefined) out[name] = index + 1;
  }
  return out;
}
