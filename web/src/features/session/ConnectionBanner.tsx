import { CloudOff, RefreshCw } from "lucide-react";
import { useTranslations } from "use-intl";
import { reconnectNow } from "@/net/session";
import { useBanner } from "./useConnection";

/** A line over everything that says why nothing new comes. */
export function ConnectionBanner() {
  const t = useTranslations("connection");
  const app = useTranslations("app");
  const banner = useBanner();
  return (
    <div role="status" className="shrink-0" data-banner={banner ?? "none"}>
      {banner && (
        <p className="flex min-h-9 items-center justify-center gap-2.5 bg-warn-soft px-4 py-1.5 text-sm text-on-warn">
          {banner === "offline" ? (
            <CloudOff aria-hidden="true" className="size-4 shrink-0" />
          ) : (
            <RefreshCw aria-hidden="true" className="size-4 shrink-0 animate-spin motion-reduce:animate-none" />
          )}
          <span>{t(banner)}</span>
          {banner === "reconnecting" && (
            <button type="button" className="-my-1 min-h-9 shrink-0 px-1 font-medium underline underline-offset-2" onClick={reconnectNow}>
              {app("retry")}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
