import { useTranslations } from "use-intl";
import type { PersonView } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { useNames } from "./names";
import { useContact } from "./useContact";

/** Who somebody is: picture, names, what they say of themselves, and what they are to this person. */
export function ProfileHead({ person }: { person: PersonView }) {
  const t = useTranslations("contacts");
  const names = useNames();
  const state = useContact(person.id);
  const words = { accepted: t("isContact"), incoming: t("wants"), outgoing: t("asked"), blocked: t("blocked") };
  return (
    <div className="flex flex-col items-center gap-3 pb-4">
      <Avatar id={person.id} name={names.ofPerson(person)} size="lg" />
      <p dir="auto" className="text-center text-xl font-semibold break-words">
        {names.ofPerson(person)}
      </p>
      {person.username && person.name && (
        <p dir="ltr" className="text-muted">
          @{person.username}
        </p>
      )}
      {state && (
        <p data-contact={state} className="rounded-full bg-well px-3 py-1 text-sm text-muted">
          {words[state]}
        </p>
      )}
      {person.bio && (
        <p dir="auto" className="max-w-xs text-center break-words whitespace-pre-wrap">
          {person.bio}
        </p>
      )}
    </div>
  );
}
