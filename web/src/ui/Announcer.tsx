"use client";
import { useEffect, useState } from "react";
import { create } from "zustand";

type Announcements = { waiting: string[]; say: (text: string) => void; take: () => string | undefined };

/** What a reader did not hear within this many announcements is dropped, oldest first: a backlog read out late helps nobody. */
const most = 3;
/** Between two announcements, so that one can be heard to its end. */
const pauseMs = 1500;

const useAnnouncements = create<Announcements>((set, get) => ({
  waiting: [],
  say: (text) => set(({ waiting }) => ({ waiting: [...waiting.filter((other) => other !== text), text].slice(-most) })),
  take: () => {
    const [first, ...rest] = get().waiting;
    if (first !== undefined) set({ waiting: rest });
    return first;
  },
}));

/** Reads something out, politely; shows nothing. */
export function announce(text: string): void {
  useAnnouncements.getState().say(text);
}

/** The one live region for what `announce` is given. */
export function Announcer() {
  const waiting = useAnnouncements((state) => state.waiting.length > 0);
  const take = useAnnouncements((state) => state.take);
  const [text, setText] = useState("");
  const [resting, setResting] = useState(false);

  useEffect(() => {
    if (resting || !waiting) return;
    setText(take() ?? "");
    setResting(true);
  }, [resting, waiting, take]);

  useEffect(() => {
    if (!resting) return;
    const timer = setTimeout(() => setResting(false), pauseMs);
    return () => clearTimeout(timer);
  }, [resting]);

  return (
    <div role="status" aria-live="polite" className="sr-only" data-announcer>
      {text}
    </div>
  );
}
