import { BellOff, Pin } from "lucide-react";
import { type MouseEvent, memo, useCallback, useState } from "react";
import { useTranslations } from "use-intl";
import { type Progress, Ticks } from "@/features/timeline/Ticks";
import { Avatar } from "@/ui/Avatar";
import { cx } from "@/ui/cx";
import { Menu, type MenuItem } from "@/ui/Menu";
import { useWhen } from "@/ui/when";

export type ConversationItem = {
  id: string;
  kind: "direct" | "group" | "self" | "channel";
  name: string;
  /** Whose colour the picture has: the other person's, or the conversation's. */
  avatarId: string;
  preview: { kind: "text" | "draft" | "typing" | "none"; text: string };
  /** Of the last message, if it is one's own. */
  progress: Progress | null;
  at: string | null;
  unread: number;
  markedUnread: boolean;
  muted: boolean;
  pinned: boolean;
  archived: boolean;
  online: boolean;
};

type Props = {
  item: ConversationItem;
  href: string;
  selected: boolean;
  onOpen: (id: string) => void;
  menuOf: (item: ConversationItem) => MenuItem[];
};

/** A conversation in the list: a link, so that it can be opened in a tab of its own. */
export const ConversationRow = memo(function ConversationRow({ item, href, selected, onOpen, menuOf }: Props) {
  const t = useTranslations("list");
  const { brief, full } = useWhen();
  const [menu, setMenu] = useState<{ x: number; y: number } | null>(null);
  const close = useCallback(() => setMenu(null), []);
  const clicked = (event: MouseEvent) => {
    // Any other click opens a tab or a window, as with every link.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onOpen(item.id);
  };
  return (
    <li className="px-2">
      <a
        href={href}
        data-conversation={item.id}
        aria-current={selected ? "page" : undefined}
        onClick={clicked}
        onContextMenu={(event) => {
          event.preventDefault();
          const box = event.currentTarget.getBoundingClientRect();
          setMenu(event.clientX ? { x: event.clientX, y: event.clientY } : { x: box.left + 40, y: box.bottom - 8 });
        }}
        className={cx("flex h-18 items-center gap-3 rounded-xl px-2.5 transition-colors", selected ? "bg-accent-soft" : "hover:bg-hover")}
      >
        <Avatar id={item.avatarId} name={item.name} kind={kindOf(item.kind)} online={item.online} />
        {item.online && <span className="sr-only">{t("online")}</span>}
        <span className="min-w-0 grow">
          <span className="flex items-baseline gap-2">
            <span dir="auto" className="grow truncate text-start font-medium">
              {item.name}
            </span>
            {item.muted && <BellOff role="img" aria-label={t("muted")} className="size-3.5 shrink-0 self-center text-muted" />}
            {item.at && (
              <time dateTime={item.at} title={full(item.at)} className={cx("shrink-0 text-xs", item.unread ? "font-medium text-accent-text" : "text-muted")}>
                {brief(item.at)}
              </time>
            )}
          </span>
          <span className="mt-0.5 flex h-5 items-center gap-1.5">
            <Preview item={item} />
            {item.pinned && !item.unread && <Pin role="img" aria-label={t("pinned")} className="size-3.5 shrink-0 rotate-45 text-muted" />}
            <Unread item={item} />
          </span>
        </span>
      </a>
      {menu && <Menu label={t("actions", { name: item.name })} items={menuOf(item)} anchor={menu} onClose={close} />}
    </li>
  );
});

export function kindOf(kind: ConversationItem["kind"]): "person" | "group" | "self" {
  if (kind === "direct") return "person";
  return kind === "self" ? "self" : "group";
}

function Preview({ item }: { item: ConversationItem }) {
  const t = useTranslations("list");
  const { kind, text } = item.preview;
  return (
    <span className={cx("flex min-w-0 grow items-center gap-1 text-sm", kind === "typing" ? "text-accent-text" : "text-muted")}>
      {kind === "text" && item.progress && (
        <span className="shrink-0">
          <Ticks progress={item.progress} />
        </span>
      )}
      {kind === "draft" && <span className="shrink-0 text-danger-text">{t("draft")}</span>}
      <span dir="auto" className="truncate text-start">
        {text}
      </span>
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
