import { useCallback, useEffect, useRef, useState } from "react";
import { typingNow, typingStopped } from "@/net/session";
import { editMessage, saveDraft } from "@/store/actions";
import type { ReplyTo } from "@/store/db";
import { draft as readDraft, type MessageView } from "@/store/queries";
import { Departures } from "./departures";
import { keepLeft, readLeft } from "./left";
import { type Mentionable, mentionsIn } from "./mentions";
import { parse, unparse } from "./markup";

export type ComposerState = { text: string; replyTo: ReplyTo | null; editing: string | null };

const empty: ComposerState = { text: "", replyTo: null, editing: null };
const saveAfterMs = 250;
/** The server takes no longer excerpt; in code points. */
const excerptChars = 300;

/**
 * What is in the box of a conversation. The stored draft is read once, when the conversation is opened; from then on the box is
 * the only one that writes it, so that a late answer never changes what is being typed.
 */
export function useComposer(conversationId: string, onSent: () => void, people: readonly Mentionable[]) {
  const [state, setState] = useState<ComposerState>(empty);
  const [ready, setReady] = useState(false);
  const mentionable = useRef(people);
  mentionable.current = people;
  const latest = useRef(state);
  latest.current = state;
  /** What was in the box before a message was to be changed. */
  const aside = useRef<ComposerState>(empty);
  const touched = useRef(false);
  /** A change of a message that the store has not confirmed. */
  const changing = useRef<ComposerState | null>(null);
  const [departures] = useState(() => new Departures(conversationId));
  const save = useDraftSaver(conversationId, latest);

  const put = useCallback(
    (next: ComposerState) => {
      touched.current = true;
      latest.current = next;
      setState(next);
      save.soon();
    },
    [save],
  );

  useEffect(() => {
    let gone = false;
    let read = false;
    const left = readLeft(conversationId);
    const begin = async () => {
      if (left) await departures.resume(left.sending);
      const stored = await readDraft(conversationId);
      if (gone) return;
      read = true;
      if (left?.draft && !touched.current) put(left.draft);
      else if (stored && !touched.current) setState({ text: stored.text, replyTo: stored.replyTo, editing: stored.editing });
      keepLeft(conversationId, null);
      setReady(true);
    };
    void begin();
    const onLeave = () => {
      if (!read && !touched.current) return;
      save.now();
      const { sending } = departures;
      const draft = changing.current ?? (save.unsure() ? latest.current : null);
      keepLeft(conversationId, sending.length > 0 || draft ? { sending, draft } : null);
    };
    addEventListener("pagehide", onLeave);
    return () => {
      gone = true;
      removeEventListener("pagehide", onLeave);
    };
  }, [conversationId, departures, put, save]);

  const onText = useCallback(
    (text: string) => {
      put({ ...latest.current, text });
      if (latest.current.editing) return;
      if (text.trim()) typingNow(conversationId);
      else typingStopped(conversationId);
    },
    [put, conversationId],
  );

  const reply = useCallback(
    (message: MessageView) => {
      const before = latest.current.editing ? aside.current : latest.current;
      put({ ...before, editing: null, replyTo: { id: message.id, senderId: message.senderId, excerpt: excerptOf(message.text) } });
    },
    [put],
  );

  const edit = useCallback(
    (message: MessageView) => {
      if (!latest.current.editing) aside.current = latest.current;
      put({ text: unparse(message), replyTo: null, editing: message.id });
    },
    [put],
  );

  const cancel = useCallback(() => {
    if (latest.current.editing) put(aside.current);
    else put({ ...latest.current, replyTo: null });
  }, [put]);

  const send = useCallback(async () => {
    const written = latest.current;
    const { replyTo, editing } = written;
    const message = parse(written.text);
    if (!message.text) return;
    // The store first: what has left the box is there, however soon the page is left.
    const stored = editing
      ? editMessage(conversationId, editing, message)
      : departures.send({ ...message, replyTo, mentions: mentionsIn(message.text, mentionable.current) });
    changing.current = editing ? written : null;
    // The box is free for the next message at once.
    save.cancel();
    const next = editing ? aside.current : empty;
    aside.current = empty;
    latest.current = next;
    touched.current = true;
    setState(next);
    typingStopped(conversationId);
    if (!editing) onSent();
    try {
      await stored;
    } catch (error) {
      // The store is full or gone: back into the box, before what was written since.
      const since = latest.current;
      if (editing) aside.current = next;
      put(since === next ? written : { ...since, text: `${written.text}\n${since.text}` });
      throw error;
    } finally {
      changing.current = null;
    }
    if (editing) await saveDraft(conversationId, latest.current);
  }, [conversationId, departures, onSent, put, save]);

  return { state, ready, onText, reply, edit, cancel, send };
}

/** The beginning of a text, cut between what a reader sees as characters. */
export function excerptOf(text: string): string {
  const points = [...text];
  return points.length <= excerptChars ? text : `${points.slice(0, excerptChars - 1).join("")}…`;
}

function useDraftSaver(conversationId: string, latest: { current: ComposerState }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const underWay = useRef(0);
  const now = useCallback(() => {
    if (timer.current === undefined) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    underWay.current += 1;
    void saveDraft(conversationId, latest.current).finally(() => {
      underWay.current -= 1;
    });
  }, [conversationId, latest]);
  const [saver] = useState(() => ({ now, soon: () => {}, cancel: () => {}, unsure: () => underWay.current > 0 }));
  saver.now = now;
  saver.soon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(now, saveAfterMs);
  };
  saver.cancel = () => {
    clearTimeout(timer.current);
    timer.current = undefined;
  };
  useEffect(() => {
    // What is hidden may be ended without another word.
    const onHidden = () => document.visibilityState === "hidden" && now();
    document.addEventListener("visibilitychange", onHidden);
    return () => {
      document.removeEventListener("visibilitychange", onHidden);
      now();
    };
  }, [now]);
  return saver;
}
