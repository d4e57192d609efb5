import { useLiveQuery } from "dexie-react-hooks";
import { useEffect } from "react";
import { useBanner } from "@/features/session/useConnection";
import { watchPresence } from "@/net/session";
import type { PresenceRow } from "@/store/db";
import { presence } from "@/store/queries";

/** The server tells of no more than these. */
const most = 200;

/** Who of them is online now, and when others were last. */
export function usePresence(userIds: readonly string[]): Map<string, PresenceRow> {
  const key = userIds.slice(0, most).join();
  useEffect(() => {
    watchPresence(key ? key.split(",") : []);
  }, [key]);
  // What was true before the connection was lost is not known now.
  const banner = useBanner();
  const cut = banner === "offline" || banner === "reconnecting";
  const known = useLiveQuery(async () => (key ? presence(key.split(",")) : nobody), [key]) ?? nobody;
  return cut ? nobody : known;
}

const nobody: Map<string, PresenceRow> = new Map();
