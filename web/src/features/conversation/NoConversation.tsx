import { MessageCircle } from "lucide-react";
import { useTranslations } from "use-intl";
import { Empty } from "@/ui/Notice";
import { Spinner } from "@/ui/Spinner";

/** What stands beside the list while no conversation is open. */
export function NoConversation({ keys }: { keys: string }) {
  const t = useTranslations("conversation");
  return (
    <Empty icon={<MessageCircle />} title={t("pick")}>
      {t.rich("pickHint", { key: () => <kbd className="rounded border border-line bg-surface px-1.5 font-mono text-xs">{keys}</kbd> })}
    </Empty>
  );
}

/** What stands there until it is known what the conversation is. */
export function Waiting() {
  const t = useTranslations("app");
  return (
    <div className="grid grow place-items-center text-muted">
      <span className="flex items-center gap-3">
        <Spinner />
        {t("loading")}
      </span>
    </div>
  );
}
