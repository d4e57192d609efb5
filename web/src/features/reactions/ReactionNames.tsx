import { useLocale } from "use-intl";
import { namesOf } from "./ReactionChips";

type Props = { reactions: readonly { emoji: string; userIds: readonly string[] }[]; nameOf: (userId: string) => string };

/** Who reacted how, for who has no mouse to point with. */
export function ReactionNames({ reactions, nameOf }: Props) {
  const locale = useLocale();
  if (reactions.length === 0) return null;
  return (
    <ul className="mb-1 max-w-72 border-b border-line px-3 pt-0.5 pb-1.5 text-sm text-muted">
      {reactions.slice(0, 5).map(({ emoji, userIds }) => (
        <li key={emoji} className="flex gap-2 py-0.5">
          <span>{emoji}</span>
          <span dir="auto" className="line-clamp-2">
            {namesOf(userIds, nameOf, locale)}
          </span>
        </li>
      ))}
    </ul>
  );
}
