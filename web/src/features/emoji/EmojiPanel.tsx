import { EmojiPicker, type EmojiPickerListComponents } from "frimousse";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { type SkinTone, usePreferences } from "@/features/settings/preferences";
import { IconButton } from "@/ui/Button";

/** Where the data is served from: this site, never a stranger's. */
export const emojiData = "/emoji";

/** All emoji, to search and pick; loaded when first opened. */
export default function EmojiPanel({ onPick }: { onPick: (emoji: string) => void }) {
  const t = useTranslations("emoji");
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => search.current?.focus({ preventScroll: true }), []);
  const skinTone = usePreferences((state) => state.skinTone);
  // As it was when this was opened: nothing moves under a finger.
  const [recent] = useState(() => usePreferences.getState().recentEmoji.slice(0, 8));
  return (
    <EmojiPicker.Root
      locale="en"
      emojibaseUrl={emojiData}
      columns={8}
      skinTone={skinTone}
      onEmojiSelect={({ emoji }) => onPick(emoji)}
      className="flex h-full flex-col"
    >
      <div className="m-2 flex shrink-0 gap-1">
        <EmojiPicker.Search
          ref={search}
          aria-label={t("search")}
          placeholder={t("search")}
          className="h-10 min-w-0 grow rounded-xl bg-well px-3.5 text-base text-ink placeholder:text-muted"
        />
        <EmojiPicker.SkinTone emoji="👋">{(tones) => <SkinToneButton {...tones} />}</EmojiPicker.SkinTone>
      </div>
      {recent.length > 0 && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
        <div role="group" aria-label={t("recent")} className="flex shrink-0 border-b border-line px-2 pb-1.5">
          {recent.map((emoji) => (
            <button
              key={emoji}
              type="button"
              aria-label={emoji}
              className="grid size-9.5 place-items-center rounded-lg text-2xl hover:bg-hover"
              onClick={() => onPick(emoji)}
            >
              {emoji}
            </button>
          ))}
        </div>
      )}
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
      <CategoryName label={category.label} />
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

/** The library's data names the groups in English; names of single emoji there are in no other language that is spoken here. */
function CategoryName({ label }: { label: string }) {
  const t = useTranslations("emoji");
  const key = label.split(" ")[0]?.toLowerCase();
  return <>{groups.includes(key as Group) ? t(key as Group) : label}</>;
}

const groups = ["smileys", "people", "animals", "food", "travel", "activities", "objects", "symbols", "flags"] as const;
type Group = (typeof groups)[number];

type Tones = { skinTone: SkinTone; skinToneVariations: { skinTone: SkinTone; emoji: string }[] };

/** From one tone to the next, and round; kept for this browser. */
function SkinToneButton({ skinTone, skinToneVariations }: Tones) {
  const t = useTranslations("emoji");
  const set = usePreferences((state) => state.set);
  const at = skinToneVariations.findIndex((one) => one.skinTone === skinTone);
  const next = skinToneVariations[(at + 1) % skinToneVariations.length];
  return (
    <IconButton label={t("skinTone")} className="size-10" onClick={() => next && set({ skinTone: next.skinTone })}>
      <span className="text-2xl">{skinToneVariations[at]?.emoji}</span>
    </IconButton>
  );
}

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
