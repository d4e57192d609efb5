import { useLiveQuery } from "dexie-react-hooks";
import { startTransition, useEffect, useMemo, useRef, useState } from "react";
import { sameRows } from "@/features/timeline/sameRows";
import { early } from "@/lib/early";
import { type ConversationItem, conversationList, type Progress, progressOf } from "@/store/queries";

const listed = early(() => conversationList());

/** The conversations, each the same object as before if nothing about it is different. */
export function useItems(archived: boolean): readonly ConversationItem[] | undefined {
  const [before] = useState(() => (archived ? undefined : listed()));
  const found = useLiveQuery(() => conversationList({ archived }), [archived], before);
  const last = useRef<readonly ConversationItem[]>([]);
  return useMemo(() => {
    if (!found) return undefined;
    last.current = sameRows(last.current, found);
    return last.current;
  }, [found]);
}

/** No row is lower, in pixels. */
const rowHeight = 72;

/** How many rows to draw: at first what the window has room for, and the rest once that is painted. */
export function useInParts(items: readonly unknown[] | undefined): number {
  const [all, setAll] = useState(false);
  const there = items !== undefined;
  useEffect(() => {
    if (!there) return;
    const timer = setTimeout(() => startTransition(() => setAll(true)));
    return () => clearTimeout(timer);
  }, [there]);
  return all ? Number.POSITIVE_INFINITY : Math.ceil(innerHeight / rowHeight);
}

/** How far one's own last messages have come. */
export function useProgress(items: readonly ConversationItem[] | undefined, me: string): ReadonlyMap<string, Progress> {
  const own = (items ?? []).flatMap(({ id, kind, preview }) =>
    kind !== "self" && preview?.senderId === me && !preview.deleted ? [`${id} ${preview.messageId}`] : [],
  );
  const key = own.sort().join();
  const found = useLiveQuery(async () => (key ? progressOf(key.split(",").map((one) => one.split(" ") as [string, string])) : none), [key]);
  return found ?? none;
}

const none: ReadonlyMap<string, Progress> = new Map();

export function usePeopleOf(items: readonly ConversationItem[] | undefined): string[] {
  const key = (items ?? [])
    .flatMap((item) => (item.person ? [item.person.id] : []))
    .sort()
    .join();
  return useMemo(() => (key ? key.split(",") : []), [key]);
}
