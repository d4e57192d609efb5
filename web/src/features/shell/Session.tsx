"use client";
import { type ReactNode, useEffect } from "react";
import { startSession } from "@/net/session";
import { useServiceWorker } from "./useServiceWorker";

/** Keeps the connection for as long as any page of the client is open in this tab. */
export function Session({ children }: { children: ReactNode }) {
  useEffect(() => startSession(), []);
  useServiceWorker();
  return <>{children}</>;
}
