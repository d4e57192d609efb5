import { useTranslations } from "use-intl";
import { useWhen } from "@/ui/when";

/** The date above the first line of a day; stays at the top while its day is read. */
export function DayHeader({ at }: { at: string }) {
  const { day } = useWhen();
  return (
    <div className="pointer-events-none sticky top-2 z-10 my-3 flex justify-center">
      <h3 className="rounded-full border border-line bg-surface px-3 py-1 text-xs font-medium text-muted shadow-low">
        <time dateTime={at}>{day(at)}</time>
      </h3>
    </div>
  );
}

export function UnreadDivider() {
  const t = useTranslations("conversation");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot hold words
    <div
      role="separator"
      aria-label={t("unread")}
      data-unread-divider
      className="my-3 flex items-center gap-3 px-4 text-xs font-semibold text-accent-text"
    >
      <span className="h-px grow bg-accent/40" />
      {t("unread")}
      <span className="h-px grow bg-accent/40" />
    </div>
  );
}
