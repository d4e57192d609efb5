import { Plus } from "lucide-react";
import { useTranslations } from "use-intl";
import { IconButton } from "@/ui/Button";
import { usePreferences } from "@/features/settings/preferences";

const usual = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

type Props = { mine: readonly string[]; onPick: (emoji: string) => void; onMore: () => void };

/** A row of six: what was used last first, then what most people use. */
export function QuickReactions({ mine, onPick, onMore }: Props) {
  const t = useTranslations("message");
  const recent = usePreferences((state) => state.recentEmoji);
  return (
    <div className="mb-1 flex justify-between gap-0.5 border-b border-line pb-1.5">
      {quick(recent).map((emoji) => (
        <IconButton
          key={emoji}
          label={t("reactWith", { emoji })}
          aria-pressed={mine.includes(emoji)}
          className="size-10 md:size-9"
          onClick={() => onPick(emoji)}
        >
          <span className="text-xl">{emoji}</span>
        </IconButton>
      ))}
      <IconButton label={t("moreReactions")} className="size-10 md:size-9" onClick={onMore}>
        <Plus aria-hidden="true" className="size-5" />
      </IconButton>
    </div>
  );
}

export function quick(recent: readonly string[]): string[] {
  return [...new Set([...recent.slice(0, 2), ...usual])].slice(0, 6);
}
