import { useLiveQuery } from "dexie-react-hooks";
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import { hitsIn } from "@/lib/words";
import { type MessageView, searchMessages } from "@/store/queries";

const most = 200;

export type ConversationSearch = {
  shown: boolean;
  query: string;
  total: number;
  more: boolean;
  /** From 1; 0 while there is none. */
  n: number;
  open: () => void;
  close: () => void;
  setQuery: (query: string) => void;
  step: (by: 1 | -1) => void;
  hitsOf: (message: MessageView) => readonly [number, number][] | undefined;
};

/** Looking for words in one conversation: hits are walked from the newest to the oldest, each brought into sight. */
export function useConversationSearch(conversationId: string, goTo: (messageId: string) => void): ConversationSearch {
  const [shown, setShown] = useState(false);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(shown ? query.trim() : "");
  const found = useLiveQuery(
    async () => ({ asked, ...(asked ? await searchMessages(asked, { conversationId, limit: most }) : { hits: [], more: false }) }),
    [asked, conversationId],
  );
  const hits = useMemo(() => (found?.asked === asked ? found.hits : []), [found, asked]);
  const current = hits[Math.min(at, hits.length - 1)]?.message.id;

  // biome-ignore lint/correctness/useExhaustiveDependencies: other words begin with their newest hit
  useEffect(() => setAt(0), [asked]);
  useEffect(() => {
    if (current) goTo(current);
  }, [current, goTo]);

  const open = useCallback(() => setShown(true), []);
  const close = useCallback(() => {
    setShown(false);
    setQuery("");
  }, []);
  const step = useCallback((by: 1 | -1) => setAt((now) => (hits.length ? (now + by + hits.length) % hits.length : 0)), [hits.length]);
  const hitsOf = useCallback((message: MessageView) => (asked && message.text ? hitsIn(message.text, asked) : undefined), [asked]);

  return {
    shown,
    query,
    total: hits.length,
    more: found?.more ?? false,
    n: hits.length ? Math.min(at, hits.length - 1) + 1 : 0,
    open,
    close,
    setQuery,
    step,
    hitsOf,
  };
}
