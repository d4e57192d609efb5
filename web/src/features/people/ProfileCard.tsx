import { MessageCircle } from "lucide-react";
import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { openDirect, refreshPerson } from "@/store/actions";
import type { PersonView } from "@/store/queries";
import { ActionLine } from "@/ui/ActionLine";
import { Dialog } from "@/ui/Dialog";
import { Note } from "@/ui/Notice";
import { ContactActions } from "./ContactActions";
import { ProfileHead } from "./ProfileHead";
import { useAttempt } from "./useContact";

type Props = { person: PersonView; onClose: () => void; onOpen: (conversationId: string) => void };

/** Somebody of a group: who they are, the way to a conversation with them, contact and block. */
export function ProfileCard({ person, onClose, onOpen }: Props) {
  const t = useTranslations("contacts");
  const app = useTranslations("app");
  const { busy, failure, attempt } = useAttempt();
  useEffect(() => void refreshPerson(person.id), [person.id]);
  return (
    <Dialog title={t("profile")} closeLabel={app("close")} onClose={onClose}>
      <ProfileHead person={person} />
      {failure && <Note tone="danger">{failure}</Note>}
      <div className="-mx-2 border-t border-line pt-2">
        <ActionLine
          icon={<MessageCircle className="rtl:-scale-x-100" />}
          label={t("message")}
          busy={busy}
          onClick={() => void attempt(async () => onOpen(await openDirect(person.id)))}
        />
      </div>
      <ContactActions person={person} />
    </Dialog>
  );
}
