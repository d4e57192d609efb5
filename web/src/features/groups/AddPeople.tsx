import { useState } from "react";
import { useTranslations } from "use-intl";
import type { ConversationView, PersonView } from "@/store/queries";
import { Button } from "@/ui/Button";
import { PeoplePicker } from "./PeoplePicker";

type Props = { conversation: ConversationView; onAdd: (ids: string[]) => Promise<void>; onCancel: () => void };

/** Chooses who else is to be in a group. */
export function AddPeople({ conversation, onAdd, onCancel }: Props) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const [chosen, setChosen] = useState<PersonView[]>([]);
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    await onAdd(chosen.map((person) => person.id));
    setBusy(false);
  };
  return (
    <>
      <h3 className="mb-2 font-semibold">{t("add")}</h3>
      <PeoplePicker first chosen={chosen} onChange={setChosen} without={new Set(conversation.members.map((member) => member.person.id))} />
      <div className="mt-3 flex justify-end gap-2">
        <Button kind="outline" onClick={onCancel}>
          {app("cancel")}
        </Button>
        <Button busy={busy} disabled={chosen.length === 0} onClick={() => void add()}>
          {t("add")}
        </Button>
      </div>
    </>
  );
}
