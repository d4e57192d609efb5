import { useLiveQuery } from "dexie-react-hooks";
import { Bookmark, UserCheck, UserPlus, UserSearch, Users } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { GroupForm } from "@/features/groups/GroupForm";
import { useFailure } from "@/features/session/useFailure";
import { askContact, openDirect, refreshContacts } from "@/store/actions";
import type { ContactRow } from "@/store/db";
import { type PersonView, selfConversationId } from "@/store/queries";
import { IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Empty, Note } from "@/ui/Notice";
import { SearchField } from "@/ui/SearchField";
import { Spinner } from "@/ui/Spinner";
import { useNames } from "./names";
import { PersonLine } from "./PersonLine";
import { Requests } from "./Requests";
import { useContacts } from "./useContact";
import { useFindPeople } from "./useFindPeople";

type Props = { onClose: () => void; onOpen: (id: string) => void };

/** Finds a person to talk to, or makes a group. */
export function NewConversation({ onClose, onOpen }: Props) {
  const t = useTranslations("find");
  const app = useTranslations("app");
  const [group, setGroup] = useState(false);
  const open = (id: string) => {
    onClose();
    onOpen(id);
  };
  if (group) return <GroupForm onClose={onClose} onMade={open} />;
  return (
    <Dialog tall title={t("title")} closeLabel={app("close")} onClose={onClose}>
      <Finder onOpen={open} onGroup={() => setGroup(true)} />
    </Dialog>
  );
}

function Finder({ onOpen, onGroup }: { onOpen: (id: string) => void; onGroup: () => void }) {
  const t = useTranslations("find");
  const app = useTranslations("app");
  const contacts = useTranslations("contacts");
  const [query, setQuery] = useState("");
  const [opening, setOpening] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const explain = useFailure();
  const self = useLiveQuery(() => selfConversationId());
  const found = useFindPeople(query);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  // Somebody may have asked, or answered, meanwhile; without an answer, what this device knows is shown.
  useEffect(() => void refreshContacts().catch(() => {}), []);
  const states = useContacts();

  const open = async (person: PersonView) => {
    setOpening(person.id);
    setFailure(null);
    try {
      onOpen(await openDirect(person.id));
    } catch (error) {
      setFailure(t("openFailed", { message: explain(error) }));
      setOpening(null);
    }
  };
  const ask = async (person: PersonView) => {
    setFailure(null);
    try {
      await askContact(person.id);
    } catch (error) {
      setFailure(contacts("failed", { message: explain(error) }));
    }
  };
  // Who asks stands above, with the answers.
  const listed = found.people.filter((person) => query.trim() || states.get(person.id) !== "incoming");
  const groups = [
    { title: contacts("title"), people: listed.filter((person) => states.get(person.id) === "accepted") },
    { title: contacts("others"), people: listed.filter((person) => states.get(person.id) !== "accepted") },
  ];

  return (
    <>
      <SearchField ref={field} label={t("person")} clearLabel={app("clear")} value={query} onValue={setQuery} />
      <p className="px-1 pt-1.5 pb-2 text-sm text-muted">{t("hint")}</p>
      {failure && <Note tone="danger">{failure}</Note>}
      {!query.trim() && (
        <div className="-mx-2 mb-2 border-b border-line pb-2">
          <Choice icon={<Users />} label={t("newGroup")} onClick={onGroup} />
          {self && <Choice icon={<Bookmark />} label={t("notes")} onClick={() => onOpen(self)} />}
        </div>
      )}
      {!query.trim() && <Requests />}
      {groups.map(
        ({ title, people }) =>
          people.length > 0 && (
            <section key={title} className="not-first:mt-2">
              {!query.trim() && <h3 className="px-1 pt-1 pb-0.5 text-sm font-semibold text-muted">{title}</h3>}
              <ul className="-mx-2">
                {people.map((person) => (
                  <Line
                    key={person.id}
                    person={person}
                    state={states.get(person.id)}
                    opening={opening}
                    onOpen={() => void open(person)}
                    onAsk={() => void ask(person)}
                  />
                ))}
              </ul>
            </section>
          ),
      )}
      <div role="status">
        {found.busy && found.people.length === 0 && (
          <p className="grid place-items-center py-8 text-muted">
            <Spinner />
            <span className="sr-only">{app("loading")}</span>
          </p>
        )}
        {found.failure && <Note tone="danger">{found.failure === "OFFLINE" ? t("offline") : t("failed")}</Note>}
        {found.asked && !found.failure && found.people.length === 0 && (
          <Empty icon={<UserSearch />} title={t("none", { query: query.trim() })} />
        )}
      </div>
    </>
  );
}

type LineProps = {
  person: PersonView;
  state: ContactRow["state"] | undefined;
  opening: string | null;
  onOpen: () => void;
  onAsk: () => void;
};

/** Somebody to talk to, or to ask to become a contact. */
function Line({ person, state, opening, onOpen, onAsk }: LineProps) {
  const t = useTranslations("contacts");
  const names = useNames();
  return (
    <li className="flex min-h-14 items-center rounded-xl pe-1 hover:bg-hover">
      <button
        type="button"
        aria-busy={opening === person.id}
        disabled={opening !== null}
        onClick={onOpen}
        className="flex min-w-0 grow items-center gap-3 self-stretch ps-2"
      >
        <PersonLine person={person} end={opening === person.id && <Spinner />} />
      </button>
      {state === "outgoing" || state === "blocked" ? (
        <span className="shrink-0 px-2 text-sm text-muted">{t(state === "blocked" ? "blocked" : "asked")}</span>
      ) : (
        state !== "accepted" && (
          <IconButton label={t(state === "incoming" ? "acceptName" : "addName", { name: names.ofPerson(person) })} onClick={onAsk}>
            {state === "incoming" ? (
              <UserCheck aria-hidden="true" className="size-5" />
            ) : (
              <UserPlus aria-hidden="true" className="size-5" />
            )}
          </IconButton>
        )
      )}
    </li>
  );
}

function Choice({ icon, label, onClick }: { icon: ReactNode; label: string; onClick: () => void }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex min-h-14 w-full items-center gap-3 rounded-xl px-2 text-start font-medium hover:bg-hover"
    >
      <span aria-hidden="true" className="grid size-9 place-items-center rounded-full bg-accent-soft text-accent-text [&>svg]:size-4.5">
        {icon}
      </span>
      {label}
    </button>
  );
}
