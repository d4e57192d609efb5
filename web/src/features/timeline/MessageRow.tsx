import { Copy, CornerUpRight, Link2, MoreHorizontal, Pencil, Reply, RotateCcw, SmilePlus, Trash2 } from "lucide-react";
import { memo, type MouseEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { QuickReactions } from "@/features/reactions/QuickReactions";
import { ReactionNames } from "@/features/reactions/ReactionNames";
import { ReactionChips } from "@/features/reactions/ReactionChips";
import { useFailure } from "@/features/session/useFailure";
import { ActionError } from "@/lib/errors";
import { Avatar } from "@/ui/Avatar";
import { Button, IconButton } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { Menu, type MenuItem } from "@/ui/Menu";
import { type PressPoint, usePressMenu } from "@/ui/usePressMenu";
import type { MessageView } from "@/store/queries";
import { useWhen } from "@/ui/when";
import { canEdit, type MessageActions } from "./actions";
import { Bubble } from "./Bubble";
import { stateOf } from "./state";

type Props = {
  message: MessageView;
  first: boolean;
  last: boolean;
  /** Whether senders are told apart by name and picture. */
  group: boolean;
  me: string;
  nameOf: (userId: string) => string;
  actions: MessageActions;
  /** The row that Tab reaches, of all of them. */
  active: boolean;
  flash: boolean;
  hits?: readonly [number, number][];
  writable: boolean;
};

/** A message with everything that belongs to it. */
export const MessageRow = memo(function MessageRow(props: Props) {
  const { message, first, last, group, me, nameOf, actions, active, flash, hits, writable } = props;
  const menu = usePressMenu(press);
  // Buttons for every row would take longer to draw than the messages.
  const [near, setNear] = useState(false);
  const label = useSentence(message, nameOf);
  const { own } = message;
  const there = stateOf(message) === "there";
  return (
    <article
      data-row={message.id}
      data-seq={message.seq ?? undefined}
      tabIndex={active ? 0 : -1}
      aria-label={label}
      onPointerEnter={() => setNear(true)}
      onPointerLeave={() => setNear(false)}
      {...(there && !message.failure ? menu.handlers : {})}
      className={cx(
        "group/row relative flex gap-2 px-3 md:px-6",
        own ? "justify-end" : "justify-start",
        first ? "pt-2.5" : "pt-0.5",
        flash && "animate-flash",
        // A finger that stays opens the menu, which copies as well.
        "focus-visible:outline-offset-[-2px] pointer-coarse:select-none [-webkit-touch-callout:none]",
      )}
    >
      {group && !own && (
        <span className="w-9 shrink-0 self-end">{last && <Avatar id={message.senderId} name={nameOf(message.senderId)} size="sm" />}</span>
      )}
      <div
        className={cx(
          "flex flex-col",
          group && !own
            ? "max-w-[min(85%,36rem)] md:max-w-[min(calc(100%-10rem),36rem)]"
            : "max-w-[min(85%,36rem)] md:max-w-[min(calc(100%-7.5rem),36rem)]",
          own ? "items-end" : "items-start",
        )}
      >
        <div className="relative max-w-full">
          <Bubble
            message={message}
            first={first}
            last={last}
            name={group && !own && first ? nameOf(message.senderId) : null}
            quotedName={message.replyTo ? nameOf(message.replyTo.senderId) : null}
            hits={hits}
            reachable={active}
            onQuote={actions.goTo}
          />
          {(near || active) && there && !message.failure && writable && (
            <HoverBar message={message} reachable={active} actions={actions} onMore={menu.openAt} />
          )}
        </div>
        {there && (
          <ReactionChips
            reactions={message.reactions}
            me={me}
            nameOf={nameOf}
            reachable={active}
            onToggle={(emoji, on) => actions.react(message, emoji, on)}
          />
        )}
        {message.failure && <Failure message={message} actions={actions} />}
      </div>
      {menu.at && (
        <MessageMenu message={message} me={me} nameOf={nameOf} writable={writable} actions={actions} at={menu.at} onClose={menu.close} />
      )}
    </article>
  );
});

/** One sentence with who, when and what: how a message is read out. */
function useSentence(message: MessageView, nameOf: (userId: string) => string): string {
  const t = useTranslations("message");
  const { spoken } = useWhen();
  const state = stateOf(message);
  const text = state === "there" ? message.text : t(state);
  const said = t("sentence", { name: nameOf(message.senderId), when: spoken(message.createdAt), text });
  const reactions = message.reactions.reduce((sum, one) => sum + one.userIds.length, 0);
  const more = message.progress ? `${said}. ${t(message.progress)}` : said;
  return reactions > 0 ? t("and", { text: more, reactions }) : more;
}

/** Who has selected text, or points at a link, wants the browser's own menu. */
const press = {
  leaves: ({ target, nativeEvent }: MouseEvent) =>
    (nativeEvent as { pointerType?: string }).pointerType !== "touch" &&
    (!window.getSelection()?.isCollapsed || (target as Element).closest("a") !== null),
  byKey: (box: DOMRect) => ({ x: box.left + box.width / 2, y: box.top + 24 }),
};

type BarProps = { message: MessageView; reachable: boolean; actions: MessageActions; onMore: (x: number, y: number) => void };

/** Shown beside a message, or above it where there is no room, while the mouse or the focus is on it. */
function HoverBar({ message, reachable, actions, onMore }: BarProps) {
  const t = useTranslations("message");
  const tabIndex = reachable ? 0 : -1;
  return (
    <div
      className={cx(
        "absolute z-2 flex max-md:-top-4 md:bottom-0 rounded-full border border-line bg-raised p-0.5 opacity-0 shadow-low",
        "group-focus-within/row:opacity-100 group-hover/row:opacity-100 [@media(hover:none)]:hidden",
        message.own ? "max-md:end-1 md:end-full md:me-1.5" : "max-md:start-1 md:start-full md:ms-1.5",
      )}
    >
      <IconButton small tabIndex={tabIndex} label={t("react")} onClick={() => actions.pickReaction(message)}>
        <SmilePlus aria-hidden="true" className="size-4.5" />
      </IconButton>
      <IconButton small tabIndex={tabIndex} label={t("reply")} onClick={() => actions.reply(message)}>
        <Reply aria-hidden="true" className="size-4.5 rtl:-scale-x-100" />
      </IconButton>
      <IconButton
        small
        tabIndex={tabIndex}
        label={t("actions")}
        aria-haspopup="menu"
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          onMore(box.left, box.bottom);
        }}
      >
        <MoreHorizontal aria-hidden="true" className="size-4.5" />
      </IconButton>
    </div>
  );
}

type MenuProps = {
  message: MessageView;
  me: string;
  nameOf: (userId: string) => string;
  writable: boolean;
  actions: MessageActions;
  at: PressPoint;
  onClose: () => void;
};

function MessageMenu({ message, me, nameOf, writable, actions, at, onClose }: MenuProps) {
  const t = useTranslations("message");
  const mine = message.reactions.filter((one) => one.userIds.includes(me)).map((one) => one.emoji);
  return (
    <Menu
      label={t("actions")}
      anchor={at}
      held={at.held}
      onClose={onClose}
      items={useItems(message, writable, actions)}
      head={(close) => (
        <>
          {writable && message.seq !== null && (
            <QuickReactions
              mine={mine}
              onPick={(emoji) => {
                close();
                actions.react(message, emoji, !mine.includes(emoji));
              }}
              onMore={() => {
                close();
                actions.pickReaction(message);
              }}
            />
          )}
          <ReactionNames reactions={message.reactions} nameOf={nameOf} />
        </>
      )}
    />
  );
}

function useItems(message: MessageView, writable: boolean, actions: MessageActions): MenuItem[] {
  const t = useTranslations("message");
  const stored = message.seq !== null;
  const items: (MenuItem | false)[] = [
    writable && { id: "reply", label: t("reply"), icon: <Reply className="rtl:-scale-x-100" />, onSelect: () => actions.reply(message) },
    writable && canEdit(message, Date.now()) && { id: "edit", label: t("edit"), icon: <Pencil />, onSelect: () => actions.edit(message) },
    { id: "copy", label: t("copyText"), icon: <Copy />, onSelect: () => actions.copyText(message) },
    stored && { id: "link", label: t("copyLink"), icon: <Link2 />, onSelect: () => actions.copyLink(message) },
    stored && {
      id: "forward",
      label: t("forward"),
      icon: <CornerUpRight className="rtl:-scale-x-100" />,
      onSelect: () => actions.forward(message),
    },
    stored && { id: "delete", label: t("delete"), icon: <Trash2 />, danger: true, onSelect: () => actions.remove(message) },
  ];
  return items.filter((item): item is MenuItem => item !== false);
}

function Failure({ message, actions }: { message: MessageView; actions: MessageActions }) {
  const t = useTranslations("message");
  const explain = useFailure();
  const reason = message.failure ? explain(new ActionError(message.failure.code, message.failure.message)) : "";
  return (
    <div className="mt-1 flex flex-wrap items-center justify-end gap-x-1 text-sm text-danger-text">
      <span>{t("failedWhy", { reason })}</span>
      <span className="flex gap-x-1">
        <Button kind="quiet" className="min-h-9 px-2.5 text-sm" onClick={() => actions.retry(message)}>
          <RotateCcw aria-hidden="true" className="size-4" />
          {t("retry")}
        </Button>
        <Button kind="quiet" className="min-h-9 px-2.5 text-sm text-danger-text" onClick={() => actions.discard(message)}>
          {t("discard")}
        </Button>
      </span>
    </div>
  );
}
