import { lazy, type RefObject, Suspense } from "react";
import { useTranslations } from "use-intl";
import { Popover } from "@/ui/Popover";

const EmojiPanel = lazy(() => import("./EmojiPanel"));

type Props = { anchor: RefObject<HTMLElement | null> | { x: number; y: number }; onPick: (emoji: string) => void; onClose: () => void };

export function EmojiPopover({ anchor, onPick, onClose }: Props) {
  const t = useTranslations("emoji");
  return (
    <Popover label={t("search")} anchor={anchor} onClose={onClose} className="h-88 w-82">
      <Suspense fallback={<p className="grid h-full place-items-center text-sm text-muted">{t("loading")}</p>}>
        <EmojiPanel onPick={onPick} />
      </Suspense>
    </Popover>
  );
}
