import { AlertCircle, Check, CheckCheck, Clock } from "lucide-react";
import { useTranslations } from "use-intl";

import type { Progress } from "@/store/queries";

/** How far an own message has come; in words for who cannot see it. */
export function Ticks({ progress }: { progress: Progress }) {
  const t = useTranslations("message");
  return (
    <span className="inline-flex" role="img" aria-label={t(progress)} title={t(progress)} data-progress={progress}>
      <Mark progress={progress} />
    </span>
  );
}

function Mark({ progress }: { progress: Progress }) {
  switch (progress) {
    case "pending":
      return <Clock aria-hidden="true" className="size-3.5" />;
    case "sent":
      return <Check aria-hidden="true" className="size-4" />;
    case "delivered":
      return <CheckCheck aria-hidden="true" className="size-4" />;
    case "read":
      return <CheckCheck aria-hidden="true" strokeWidth={2.6} className="size-4 text-tick" />;
    case "failed":
      return <AlertCircle aria-hidden="true" className="size-4 text-danger-text" />;
  }
}
