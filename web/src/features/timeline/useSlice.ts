import { useLiveQuery } from "dexie-react-hooks";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Around, type MessageSlice, type MessageView, messageSlice } from "@/store/queries";
import { sameRows } from "./sameRows";

/** How many rows come at an edge, and how many stay on the other side of it. */
const page = 60;
const kept = 140;
/** No row is lower, in pixels. */
const rowHeight = 35;

export type Stretch = { around: Around; before: number; after: number };

/** What the window has room for, so that it is there soonest. Its edges are near, so that more comes as soon as it is painted. */
export function firstStretch(around: Around): Stretch {
  const rows = Math.min(page, Math.ceil(innerHeight / rowHeight));
  return { around, before: rows, after: rows };
}
const isFirst = ({ before }: Stretch) => before < page;
const widened = ({ around }: Stretch): Stretch => ({ around, before: page, after: page });
/** Around the oldest row there is: what lies far below goes. */
export const older = (firstId: string): Stretch => ({ around: { at: "message", id: firstId }, before: page, after: kept });
export const newer = (lastId: string): Stretch => ({ around: { at: "message", id: lastId }, before: kept, after: page });
/** Held to the last row: what comes after it takes nothing away at the top, where the reader may be. */
export const held = (lastId: string): Stretch => ({ around: { at: "message", id: lastId }, before: kept, after: page });

/** The stretch of a conversation that is loaded: at most about 200 rows, wherever the reader goes. */
export function useSlice(conversationId: string, first: { stretch: Stretch; slice: MessageSlice }) {
  const [stretch, setStretch] = useState(first.stretch);
  const found = useLiveQuery(
    async () => ({ stretch, slice: await messageSlice(conversationId, stretch) }),
    [conversationId, stretch],
    first,
  );
  const rows = useRef<readonly MessageView[]>([]);
  const slice = useMemo(() => {
    rows.current = sameRows(rows.current, found.slice.messages);
    return { ...found.slice, messages: rows.current };
  }, [found]);
  // The answer to an earlier question is still shown, but says nothing about this one.
  const current = found.stretch === stretch;
  const firstId = slice.messages[0]?.id;
  const lastId = slice.messages.at(-1)?.id;

  // What is unread changes with reading: once found, its place is held by the message.
  useEffect(() => {
    const { at } = stretch.around;
    if (!current || (at !== "unread" && at !== "seq")) return;
    const around: Around = slice.anchorId ? { at: "message", id: slice.anchorId } : { at: "end" };
    setStretch((now) => (now === stretch ? { ...now, around } : now));
  }, [current, slice, stretch]);

  const onOlder = useCallback(() => {
    if (firstId) setStretch((now) => (isFirst(now) ? widened(now) : older(firstId)));
  }, [firstId]);
  const onNewer = useCallback(() => {
    if (lastId) setStretch((now) => (isFirst(now) ? widened(now) : newer(lastId)));
  }, [lastId]);
  const goTo = useCallback((around: Around) => setStretch(firstStretch(around)), []);

  /** Told whether the reader is at the list's end: there it follows, elsewhere it holds. */
  const onAtEnd = useCallback(
    (atEnd: boolean) => {
      if (!current || !lastId) return;
      if (atEnd && slice.atEnd && stretch.around.at !== "end") setStretch({ around: { at: "end" }, before: kept, after: page });
      if (!atEnd && stretch.around.at === "end") setStretch(held(lastId));
    },
    [current, slice, lastId, stretch],
  );

  return { slice, current, around: stretch.around, onOlder, onNewer, goTo, onAtEnd };
}
