import { ArrowDown } from "lucide-react";
import { memo, type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { useTimeZone, useTranslations } from "use-intl";
import type { MessageView } from "@/store/queries";
import { IconButton } from "@/ui/Button";
import { Empty } from "@/ui/Notice";
import { Spinner } from "@/ui/Spinner";
import type { MessageActions } from "./actions";
import { DayHeader, UnreadDivider } from "./Dividers";
import { MessageRow } from "./MessageRow";
import { type Row, rowsOf } from "./rows";
import { SystemLine } from "./SystemLine";
import { type AnchoredScroll, useAnchoredScroll } from "./useAnchoredScroll";
import { useEdgeLoader } from "./useEdgeLoader";
import { useRovingRow } from "./useRovingRow";

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
          {messages.length === 0 && !hasOlder && <Empty title={props.emptyText} />}
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
      <Jumps {...props} atEnd={scroll.atEnd} hasNewer={hasNewer} unreadLoaded={unreadAbove !== null} scroller={scroller} />
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

type JumpProps = TimelineProps & { atEnd: boolean; unreadLoaded: boolean; scroller: RefObject<HTMLElement | null> };

/** Buttons over the list: to the end, with how much came meanwhile, and to the first unread message. */
function Jumps({ atEnd, hasNewer, waiting, onEnd }: JumpProps) {
  const t = useTranslations("conversation");
  if (atEnd && !hasNewer) return null;
  return (
    <div className="absolute end-4 bottom-4 z-10 animate-rise motion-reduce:animate-none">
      <IconButton
        label={t("toEnd", { count: waiting })}
        onClick={onEnd}
        className="relative border border-line bg-raised shadow-pop hover:bg-well"
      >
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
    </div>
  );
}

/** Tells what is the last row that can be seen, when that changes. */
function useSight(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  rows: unknown,
  atEnd: boolean,
  onSight: TimelineProps["onSight"],
) {
  const look = useCallback(() => {
    const list = scroller.current?.getBoundingClientRect();
    const all = content.current?.querySelectorAll<HTMLElement>("[data-row]");
    if (!list || !all) return;
    for (let at = all.length - 1; at >= 0; at -= 1) {
      const row = all[at] as HTMLElement;
      if (row.getBoundingClientRect().top < list.bottom - 8) return onSight(row.dataset.row ?? null, atEnd);
    }
    onSight(null, atEnd);
  }, [scroller, content, atEnd, onSight]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows are seen as well
  useEffect(() => {
    look();
    const list = scroller.current;
    let waits = false;
    const soon = () => {
      if (waits) return;
      waits = true;
      requestAnimationFrame(() => {
        waits = false;
        look();
      });
    };
    list?.addEventListener("scroll", soon, { passive: true });
    return () => list?.removeEventListener("scroll", soon);
  }, [rows, look, scroller]);
}
