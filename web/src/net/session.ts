/**
 * The connection of this browser: one tab leads (it alone has the socket, syncs, acknowledges and empties the outbox), the
 * others read the same store. Views start it, watch its state, and log in and out through it.
 */
import type { Arrived } from "@/store/ingest";
import type { Page } from "./page";

/** Where things stand, the same in all tabs. */
export type Connection = {
  /**
   * `starting`: the store is being read. `signed-out`: nobody is logged in. `expired`: somebody is, but has to log in again (their
   * history and outbox are kept). `connecting`: no socket. `syncing`: what happened meanwhile is coming. `online`: live.
   */
  phase: "starting" | "signed-out" | "expired" | "connecting" | "syncing" | "online";
  /** When that began, in milliseconds: show "offline" after about 2 s of `connecting`. */
  since: number;
  /** This tab has the socket. */
  leads: boolean;
  /** What the store suffers from: `dead`: it does not answer; `old`: another tab has a newer version; `full`: no room is left. */
  trouble: "dead" | "old" | "full" | null;
  /** Nobody is logged in, and somebody was who did not log out: the browser has cleared its storage. */
  lost: boolean;
};

/** For `useSyncExternalStore(subscribe, get, getOnServer)`. */
export type Watchable<T> = { get: () => T; getOnServer: () => T; subscribe: (changed: () => void) => () => void };

let page: Page | undefined;
/** What the store says before the rest has been fetched, so that who is logged in sees their conversations at once. */
let peeked: Connection | undefined;
/** What this tab looks at, also before it has started. */
const looking: { shows: string | null; watches: readonly string[] } = { shows: null, watches: [] };
const watchers = new Set<() => void>();
const first: Connection = { phase: "starting", since: 0, leads: false, trouble: null, lost: false };

export const connection: Watchable<Connection> = {
  get: () => page?.connection ?? peeked ?? first,
  getOnServer: () => first,
  subscribe: (changed) => {
    watchers.add(changed);
    return () => watchers.delete(changed);
  },
};

/** The store and the socket are fetched when they are first needed: pages that come before them are there sooner. */
const account = async () => {
  const [{ theStore }, work] = await Promise.all([import("@/store/db"), import("./account")]);
  return { db: theStore(), ...work };
};

/** Starts it in this tab: once per page, in an effect. Stops with what it returns. */
export function startSession(): () => void {
  let stopped = false;
  let mine: Page | undefined;
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  void peek().then((found) => {
    if (stopped || !found) return;
    peeked = found;
    if (mine?.connection.phase === "starting") mine.connection = found;
    changed();
  });
  // A store that does not answer must not keep this from saying so.
  void Promise.all([import("@/store/db"), import("./page")]).then(([{ theStore }, { Page }]) => {
    if (stopped) return;
    mine = new Page(theStore(), changed);
    if (peeked) mine.connection = peeked;
    page?.close();
    page = mine;
    mine.look(looking);
    mine.start(listeners);
  });
  return () => {
    stopped = true;
    mine?.close();
    if (page === mine) page = undefined;
    peeked = undefined;
  };
}

async function peek(): Promise<Connection | null> {
  const { readMeta, theStore } = await import("@/store/db");
  try {
    const db = theStore();
    const [account, tokens] = await Promise.all([readMeta(db, "account"), readMeta(db, "tokens")]);
    return account && tokens ? { ...first, phase: "connecting", since: Date.now() } : null;
  } catch {
    // The page finds out what is wrong with the store, and says so.
    return null;
  }
}

/** Tries now instead of at the end of the back-off ("Try again"; that the network is back does so by itself). */
export function reconnectNow(): void {
  page?.hurry();
}

/** The person has been told that the history is gone. */
export function acceptLoss(): void {
  page?.acceptLoss();
}

/** What has to be known to go on from "send me a code" to "this is it". Keep it in memory or in `sessionStorage`. */
export type Challenge = { challenge: string; email: string /** Milliseconds. */; expiresAt: number; resendAt: number };

/** Asks for a code. Throws `ActionError` (`RATE_LIMIT_EXCEEDED` with `retryAfter`, `VALIDATION_ERROR`, `OFFLINE`). */
export async function requestCode(email: string): Promise<Challenge> {
  const { db, requestCode } = await account();
  return requestCode(db, email);
}

/**
 * Logs in. A wrong code is an `ActionError` with `field: "otp"`, a dead challenge one with `field: "challenge"`. If the browser holds
 * another person's history, that is wiped first. `isNewUser`: ask for a name.
 */
export async function verifyCode(challenge: Challenge, otp: string): Promise<{ isNewUser: boolean }> {
  const { db, verifyCode } = await account();
  return verifyCode(db, challenge, otp);
}

/** Ends the session at the server (if it answers), wipes this browser, all tabs. */
export async function logOut(): Promise<void> {
  const { db, logOut } = await account();
  return logOut(db);
}

// What is worth nothing a moment later. Any tab; dropped while there is no connection.

/** Tell others that this person types there; call on every input, it is sent every 3 s at the most. */
export function typingNow(conversationId: string): void {
  page?.typing(conversationId, true);
}

export function typingStopped(conversationId: string): void {
  page?.typing(conversationId, false);
}

/** The conversation on screen in this tab; null: none. */
export function showsConversation(conversationId: string | null): void {
  looking.shows = conversationId;
  page?.look(looking);
}

/** Whose presence this tab shows; replaces the last call's. */
export function watchPresence(userIds: readonly string[]): void {
  looking.watches = userIds;
  page?.look(looking);
}

/** A message of somebody else that came live (not by catching up), once, in the leading tab: for notifications and sounds. */
export type Arrival = Arrived[number];
const listeners = new Set<(arrival: Arrival) => void>();
export function onArrival(listener: (arrival: Arrival) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
