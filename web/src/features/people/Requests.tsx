import { useLiveQuery } from "dexie-react-hooks";
import { useTranslations } from "use-intl";
import { acceptContact, removeContact } from "@/store/actions";
import { contactsWho } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Note } from "@/ui/Notice";
import { useNames } from "./names";
import { PersonLine } from "./PersonLine";
import { useAttempt } from "./useContact";

/** People who want to be contacts, each with an answer to give. Nothing, if nobody asks. */
export function Requests() {
  const t = useTranslations("contacts");
  const names = useNames();
  const asking = useLiveQuery(() => contactsWho("incoming")) ?? [];
  const { busy, failure, attempt } = useAttempt();
  if (asking.length === 0) return null;
  return (
    <section className="mb-2 border-b border-line pb-2">
      <h3 className="px-1 pt-1 text-sm font-semibold text-muted">{t("requests")}</h3>
      {failure && <Note tone="danger">{failure}</Note>}
      <ul>
        {asking.map((person) => (
          <li key={person.id} className="flex min-h-16 flex-wrap items-center gap-x-3 gap-y-2 py-2">
            <PersonLine person={person} note={t("wants")} />
            <span className="ms-12 flex gap-2">
              <Button
                className="min-h-10 px-3.5 text-sm"
                busy={busy}
                aria-label={t("acceptName", { name: names.ofPerson(person) })}
                onClick={() => void attempt(() => acceptContact(person.id))}
              >
                {t("accept")}
              </Button>
              <Button
                kind="outline"
                className="min-h-10 px-3.5 text-sm"
                busy={busy}
                aria-label={t("declineName", { name: names.ofPerson(person) })}
                onClick={() => void attempt(() => removeContact(person.id))}
              >
                {t("decline")}
              </Button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
