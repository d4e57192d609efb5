import { useEffect, useState, useSyncExternalStore } from "react";
import { type Connection, connection } from "@/net/session";

export function useConnection(): Connection {
  return useSyncExternalStore(connection.subscribe, connection.get, connection.getOnServer);
}

/** A connection that is lost for less than this is not worth a word. */
const graceMs = 2000;

export type Banner = "offline" | "reconnecting" | "syncing" | null;

/** What is to be said about the connection now. */
export function bannerOf(phase: Connection["phase"], since: number, now: number, networkUp: boolean): Banner {
  if (phase !== "connecting" && phase !== "syncing") return null;
  if (now - since < graceMs) return null;
  if (phase === "syncing") return "syncing";
  return networkUp ? "reconnecting" : "offline";
}

export function useBanner(): Banner {
  const { phase, since } = useConnection();
  const [now, setNow] = useState(0);
  useEffect(() => {
    setNow(Date.now());
    const timer = setTimeout(() => setNow(Date.now()), Math.max(0, since + graceMs - Date.now()) + 20);
    // A network that comes or goes changes the words.
    const again = () => setNow(Date.now());
    addEventListener("online", again);
    addEventListener("offline", again);
    return () => {
      clearTimeout(timer);
      removeEventListener("online", again);
      removeEventListener("offline", again);
    };
  }, [since]);
  return now === 0 ? null : bannerOf(phase, since, now, navigator.onLine);
}
