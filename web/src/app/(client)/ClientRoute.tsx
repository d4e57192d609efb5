"use client";
import { useRouter } from "next/navigation";
import { useCallback } from "react";
import { Client } from "@/features/shell/Client";
import { Gate } from "@/features/shell/Gate";
import { rememberTarget } from "@/features/shell/target";

/** Conversations and settings are one page, so that going from one to the other asks the server for nothing. */
export function ClientRoute() {
  const router = useRouter();
  const onSignedOut = useCallback(() => {
    rememberTarget(location.pathname);
    router.replace("/login");
  }, [router]);
  return (
    <Gate onSignedOut={onSignedOut}>
      <Client />
    </Gate>
  );
}
