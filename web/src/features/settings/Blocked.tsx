import { useLiveQuery } from "dexie-react-hooks";
import { Ban } from "lucide-react";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { PersonLine } from "@/features/people/PersonLine";
import { useAttempt } from "@/features/people/useContact";
import { refreshContacts, setBlocked } from "@/store/actions";
import { contactsWho } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Empty, Note } from "@/ui/Notice";
import { Section } from "./Section";

/** Whom this person keeps out, with the way back. */
export function Blocked() {
  const t = useTranslations("contacts");
  const names = useNames();
  const blocked = useLiveQuery(() => contactsWho("blocked"));
  const { busy, failure, attempt } = useAttempt();
  // Another device may have changed it. Without an answer, what this one knows is shown.
  useEffect(() => void refreshContacts().catch(() => {}), []);
  return (
    <>
      {failure && (
        <div className="mb-4">
          <Note tone="danger">{failure}</Note>
        </div>
      )}
      {blocked?.length === 0 && (
        <Empty icon={<Ban />} title={t("nobodyBlocked")}>
          {t("nobodyBlockedHint")}
        </Empty>
      )}
      {blocked && blocked.length > 0 && (
        <Section hint={t("blockedHint")}>
          {blocked.map((person) => (
            <div key={person.id} className="flex min-h-16 items-center gap-3 px-4 py-2">
              <PersonLine person={person} />
              <Button
                kind="outline"
                className="px-4"
                busy={busy}
                aria-label={t("unblockName", { name: names.ofPerson(person) })}
                onClick={() => void attempt(() => setBlocked(person.id, false))}
              >
                {t("unblock")}
              </Button>
            </div>
          ))}
        </Section>
      )}
    </>
  );
}
