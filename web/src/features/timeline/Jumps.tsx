import { ArrowDown, ArrowUp, MailQuestion } from "lucide-react";
import { useTranslations } from "use-intl";
import { IconButton } from "@/ui/Button";
import type { TimelineProps } from "./TimelineView";
import type { Side } from "./useUnreadSide";

type Props = Pick<TimelineProps, "hasNewer" | "waiting" | "onEnd" | "onUnread"> & { atEnd: boolean; unread: Side };

/** Buttons over the list: to the first unread message if that is far, and to the end, with how much came meanwhile. */
export function Jumps({ atEnd, hasNewer, waiting, onEnd, unread, onUnread }: Props) {
  const t = useTranslations("conversation");
  const away = !atEnd || hasNewer;
  if (!away && !unread) return null;
  return (
    <div className="absolute end-4 bottom-4 z-10 flex animate-rise flex-col gap-3 motion-reduce:animate-none">
      {unread && (
        <IconButton label={t("toUnread")} onClick={onUnread} className={floating}>
          <MailQuestion aria-hidden="true" className="size-5" />
          <span aria-hidden="true" className="absolute -end-1 -top-1 rounded-full bg-accent p-0.5 text-on-accent">
            {unread === "above" ? <ArrowUp className="size-3" /> : <ArrowDown className="size-3" />}
          </span>
        </IconButton>
      )}
      {away && (
        <IconButton label={t("toEnd", { count: waiting })} onClick={onEnd} className={floating}>
          <ArrowDown aria-hidden="true" className="size-5" />
          {waiting > 0 && (
            <span
              aria-hidden="true"
              className="absolute -top-2 min-w-5 rounded-full bg-accent px-1.5 text-center text-xs leading-5 font-semibold text-on-accent"
            >
              {waiting > 999 ? "999+" : waiting}
            </span>
          )}
        </IconButton>
      )}
    </div>
  );
}

const floating = "relative border border-line bg-raised shadow-pop hover:bg-well";
