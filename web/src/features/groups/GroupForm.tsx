import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { useFailure } from "@/features/session/useFailure";
import { newId } from "@/lib/ids";
import { createGroup } from "@/store/actions";
import { clientConfig, type PersonView } from "@/store/queries";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { Note } from "@/ui/Notice";
import { PeoplePicker } from "./PeoplePicker";

/** Names a group and chooses who is in it. */
export function GroupForm({ onClose, onMade }: { onClose: () => void; onMade: (id: string) => void }) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const explain = useFailure();
  const config = useLiveQuery(() => clientConfig());
  // One id for the form: pressing twice makes one group.
  const [id] = useState(() => newId());
  const [title, setTitle] = useState("");
  const [missing, setMissing] = useState(false);
  const [chosen, setChosen] = useState<PersonView[]>([]);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const make = async () => {
    if (!title.trim()) return setMissing(true);
    setBusy(true);
    setFailure(null);
    try {
      onMade(await createGroup({ id, title: title.trim(), memberIds: chosen.map((person) => person.id) }));
    } catch (error) {
      setFailure(t("failed", { message: explain(error) }));
      setBusy(false);
    }
  };

  return (
    <Dialog
      tall
      title={t("title")}
      closeLabel={app("close")}
      onClose={onClose}
      actions={
        <>
          <span role="status" className="grow self-center text-sm text-muted">
            {t("chosen", { count: chosen.length })}
          </span>
          <Button busy={busy} onClick={() => void make()}>
            {t("create")}
          </Button>
        </>
      }
    >
      <Field
        label={t("name")}
        dir="auto"
        value={title}
        maxLength={config?.limits.titleChars ?? 100}
        error={missing && !title.trim() ? t("nameMissing") : null}
        onChange={(event) => setTitle(event.target.value)}
        className="mb-4"
      />
      {failure && <Note tone="danger">{failure}</Note>}
      <h3 className="mb-1.5 text-sm font-medium">{t("add")}</h3>
      <PeoplePicker chosen={chosen} onChange={setChosen} />
    </Dialog>
  );
}
