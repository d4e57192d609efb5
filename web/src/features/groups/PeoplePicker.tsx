import { Check, UserSearch, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { PersonLine } from "@/features/people/PersonLine";
import { useFindPeople } from "@/features/people/useFindPeople";
import type { PersonView } from "@/store/queries";
import { cx } from "@/ui/cx";
import { Empty, Note } from "@/ui/Notice";
import { SearchField } from "@/ui/SearchField";

type Props = {
  chosen: readonly PersonView[];
  onChange: (chosen: PersonView[]) => void;
  without?: ReadonlySet<string>;
  /** The field takes the focus. */
  first?: boolean;
};

/** Several people: those chosen above, those to choose from below. */
export function PeoplePicker({ chosen, onChange, without, first }: Props) {
  const t = useTranslations("group");
  const find = useTranslations("find");
  const app = useTranslations("app");
  const names = useNames();
  const [query, setQuery] = useState("");
  const found = useFindPeople(query);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (first) field.current?.focus();
  }, [first]);
  const offered = found.people.filter((person) => !without?.has(person.id));
  const ids = new Set(chosen.map((person) => person.id));
  const toggle = (person: PersonView) => onChange(ids.has(person.id) ? chosen.filter((one) => one.id !== person.id) : [...chosen, person]);
  return (
    <div className="flex min-h-0 flex-col">
      {chosen.length > 0 && (
        <ul className="mb-2 flex flex-wrap gap-1.5">
          {chosen.map((person) => (
            <li key={person.id}>
              <button
                type="button"
                aria-label={t("remove", { name: names.ofPerson(person) })}
                onClick={() => toggle(person)}
                className="flex min-h-9 items-center gap-1.5 rounded-full bg-accent-soft ps-3 pe-2 text-sm text-accent-text"
              >
                <bdi>{names.ofPerson(person)}</bdi>
                <X aria-hidden="true" className="size-3.5" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <SearchField ref={field} label={find("person")} clearLabel={app("clear")} value={query} onValue={setQuery} />
      {found.failure && (
        <div className="pt-2">
          <Note tone="danger">{found.failure === "OFFLINE" ? find("offline") : find("failed")}</Note>
        </div>
      )}
      <ul className="-mx-2 mt-2">
        {offered.map((person) => (
          <li key={person.id}>
            <label className="flex min-h-14 cursor-pointer items-center gap-3 rounded-xl px-2 hover:bg-hover has-focus-visible:ring-2 has-focus-visible:ring-focus">
              <input type="checkbox" className="sr-only" checked={ids.has(person.id)} onChange={() => toggle(person)} />
              <PersonLine
                person={person}
                end={
                  <span
                    aria-hidden="true"
                    className={cx(
                      "grid size-6 place-items-center rounded-full border",
                      ids.has(person.id) ? "border-accent bg-accent text-on-accent" : "border-edge",
                    )}
                  >
                    {ids.has(person.id) && <Check className="size-4" />}
                  </span>
                }
              />
            </label>
          </li>
        ))}
      </ul>
      {offered.length === 0 && !query.trim() && <p className="px-1 text-sm text-muted">{find("hint")}</p>}
      <div role="status">
        {found.asked && !found.failure && offered.length === 0 && (
          <Empty icon={<UserSearch />} title={find("none", { query: query.trim() })} />
        )}
      </div>
    </div>
  );
}
