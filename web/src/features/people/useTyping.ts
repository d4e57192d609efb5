import { useLiveQuery } from "dexie-react-hooks";
import { useEffect, useState } from "react";
import { typing, typingAnywhere } from "@/store/queries";

/** Asks again when the time of whoever types is over: nothing in the store says so. */
function useNow(until: number | null | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!until) return;
    const timer = setTimeout(() => setNow(Date.now()), Math.max(0, until - Date.now()) + 10);
    return () => clearTimeout(timer);
  }, [until]);
  return now;
}

export function useTyping(conversationId: string): string[] {
  const [until, setUntil] = useState<number | null>(null);
  const tick = useNow(until);
  const found = useLiveQuery(() => typing(conversationId, Math.max(tick, Date.now())), [conversationId, tick]);
  useEffect(() => setUntil(found?.until ?? null), [found]);
  return found?.userIds ?? none;
}

export function useTypingAnywhere(): ReadonlySet<string> {
  const [until, setUntil] = useState<number | null>(null);
  const tick = useNow(until);
  const found = useLiveQuery(() => typingAnywhere(Math.max(tick, Date.now())), [tick]);
  useEffect(() => setUntil(found?.until ?? null), [found]);
  return found?.ids ?? nowhere;
}

const none: string[] = [];
const nowhere: ReadonlySet<string> = new Set();
