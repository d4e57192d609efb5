import { useCallback, useEffect, useRef, useState } from "react";
import { typingNow, typingStopped } from "@/net/session";
import { editMessage, saveDraft, sendMessage } from "@/store/actions";
import type { ReplyTo } from "@/store/db";
import { draft as readDraft, type MessageView } from "@/store/queries";
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
  const save = useDraftSaver(conversationId, latest);

  useEffect(() => {
    let gone = false;
    readDraft(conversationId).then((stored) => {
      if (gone) return;
      if (stored && !touched.current) setState({ text: stored.text, replyTo: stored.replyTo, editing: stored.editing });
      setReady(true);
    });
    return () => {
      gone = true;
    };
  }, [conversationId]);

  const put = useCallback(
    (next: ComposerState) => {
      touched.current = true;
      latest.current = next;
      setState(next);
      save.soon();
    },
    [save],
  );

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
    const { text, replyTo, editing } = latest.current;
    const message = parse(text);
    if (!message.text) return;
    // The box is free for the next message at once.
    save.cancel();
    const next = editing ? aside.current : empty;
    aside.current = empty;
    latest.current = next;
    touched.current = true;
    setState(next);
    typingStopped(conversationId);
    if (editing) {
      await editMessage(conversationId, editing, message);
      await saveDraft(conversationId, next);
      return;
    }
    // The store first: who reloads the page now loses what is not on its way there.
    const stored = sendMessage(conversationId, { ...message, replyTo, mentions: mentionsIn(message.text, mentionable.current) });
    onSent();
    await stored;
  }, [conversationId, onSent, save]);

  return { state, ready, onText, reply, edit, cancel, send };
}

/** The beginning of a text, cut between what a reader sees as characters. */
export function excerptOf(text: string): string {
  const points = [...text];
  return points.length <= excerptChars ? text : `${points.slice(0, excerptChars - 1).join("")}…`;
}

function useDraftSaver(conversationId: string, latest: { current: ComposerState }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const now = useCallback(() => {
    if (timer.current === undefined) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    void saveDraft(conversationId, latest.current);
  }, [conversationId, latest]);
  const [saver] = useState(() => ({ soon: () => {}, cancel: () => {} }));
  saver.soon = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(now, saveAfterMs);
  };
  saver.cancel = () => {
    clearTimeout(timer.current);
    timer.current = undefined;
  };
  useEffect(() => {
    addEventListener("pagehide", now);
    return () => {
      removeEventListener("pagehide", now);
      now();
    };
  }, [now]);
  return saver;
}
