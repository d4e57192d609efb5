import { useRouter } from "next/navigation";
import { useCallback } from "react";
import { rememberTarget } from "@/features/shell/target";

/** Into the client after the log-in. Where to within it, the client knows: the framework only knows its pages. */
export function useEnter(): (isNewUser?: boolean) => void {
  const router = useRouter();
  return useCallback(
    (isNewUser) => {
      if (isNewUser) rememberTarget("/settings/profile");
      router.replace("/c");
    },
    [router],
  );
}
