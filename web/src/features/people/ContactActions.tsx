import { Ban, CircleCheck, UserCheck, UserMinus, UserPlus, UserX } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { acceptContact, askContact, removeContact, setBlocked } from "@/store/actions";
import type { PersonView } from "@/store/queries";
import { ActionLine } from "@/ui/ActionLine";
import { Confirm } from "@/ui/Confirm";
import { Note } from "@/ui/Notice";
import { useNames } from "./names";
import { type ContactState, useAttempt, useContact } from "./useContact";

/** What can be done about what somebody is to this person: contact, request, block. */
export function ContactActions({ person }: { person: PersonView }) {
  const t = useTranslations("contacts");
  const names = useNames();
  const state = useContact(person.id);
  const { busy, failure, attempt } = useAttempt();
  const [asks, setAsks] = useState(false);
  const name = names.ofPerson(person);
  const block = (on: boolean) => void attempt(() => setBlocked(person.id, on));
  // Read within a frame; nothing that is shown before may turn into its opposite under a finger.
  if (state === undefined) return null;
  return (
    <div>
      {failure && <Note tone="danger">{failure}</Note>}
      <div className="-mx-2">
        {linesOf(state, person.id).map(({ icon, word, run }) => (
          <ActionLine key={word} icon={icon} label={t(word)} busy={busy} onClick={() => void attempt(run)} />
        ))}
        {state === "blocked" ? (
          <ActionLine icon={<CircleCheck />} label={t("unblockName", { name })} busy={busy} onClick={() => block(false)} />
        ) : (
          <ActionLine icon={<Ban />} danger label={t("blockName", { name })} busy={busy} onClick={() => setAsks(true)} />
        )}
      </div>
      {asks && (
        <Confirm
          title={t("blockAsk", { name })}
          text={t("blockConfirm")}
          label={t("block")}
          onClose={() => setAsks(false)}
          onConfirm={() => {
            setAsks(false);
            block(true);
          }}
        />
      )}
    </div>
  );
}

type Line = { icon: ReactNode; word: "add" | "takeBack" | "accept" | "decline" | "remove"; run: () => Promise<void> };

function linesOf(state: ContactState, id: string): Line[] {
  switch (state) {
    case null:
      return [{ icon: <UserPlus />, word: "add", run: () => askContact(id) }];
    case "outgoing":
      return [{ icon: <UserX />, word: "takeBack", run: () => removeContact(id) }];
    case "incoming":
      return [
        { icon: <UserCheck />, word: "accept", run: () => acceptContact(id) },
        { icon: <UserX />, word: "decline", run: () => removeContact(id) },
      ];
    case "accepted":
      return [{ icon: <UserMinus />, word: "remove", run: () => removeContact(id) }];
    case "blocked":
      return [];
  }
}
