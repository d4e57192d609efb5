import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { useAttempt } from "@/features/people/useContact";
import { setBlocked } from "@/store/actions";
import type { PersonView } from "@/store/queries";
import { Button } from "@/ui/Button";

/** Stands where the box was: to somebody who is blocked nothing can be written. */
export function BlockedBar({ person }: { person: PersonView }) {
  const t = useTranslations("contacts");
  const { busy, failure, attempt } = useAttempt();
  return (
    <div className="flex min-h-16 flex-wrap items-center justify-center gap-x-3 border-t border-line bg-surface px-4 py-2 pb-[max(0.5rem,env(safe-area-inset-bottom))]">
      <p className="text-center text-sm text-muted">{t("youBlocked", { name: useNames().ofPerson(person) })}</p>
      <Button kind="quiet" className="px-3" busy={busy} onClick={() => void attempt(() => setBlocked(person.id, false))}>
        {t("unblock")}
      </Button>
      {failure && (
        <p role="alert" className="w-full text-center text-sm text-danger-text">
          {failure}
        </p>
      )}
    </div>
  );
}
