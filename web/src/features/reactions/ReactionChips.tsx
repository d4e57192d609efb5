import { useLocale, useTranslations } from "use-intl";
import { cx } from "@/ui/cx";

type Props = {
  reactions: readonly { emoji: string; userIds: readonly string[] }[];
  me: string;
  nameOf: (userId: string) => string;
  /** Whether Tab stops here. */
  reachable: boolean;
  onToggle: (emoji: string, on: boolean) => void;
};

/** Who reacted how; one's own are marked, and pressed again they go. */
export function ReactionChips({ reactions, me, nameOf, reachable, onToggle }: Props) {
  const t = useTranslations("message");
  const locale = useLocale();
  if (reactions.length === 0) return null;
  return (
    <div className="-mt-1 flex flex-wrap gap-1 px-1">
      {reactions.map(({ emoji, userIds }) => {
        const mine = userIds.includes(me);
        const names = namesOf(userIds, nameOf, locale);
        return (
          <button
            key={emoji}
            type="button"
            tabIndex={reachable ? 0 : -1}
            aria-pressed={mine}
            aria-label={t("reacted", { emoji, count: userIds.length, names })}
            title={names}
            onClick={() => onToggle(emoji, !mine)}
            className={cx(
              "relative z-1 inline-flex h-7 min-w-6 pointer-coarse:min-w-11 justify-center pointer-coarse:after:absolute pointer-coarse:after:-inset-y-2 pointer-coarse:after:inset-x-0 items-center gap-1 rounded-full border px-2 text-sm shadow-low",
              mine ? "border-accent bg-accent-soft text-accent-text" : "border-line bg-surface text-ink hover:bg-well",
            )}
          >
            <span>{emoji}</span>
            {userIds.length > 1 && <span className="text-xs font-medium tabular-nums">{userIds.length}</span>}
          </button>
        );
      })}
    </div>
  );
}

/** Names as a tip has room for them. */
export function namesOf(userIds: readonly string[], nameOf: (userId: string) => string, locale: string): string {
  const most = 12;
  const names = userIds.slice(0, most).map(nameOf);
  const list = new Intl.ListFormat(locale, { type: "unit", style: "short" }).format(names);
  return userIds.length > most ? `${list} +${userIds.length - most}` : list;
}
