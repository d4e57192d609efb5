import { MessageCircle } from "lucide-react";
import { memo, type RefObject, useMemo, useRef } from "react";
import { useTimeZone, useTranslations } from "use-intl";
import type { MessageView } from "@/store/queries";
import { Empty } from "@/ui/Notice";
import { Spinner } from "@/ui/Spinner";
import type { MessageActions } from "./actions";
import { DayHeader, UnreadDivider } from "./Dividers";
import { Jumps } from "./Jumps";
import { MessageRow } from "./MessageRow";
import { type Row, rowsOf } from "./rows";
import { SystemLine } from "./SystemLine";
import { type AnchoredScroll, useAnchoredScroll } from "./useAnchoredScroll";
import { useEdgeLoader } from "./useEdgeLoader";
import { useRovingRow } from "./useRovingRow";
import { useSight } from "./useSight";
import { useUnreadSide } from "./useUnreadSide";

export type TimelineProps = {
  name: string;
  messages: readonly MessageView[];
  /** Whether there is more than what is loaded, on either side. */
  hasOlder: boolean;
  hasNewer: boolean;
  onOlder: () => void;
  onNewer: () => void;
  /** The place up to which this person had read when the conversation was opened; null when there was nothing unread. */
  unreadAbove: number | null;
  /** Messages that came below while the reader was elsewhere. */
  waiting: number;
  onEnd: () => void;
  onUnread: () => void;
  group: boolean;
  me: string;
  nameOf: (userId: string) => string;
  actions: MessageActions;
  writable: boolean;
  flash: string | null;
  hitsOf: (message: MessageView) => readonly [number, number][] | undefined;
  systemText: (message: MessageView) => string;
  /** Told where the reader is: the id of the last row in sight, and whether that is the end. */
  onSight: (lastId: string | null, atEnd: boolean) => void;
  scroll: RefObject<AnchoredScroll | null>;
  onLeave: () => void;
  /** Said where there is nothing. */
  emptyText: string;
};

/** The messages of a conversation: a list of real rows that holds still while it changes. */
export const TimelineView = memo(function TimelineView(props: TimelineProps) {
  const { messages, hasOlder, hasNewer, unreadAbove, me, onOlder, onNewer, onSight } = props;
  const t = useTranslations("conversation");
  const timeZone = useTimeZone();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const bottom = useRef<HTMLDivElement>(null);

  const rows = useMemo(() => rowsOf(messages, { me, unreadAbove, timeZone }), [messages, me, unreadAbove, timeZone]);
  const scroll = useAnchoredScroll({ scroller, content, rows, hasEnd: !hasNewer });
  props.scroll.current = scroll;
  const firstId = messages[0]?.id;
  const lastId = messages.at(-1)?.id;
  useEdgeLoader(scroller, top, hasOlder && firstId ? firstId : null, onOlder);
  useEdgeLoader(scroller, bottom, hasNewer && lastId ? lastId : null, onNewer);
  const roving = useRovingRow(content, lastId, props.onLeave);
  useSight(scroller, content, rows, scroll.atEnd, onSight);
  const unread = useUnreadSide(scroller, messages, props);

  return (
    <div className="relative flex min-h-0 grow flex-col">
      <div
        ref={scroller}
        tabIndex={messages.length === 0 ? 0 : -1}
        data-timeline
        className="min-h-0 grow overflow-y-auto overscroll-none [overflow-anchor:none]"
      >
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
        <div
          ref={content}
          role="group"
          aria-label={t("messages", { name: props.name })}
          className="mx-auto flex min-h-full max-w-4xl flex-col justify-end pt-2 pb-3"
          onKeyDown={roving.onKeyDown}
          onFocus={roving.onFocus}
        >
          <div ref={top} className="flex min-h-8 items-center justify-center py-2 text-xs text-muted">
            {hasOlder ? (
              <>
                <Spinner className="size-4" />
                <span className="sr-only">{t("loadingOlder")}</span>
              </>
            ) : (
              messages.length > 0 && t("start")
            )}
          </div>
          {messages.length === 0 && !hasOlder && <Empty icon={props.emptyText && <MessageCircle />} title={props.emptyText} />}
          {daysOf(rows).map((day) => (
            <section key={day.id}>
              <DayHeader at={day.at} />
              {day.rows.map((row) =>
                row.kind === "unread" ? (
                  <UnreadDivider key={row.id} />
                ) : (
                  <LineOf key={row.id} row={row} props={props} active={roving.active === row.id} />
                ),
              )}
            </section>
          ))}
          <div ref={bottom} />
        </div>
      </div>
      <Jumps {...props} atEnd={scroll.atEnd} unread={unread} />
    </div>
  );
});

type LineRow = Extract<Row<MessageView>, { kind: "line" }>;

function LineOf({ row, props, active }: { row: LineRow; props: TimelineProps; active: boolean }) {
  const { line } = row;
  if (line.type !== "message") return <SystemLine id={line.id} text={props.systemText(line)} active={active} />;
  return (
    <MessageRow
      message={line}
      first={row.first}
      last={row.last}
      group={props.group}
      me={props.me}
      nameOf={props.nameOf}
      actions={props.actions}
      active={active}
      flash={props.flash === line.id}
      hits={props.hitsOf(line)}
      writable={props.writable}
    />
  );
}

type Day = { id: string; at: string; rows: Exclude<Row<MessageView>, { kind: "day" }>[] };

function daysOf(rows: readonly Row<MessageView>[]): Day[] {
  const days: Day[] = [];
  for (const row of rows) {
    if (row.kind === "day") days.push({ id: row.id, at: row.at, rows: [] });
    else days.at(-1)?.rows.push(row);
  }
  return days;
}
