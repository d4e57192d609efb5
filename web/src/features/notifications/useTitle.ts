import { useLiveQuery } from "dexie-react-hooks";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { unreadTotal } from "@/store/queries";

/** How much is unread, in the tab's title and on the installed app's icon. */
export function useTitle(): void {
  const app = useTranslations("app");
  const unread = useLiveQuery(() => unreadTotal()) ?? 0;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${app("name")}` : app("name");
    // Not every browser has it, and none that has it says no in a way that matters here.
    const badge = unread > 0 ? navigator.setAppBadge?.(unread) : navigator.clearAppBadge?.();
    badge?.catch(() => undefined);
  }, [unread, app]);
}
