import { LogOut, Pencil, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { kindOf } from "@/features/conversations/ConversationRow";
import { ContactActions } from "@/features/people/ContactActions";
import { useNames } from "@/features/people/names";
import { ProfileCard } from "@/features/people/ProfileCard";
import { ProfileHead } from "@/features/people/ProfileHead";
import { useFailure } from "@/features/session/useFailure";
import { addMembers, deleteConversation, leave, refreshPerson, rename } from "@/store/actions";
import type { ConversationView, PersonView } from "@/store/queries";
import { ActionLine } from "@/ui/ActionLine";
import { Avatar } from "@/ui/Avatar";
import { IconButton } from "@/ui/Button";
import { Confirm } from "@/ui/Confirm";
import { Dialog } from "@/ui/Dialog";
import { Note } from "@/ui/Notice";
import { SaveHistory } from "@/features/history/SaveHistory";
import { AddPeople } from "./AddPeople";
import { type Asked, Members } from "./Members";
import { RenameForm } from "./RenameForm";
import { mayManage } from "./roles";

type Props = { conversation: ConversationView; me: string; onClose: () => void; onGone: () => void; onOpen: (id: string) => void };

/** Who and what a conversation is, and what can be done about it. */
export function DetailsDialog(props: Props) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const { conversation, onClose } = props;
  return (
    <Dialog tall title={t("details")} closeLabel={app("close")} onClose={onClose}>
      {conversation.kind === "group" ? <Group {...props} /> : <Other conversation={conversation} me={props.me} />}
    </Dialog>
  );
}

/** Of a conversation with one person, or with oneself. */
function Other({ conversation, me }: Pick<Props, "conversation" | "me">) {
  const names = useNames();
  const { person, kind } = conversation;
  const id = person?.id;
  useEffect(() => void (id && refreshPerson(id)), [id]);
  return (
    <>
      {person ? (
        <ProfileHead person={person} />
      ) : (
        <div className="flex flex-col items-center gap-3 pb-4">
          <Avatar id={conversation.id} name={names.ofConversation(conversation)} kind={kindOf(kind)} size="lg" />
          <p dir="auto" className="text-xl font-semibold break-words">
            {names.ofConversation(conversation)}
          </p>
        </div>
      )}
      <Retention conversation={conversation} />
      <div className="border-t border-line pt-2">
        <SaveHistory conversation={conversation} me={me} />
        {person && <ContactActions person={person} />}
      </div>
    </>
  );
}

function Retention({ conversation }: { conversation: ConversationView }) {
  const t = useTranslations("group");
  return (
    <p className="pb-5 text-center text-sm text-muted">
      {conversation.retention === "relay" ? t("retentionRelay") : t("retentionArchive")}
    </p>
  );
}

function Group({ conversation, me, onClose, onGone, onOpen }: Props) {
  const t = useTranslations("group");
  const explain = useFailure();
  const [mode, setMode] = useState<"look" | "rename" | "add">("look");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [person, setPerson] = useState<PersonView | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const manages = !conversation.left && mayManage(conversation.role);

  const attempt = async (run: () => Promise<void>) => {
    setFailure(null);
    try {
      await run();
      setMode("look");
    } catch (error) {
      setFailure(t("failed", { message: explain(error) }));
    }
  };
  const toLook = () => setMode("look");
  const body = useFocusWhenBack(mode);

  return (
    <div ref={body}>
      <Head
        conversation={conversation}
        renaming={mode === "rename"}
        onRename={manages ? () => setMode("rename") : undefined}
        onCancel={toLook}
        onSave={(title) => attempt(() => rename(conversation.id, title))}
      />
      <Retention conversation={conversation} />
      {failure && <Note tone="danger">{failure}</Note>}
      {mode === "add" ? (
        <AddPeople conversation={conversation} onCancel={toLook} onAdd={(ids) => attempt(() => addMembers(conversation.id, ids))} />
      ) : (
        <Members
          conversation={conversation}
          me={me}
          onAdd={manages ? () => setMode("add") : undefined}
          attempt={attempt}
          ask={setAsked}
          onPerson={setPerson}
        />
      )}
      {mode === "look" && (
        <div className="mt-2 border-t border-line pt-2">
          <SaveHistory conversation={conversation} me={me} />
        </div>
      )}
      {!conversation.left && mode === "look" && <Endings conversation={conversation} ask={setAsked} onGone={onGone} />}
      {person && (
        <ProfileCard
          person={person}
          onClose={() => setPerson(null)}
          onOpen={(id) => {
            onClose();
            onOpen(id);
          }}
        />
      )}
      {asked && (
        <Confirm
          title={asked.title}
          text={asked.text}
          label={asked.label}
          onClose={() => setAsked(null)}
          onConfirm={() => {
            setAsked(null);
            void attempt(asked.run);
          }}
        />
      )}
    </div>
  );
}

/** A form takes the place of the button that opened it; when the form goes, that button has the focus again. */
function useFocusWhenBack(mode: "look" | "rename" | "add") {
  const body = useRef<HTMLDivElement>(null);
  const before = useRef(mode);
  useEffect(() => {
    if (mode === "look" && before.current !== "look") body.current?.querySelector<HTMLElement>(`[data-opens="${before.current}"]`)?.focus();
    before.current = mode;
  }, [mode]);
  return body;
}

type HeadProps = {
  conversation: ConversationView;
  renaming: boolean;
  onRename?: () => void;
  onCancel: () => void;
  onSave: (title: string) => Promise<void>;
};

function Head({ conversation, renaming, onRename, onCancel, onSave }: HeadProps) {
  const t = useTranslations("group");
  const name = useNames().ofConversation(conversation);
  return (
    <div className="flex flex-col items-center gap-3 pb-3">
      <Avatar id={conversation.id} name={name} kind={kindOf(conversation.kind)} size="lg" />
      {renaming ? (
        <RenameForm title={conversation.title ?? ""} onCancel={onCancel} onSave={onSave} />
      ) : (
        <p className="flex items-center gap-1 text-xl font-semibold">
          <span dir="auto" className="break-words">
            {name}
          </span>
          {onRename && (
            <IconButton small data-opens="rename" label={t("rename")} onClick={onRename}>
              <Pencil aria-hidden="true" className="size-4" />
            </IconButton>
          )}
        </p>
      )}
    </div>
  );
}

/** The ways out of a group. */
function Endings({ conversation, ask, onGone }: { conversation: ConversationView; ask: (asked: Asked) => void; onGone: () => void }) {
  const t = useTranslations("group");
  const name = useNames().ofConversation(conversation);
  const { id } = conversation;
  return (
    <div className="-mx-2">
      <ActionLine
        danger
        icon={<LogOut className="rtl:-scale-x-100" />}
        label={t("leave")}
        onClick={() =>
          ask({ title: t("leaveAsk", { name }), text: t("leaveConfirm"), label: t("leave"), run: () => leave(id).then(onGone) })
        }
      />
      {conversation.role === "owner" && (
        <ActionLine
          danger
          icon={<Trash2 />}
          label={t("deleteGroup")}
          onClick={() =>
            ask({
              title: t("deleteAsk", { name }),
              text: t("deleteConfirm"),
              label: t("deleteGroup"),
              run: () => deleteConversation(id).then(onGone),
            })
          }
        />
      )}
    </div>
  );
}
