import { useLiveQuery } from "dexie-react-hooks";
import { useEffect } from "react";
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
  return useLiveQuery(async () => (key ? presence(key.split(",")) : nobody), [key]) ?? nobody;
}

const nobody: Map<string, PresenceRow> = new Map();
