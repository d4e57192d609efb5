import { useLiveQuery } from "dexie-react-hooks";
import { Bookmark, UserSearch, Users } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { GroupForm } from "@/features/groups/GroupForm";
import { useFailure } from "@/features/session/useFailure";
import { openDirect } from "@/store/actions";
import { type PersonView, selfConversationId } from "@/store/queries";
import { Dialog } from "@/ui/Dialog";
import { Empty, Note } from "@/ui/Notice";
import { SearchField } from "@/ui/SearchField";
import { Spinner } from "@/ui/Spinner";
import { PersonLine } from "./PersonLine";
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
  const [query, setQuery] = useState("");
  const [opening, setOpening] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const explain = useFailure();
  const self = useLiveQuery(() => selfConversationId());
  const found = useFindPeople(query);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

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
      <ul className="-mx-2">
        {found.people.map((person) => (
          <li key={person.id}>
            <button
              type="button"
              aria-busy={opening === person.id}
              disabled={opening !== null}
              onClick={() => void open(person)}
              className="flex min-h-14 w-full items-center gap-3 rounded-xl px-2 hover:bg-hover"
            >
              <PersonLine person={person} end={opening === person.id && <Spinner />} />
            </button>
          </li>
        ))}
      </ul>
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
