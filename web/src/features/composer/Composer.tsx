import { useLiveQuery } from "dexie-react-hooks";
import { ALargeSmall, Check, Pencil, Reply, SendHorizontal, Smile, X } from "lucide-react";
import { type ReactNode, type RefObject, useCallback, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { usePreferences } from "@/features/settings/preferences";
import { clientConfig } from "@/store/queries";
import { IconButton } from "@/ui/Button";
import { EmojiButton } from "@/features/emoji/EmojiButton";
import { FormatBar } from "./FormatBar";
import type { ComposerAction } from "./keys";
import type { Mark } from "./markup";
import type { Mentionable } from "./mentions";
import { Suggestions } from "./Suggestions";
import { insertAtCursor, markSelection, TextBox } from "./TextBox";
import type { ComposerState } from "./useComposer";

type Props = {
  box: RefObject<HTMLTextAreaElement | null>;
  name: string;
  state: ComposerState;
  /** Null: oneself. */
  replyName: string | null;
  people: readonly Mentionable[];
  onText: (text: string) => void;
  onSend: () => void;
  onCancel: () => void;
  onEditLast: () => void;
};

/** Where a message is written. */
export function Composer({ box, name, state, replyName, people, onText, onSend, onCancel, onEditLast }: Props) {
  const t = useTranslations("composer");
  const enterSends = usePreferences((preferences) => preferences.enterSends);
  const [formats, setFormats] = useState(false);
  const suggest = useRef<((action: ComposerAction) => boolean) | null>(null);
  const excess = useExcess(state.text);
  const { editing, replyTo } = state;

  const mark = useCallback((which: Mark) => box.current && markSelection(box.current, which, onText), [box, onText]);
  const insert = useCallback((text: string) => box.current && insertAtCursor(box.current, text, onText), [box, onText]);
  const send = () => {
    if (excess <= 0) onSend();
    box.current?.focus();
  };
  const onAction = (action: ComposerAction) => {
    if (suggest.current?.(action)) return;
    if (action.do === "send") send();
    else if (action.do === "mark") mark(action.mark);
    else if (action.do === "editLast") onEditLast();
    else onCancel();
  };

  return (
    <div className="border-t border-line bg-surface pb-[env(safe-area-inset-bottom)]">
      <div className="relative mx-auto max-w-4xl px-1.5 py-1.5 md:px-4 md:py-2.5">
        <Suggestions box={box} text={state.text} onText={onText} people={people} handler={suggest} />
        {(editing || replyTo) && (
          <About
            icon={editing ? <Pencil /> : <Reply className="rtl:-scale-x-100" />}
            title={editing ? t("editing") : replyName === null ? t("replyingSelf") : t("replying", { name: replyName })}
            text={replyTo?.excerpt ?? ""}
            cancel={editing ? t("cancelEdit") : t("cancelReply")}
            onCancel={onCancel}
          />
        )}
        {formats && <FormatBar onMark={mark} />}
        <div className="flex items-end gap-0.5 rounded-3xl bg-well ps-1 pe-1 has-[textarea:focus]:ring-1 has-[textarea:focus]:ring-focus md:gap-1">
          <EmojiButton icon={<Smile aria-hidden="true" className="size-5.5" />} label={t("emoji")} onPick={insert} />
          <TextBox
            box={box}
            label={t("label", { name })}
            placeholder={t("placeholder")}
            value={state.text}
            enterSends={enterSends}
            cancellable={Boolean(editing || replyTo)}
            onValue={onText}
            onAction={onAction}
          />
          <IconButton label={t("format")} aria-expanded={formats} aria-pressed={formats} onClick={() => setFormats((shown) => !shown)}>
            <ALargeSmall aria-hidden="true" className="size-5.5" />
          </IconButton>
          <IconButton
            label={editing ? t("save") : t("send")}
            disabled={!state.text.trim() || excess > 0}
            // Without this the box loses its focus, and a phone puts its keyboard away.
            onMouseDown={(event) => event.preventDefault()}
            onClick={send}
            className="my-0.5 bg-accent text-on-accent hover:bg-accent-strong hover:text-on-accent disabled:bg-transparent disabled:text-muted"
          >
            {editing ? (
              <Check aria-hidden="true" className="size-5" />
            ) : (
              <SendHorizontal aria-hidden="true" className="size-5 rtl:-scale-x-100" />
            )}
          </IconButton>
        </div>
        <Length excess={excess} />
      </div>
    </div>
  );
}

type AboutProps = { icon: ReactNode; title: string; text: string; cancel: string; onCancel: () => void };

function About({ icon, title, text, cancel, onCancel }: AboutProps) {
  return (
    <div className="flex items-center gap-3 px-3 pb-1.5 text-sm">
      <span aria-hidden="true" className="shrink-0 text-accent-text [&>svg]:size-4.5">
        {icon}
      </span>
      <span className="min-w-0 grow border-s-2 border-accent ps-2.5">
        <span className="block truncate font-medium text-accent-text">{title}</span>
        {text && (
          <span dir="auto" className="block truncate text-muted">
            {text}
          </span>
        )}
      </span>
      <IconButton small label={cancel} onClick={onCancel}>
        <X aria-hidden="true" className="size-4.5" />
      </IconButton>
    </div>
  );
}

/** Characters over what the server takes; below zero: what is left. Counted as it counts them. */
function useExcess(text: string): number {
  const config = useLiveQuery(() => clientConfig());
  const limit = config?.limits.textChars ?? 10_000;
  // Counting code points is slow on long texts, and no text has more of them than code units.
  return text.length < limit - 500 ? text.length - limit : [...text].length - limit;
}

function Length({ excess }: { excess: number }) {
  const t = useTranslations("composer");
  if (excess < -200) return null;
  return (
    <p role="status" className={excess > 0 ? "px-4 pt-1 text-sm text-danger-text" : "px-4 pt-1 text-sm text-muted"}>
      {excess > 0 ? t("tooLong", { count: excess }) : t("left", { count: -excess })}
    </p>
  );
}
