import { Ban, CornerUpRight } from "lucide-react";
import { useLocale, useTranslations } from "use-intl";
import { mentionRanges } from "@/features/composer/mentions";
import { hueOf } from "@/ui/Avatar";
import { cx } from "@/ui/cx";
import { FormattedText } from "@/ui/FormattedText";
import { languageOf, languages } from "@/ui/i18n/languages";
import { useWhen } from "@/ui/when";
import { Ticks } from "./Ticks";
import type { MessageView } from "@/store/queries";
import { stateOf } from "./state";

type Props = {
  message: MessageView;
  /** The sender's name, where it is to be shown. */
  name: string | null;
  quotedName: string | null;
  first: boolean;
  last: boolean;
  hits?: readonly [number, number][];
  /** Whether Tab stops within. */
  reachable?: boolean;
  onQuote: (id: string) => void;
};

/** One message, without what can be done with it. */
export function Bubble({ message, name, quotedName, first, last, hits, reachable, onQuote }: Props) {
  const { own } = message;
  return (
    <div
      className={cx(
        "relative min-w-20 max-w-full rounded-[1.125rem] px-3 pt-1.5 pb-1.5 text-[0.9375rem] leading-[1.4] shadow-bubble",
        own ? "bg-own text-on-own" : "bg-surface text-ink",
        // Of a group, the corners on its side are tight; the last one points at who said it.
        own ? cx(!first && "rounded-se-md", !last && "rounded-ee-md") : cx(!first && "rounded-ss-md", !last && "rounded-es-md"),
      )}
    >
      {name && (
        <p data-hue-text={hueOf(message.senderId)} className="mb-0.5 truncate text-[0.8125rem] font-semibold">
          {name}
        </p>
      )}
      {stateOf(message) === "there" && message.forwardedFrom && <Forwarded own={own} />}
      {stateOf(message) === "there" && message.replyTo && (
        <Quote message={message} name={quotedName} reachable={reachable} onQuote={onQuote} />
      )}
      <Text message={message} hits={hits} />
      <Meta message={message} />
    </div>
  );
}

function Text({ message, hits }: Pick<Props, "message" | "hits">) {
  const t = useTranslations("message");
  const state = stateOf(message);
  if (state !== "there") {
    return (
      <p className={cx("italic", message.own ? "text-own-muted" : "text-muted")}>
        <Ban aria-hidden="true" className="me-1.5 inline size-4 align-[-0.2em]" />
        {t(state)}
        <Room message={message} />
      </p>
    );
  }
  const large = isLargeEmoji(message.text);
  const named = message.mentions.length > 0 ? mentionRanges(message.text).map((range) => ({ ...range, style: "bold" as const })) : [];
  return (
    <p dir="auto" className={cx("break-words whitespace-pre-wrap [overflow-wrap:anywhere]", large && "py-1 text-4xl leading-tight")}>
      <FormattedText text={message.text} formatting={[...message.formatting, ...named]} hits={hits} />
      <Room message={message} />
    </p>
  );
}

/** Keeps free what the time takes at the end of the last line; a line of its own where the text runs the other way. */
function Room({ message }: Pick<Props, "message">) {
  const t = useTranslations("message");
  const { clock } = useWhen();
  const direction = languages[languageOf(useLocale())].dir;
  const against = stateOf(message) === "there" && directionOf(message.text) !== null && directionOf(message.text) !== direction;
  return (
    <span
      aria-hidden="true"
      className={cx("invisible h-3.5 ps-2 text-[0.6875rem] leading-3.5 whitespace-nowrap", against ? "block" : "inline-block")}
    >
      {message.editedAt && `${t("edited")} `}
      {clock(message.createdAt)}
      {message.progress && <span className="inline-block w-5" />}
    </span>
  );
}

/** Which way a text runs, by its first letter that runs one way. */
export function directionOf(text: string): "ltr" | "rtl" | null {
  const letter = /\p{L}/u.exec(text)?.[0];
  if (!letter) return null;
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(letter) ? "rtl" : "ltr";
}

function Meta({ message }: Pick<Props, "message">) {
  const t = useTranslations("message");
  const { clock, full } = useWhen();
  return (
    <span
      className={cx(
        "absolute end-2.5 bottom-1 flex items-center gap-1 text-[0.6875rem] leading-4 select-none",
        message.own ? "text-own-muted" : "text-muted",
      )}
    >
      {message.editedAt && stateOf(message) === "there" && <span>{t("edited")}</span>}
      <time dateTime={message.createdAt} title={full(message.createdAt)}>
        {clock(message.createdAt)}
      </time>
      {message.progress && stateOf(message) === "there" && <Ticks progress={message.progress} />}
    </span>
  );
}

function Forwarded({ own }: { own: boolean }) {
  const t = useTranslations("message");
  return (
    <p className={cx("flex items-center gap-1 text-xs", own ? "text-own-muted" : "text-muted")}>
      <CornerUpRight aria-hidden="true" className="size-3.5 rtl:-scale-x-100" />
      {t("forwardedFrom")}
    </p>
  );
}

type QuoteProps = Pick<Props, "message" | "reachable" | "onQuote"> & { name: string | null };

function Quote({ message, name, reachable, onQuote }: QuoteProps) {
  const t = useTranslations("message");
  const quoted = message.replyTo;
  if (!quoted) return null;
  return (
    <button
      type="button"
      tabIndex={reachable ? 0 : -1}
      title={t("original")}
      onClick={() => onQuote(quoted.id)}
      className="my-1 block w-full max-w-full overflow-hidden rounded-lg border-s-3 border-accent bg-code px-2.5 py-1 text-start text-[0.8125rem]"
    >
      <span className="block truncate font-semibold">{name}</span>
      <span dir="auto" className={cx("line-clamp-2 break-words", message.own ? "text-own-muted" : "text-muted")}>
        {quoted.excerpt || t("deleted")}
      </span>
    </button>
  );
}

const emojiOnly =
  /^(?:\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\uFE0F|\u200D\p{Extended_Pictographic})*|\p{Regional_Indicator}{2})+$/u;

/** One to three emoji and nothing else are shown large. */
export function isLargeEmoji(text: string): boolean {
  return text.length <= 40 && emojiOnly.test(text) && [...new Intl.Segmenter().segment(text)].length <= 3;
}
