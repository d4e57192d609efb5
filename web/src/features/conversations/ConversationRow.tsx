import { AtSign, BellOff, Pin } from "lucide-react";
import { memo } from "react";
import { useTranslations } from "use-intl";
import { Ticks } from "@/features/timeline/Ticks";
import type { ConversationItem, Progress } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { cx } from "@/ui/cx";
import { Menu, type MenuItem } from "@/ui/Menu";
import { OneLine } from "@/ui/OneLine";
import { plainClick } from "@/ui/plainClick";
import { usePressMenu } from "@/ui/usePressMenu";
import { useWhen } from "@/ui/when";

/** The second line of a conversation in the list. */
export type PreviewLine = { kind: "text" | "draft" | "typing"; text: string };

// Single values, so that a row is drawn again only if something about it is different.
type Props = {
  item: ConversationItem;
  name: string;
  line: PreviewLine["kind"];
  text: string;
  /** How far one's own last message has come; null: it is somebody else's. */
  progress: Progress | null;
  online: boolean;
  href: string;
  selected: boolean;
  onOpen: (id: string) => void;
  menuOf: (item: ConversationItem) => MenuItem[];
};

/** A conversation in the list: a link, so that it can be opened in a tab of its own. */
export const ConversationRow = memo(function ConversationRow(props: Props) {
  const { item, name, line, text, progress, online, href, selected, onOpen, menuOf } = props;
  const t = useTranslations("list");
  const { brief, full } = useWhen();
  const menu = usePressMenu(press);
  return (
    <li className="px-2">
      <a
        href={href}
        data-conversation={item.id}
        aria-current={selected ? "page" : undefined}
        onClick={plainClick(() => onOpen(item.id))}
        {...menu.handlers}
        className={cx(
          "flex h-18 items-center gap-3 rounded-xl px-2.5 transition-colors pointer-coarse:select-none [-webkit-touch-callout:none]",
          selected ? "bg-accent-soft" : "hover:bg-hover",
        )}
      >
        <Avatar id={item.person?.id ?? item.id} name={name} kind={kindOf(item.kind)} online={online} />
        {online && <span className="sr-only">{t("online")}</span>}
        <span className="min-w-0 grow">
          <span className="flex items-baseline gap-2">
            <OneLine text={name} className="grow font-medium" />
            {item.muted && <BellOff role="img" aria-label={t("muted")} className="size-3.5 shrink-0 self-center text-muted" />}
            <time
              dateTime={item.activityAt}
              title={full(item.activityAt)}
              className={cx("shrink-0 text-xs", item.unread ? "font-medium text-accent-text" : "text-muted")}
            >
              {brief(item.activityAt)}
            </time>
          </span>
          <span className="mt-0.5 flex h-5 items-center gap-1.5">
            <Line kind={line} text={text} progress={progress} />
            {item.pinned && !item.unread && <Pin role="img" aria-label={t("pinned")} className="size-3.5 shrink-0 rotate-45 text-muted" />}
            {item.mentions > 0 && (
              <span className="grid size-5.5 shrink-0 place-items-center rounded-full bg-accent text-on-accent">
                <AtSign role="img" aria-label={t("mentioned")} className="size-3.5" />
              </span>
            )}
            <Unread item={item} />
          </span>
        </span>
      </a>
      {menu.at && <Menu label={t("actions", { name })} items={menuOf(item)} anchor={menu.at} held={menu.at.held} onClose={menu.close} />}
    </li>
  );
});

const press = { byKey: (box: DOMRect) => ({ x: box.left + 40, y: box.bottom - 8 }) };

export function kindOf(kind: ConversationItem["kind"]): "person" | "group" | "self" {
  if (kind === "direct") return "person";
  return kind === "self" ? "self" : "group";
}

function Line({ kind, text, progress }: PreviewLine & Pick<Props, "progress">) {
  const t = useTranslations("list");
  return (
    <span className={cx("flex min-w-0 grow items-center gap-1 text-sm", kind === "typing" ? "text-accent-text" : "text-muted")}>
      {progress && (
        <span className="shrink-0">
          <Ticks progress={progress} />
        </span>
      )}
      {kind === "draft" && <span className="shrink-0 text-danger-text">{t("draft")}</span>}
      <OneLine text={text} />
    </span>
  );
}

function Unread({ item }: { item: ConversationItem }) {
  const t = useTranslations("list");
  if (item.unread === 0 && !item.markedUnread) return null;
  const label = item.unread > 0 ? t("unread", { count: item.unread }) : t("markedUnread");
  return (
    <span
      data-unread={item.unread}
      className={cx(
        "grid h-5.5 min-w-5.5 shrink-0 place-items-center rounded-full px-1.5 text-xs font-semibold tabular-nums",
        item.muted ? "bg-well text-muted" : "bg-accent text-on-accent",
      )}
    >
      <span aria-hidden="true">{item.unread > 0 ? (item.unread > 999 ? "999+" : item.unread) : ""}</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
