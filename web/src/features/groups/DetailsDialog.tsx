import { LogOut, MoreVertical, Pencil, Trash2, UserPlus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";
import { kindOf } from "@/features/conversations/ConversationRow";
import { useNames } from "@/features/people/names";
import { PersonLine } from "@/features/people/PersonLine";
import { useFailure } from "@/features/session/useFailure";
import { addMembers, deleteConversation, leave, openDirect, removeMember, rename, setRole } from "@/store/actions";
import type { ConversationView, MemberView, PersonView } from "@/store/queries";
import { Avatar } from "@/ui/Avatar";
import { Button, IconButton } from "@/ui/Button";
import { Confirm } from "@/ui/Confirm";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";
import { MenuButton, type MenuItem } from "@/ui/Menu";
import { Note } from "@/ui/Notice";
import { mayChange, mayManage } from "./roles";
import { PeoplePicker } from "./PeoplePicker";
import { useMembers } from "./useMembers";

type Props = { conversation: ConversationView; me: string; onClose: () => void; onGone: () => void; onOpen: (id: string) => void };
type Asked = { text: string; label: string; run: () => Promise<void> };

/** Who and what a conversation is; of a group, also what can be changed about it. */
export function DetailsDialog({ conversation, me, onClose, onGone, onOpen }: Props) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const names = useNames();
  const explain = useFailure();
  const [mode, setMode] = useState<"look" | "rename" | "add">("look");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const name = names.ofConversation(conversation);
  const group = conversation.kind === "group";
  const manages = group && !conversation.left && mayManage(conversation.role);

  const attempt = async (run: () => Promise<void>) => {
    setFailure(null);
    try {
      await run();
      setMode("look");
    } catch (error) {
      setFailure(t("failed", { message: explain(error) }));
    }
  };

  return (
    <Dialog tall title={t("details")} closeLabel={app("close")} onClose={onClose}>
      <div className="flex flex-col items-center gap-3 pb-5">
        <Avatar id={conversation.person?.id ?? conversation.id} name={name} kind={kindOf(conversation.kind)} size="lg" />
        {mode === "rename" ? (
          <RenameForm
            title={conversation.title ?? ""}
            onCancel={() => setMode("look")}
            onSave={(title) => attempt(() => rename(conversation.id, title))}
          />
        ) : (
          <p className="flex items-center gap-1 text-xl font-semibold">
            <span dir="auto" className="break-words">
              {name}
            </span>
            {manages && (
              <IconButton small label={t("rename")} onClick={() => setMode("rename")}>
                <Pencil aria-hidden="true" className="size-4" />
              </IconButton>
            )}
          </p>
        )}
        {conversation.person?.username && conversation.person.name && <p className="text-muted">@{conversation.person.username}</p>}
        {conversation.person?.bio && (
          <p dir="auto" className="max-w-xs text-center break-words whitespace-pre-wrap">
            {conversation.person.bio}
          </p>
        )}
        <p className="text-center text-sm text-muted">{conversation.retention === "relay" ? t("retentionRelay") : t("retentionArchive")}</p>
      </div>
      {failure && <Note tone="danger">{failure}</Note>}
      {group && mode === "add" && (
        <AddPeople
          conversation={conversation}
          onCancel={() => setMode("look")}
          onAdd={(ids) => attempt(() => addMembers(conversation.id, ids))}
        />
      )}
      {group && mode !== "add" && (
        <People
          conversation={conversation}
          me={me}
          onAdd={manages ? () => setMode("add") : undefined}
          attempt={attempt}
          ask={setAsked}
          onTalk={(id) =>
            void attempt(async () => {
              const direct = await openDirect(id);
              onClose();
              onOpen(direct);
            })
          }
        />
      )}
      {group && !conversation.left && mode === "look" && (
        <div className="-mx-2 mt-2 border-t border-line pt-2">
          <DangerLine
            icon={<LogOut />}
            label={t("leave")}
            onClick={() =>
              setAsked({ text: t("leaveConfirm", { name }), label: t("leave"), run: () => leave(conversation.id).then(onGone) })
            }
          />
          {conversation.role === "owner" && (
            <DangerLine
              icon={<Trash2 />}
              label={t("deleteGroup")}
              onClick={() =>
                setAsked({
                  text: t("deleteConfirm", { name }),
                  label: t("deleteGroup"),
                  run: () => deleteConversation(conversation.id).then(onGone),
                })
              }
            />
          )}
        </div>
      )}
      {asked && (
        <Confirm
          text={asked.text}
          label={asked.label}
          onClose={() => setAsked(null)}
          onConfirm={() => {
            setAsked(null);
            void attempt(asked.run);
          }}
        />
      )}
    </Dialog>
  );
}

function DangerLine({ icon, label, onClick }: { icon: ReactNode; label: string; onClick: () => void }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex min-h-12 w-full items-center gap-3 rounded-xl px-3 text-danger-text hover:bg-hover"
    >
      <span aria-hidden="true" className="[&>svg]:size-5">
        {icon}
      </span>
      {label}
    </button>
  );
}

function RenameForm({ title, onSave, onCancel }: { title: string; onSave: (title: string) => Promise<void>; onCancel: () => void }) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const [value, setValue] = useState(title);
  return (
    <form
      className="flex w-full items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim()) void onSave(value.trim());
      }}
    >
      <Field label={t("name")} value={value} maxLength={100} onChange={(event) => setValue(event.target.value)} className="grow" />
      <Button type="submit" disabled={!value.trim()}>
        {app("save")}
      </Button>
      <Button kind="outline" onClick={onCancel}>
        {app("cancel")}
      </Button>
    </form>
  );
}

function AddPeople({
  conversation,
  onAdd,
  onCancel,
}: {
  conversation: ConversationView;
  onAdd: (ids: string[]) => Promise<void>;
  onCancel: () => void;
}) {
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
      <PeoplePicker chosen={chosen} onChange={setChosen} without={new Set(conversation.members.map((member) => member.person.id))} />
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

type PeopleProps = {
  conversation: ConversationView;
  me: string;
  onAdd?: () => void;
  attempt: (run: () => Promise<void>) => Promise<void>;
  ask: (asked: Asked) => void;
  onTalk: (userId: string) => void;
};

function People({ conversation, me, onAdd, attempt, ask, onTalk }: PeopleProps) {
  const t = useTranslations("group");
  const app = useTranslations("app");
  const names = useNames();
  const { members, more } = useMembers(conversation);
  const itemsOf = ({ person, role }: MemberView): MenuItem[] => {
    const name = names.ofPerson(person);
    const id = conversation.id;
    return [
      {
        id: "role",
        label: role === "member" ? t("makeAdmin") : t("makeMember"),
        onSelect: () => void attempt(() => setRole(id, person.id, role === "member" ? "admin" : "member")),
      },
      {
        id: "remove",
        label: t("remove", { name }),
        danger: true,
        onSelect: () => ask({ text: t("removeConfirm", { name }), label: t("remove", { name }), run: () => removeMember(id, person.id) }),
      },
    ].slice(conversation.role === "owner" ? 0 : 1);
  };
  return (
    <section>
      <div className="flex items-center justify-between">
        <h3 className="font-semibold">
          {t("people")} <span className="font-normal text-muted">{conversation.memberCount}</span>
        </h3>
        {onAdd && (
          <Button kind="quiet" className="px-3" onClick={onAdd}>
            <UserPlus aria-hidden="true" className="size-4.5" />
            {t("add")}
          </Button>
        )}
      </div>
      <ul className="-mx-2">
        {members.map((member) => (
          <li key={member.person.id} className="flex min-h-14 items-center gap-1 rounded-xl ps-2 pe-1 hover:bg-hover">
            <button
              type="button"
              disabled={member.person.id === me}
              onClick={() => onTalk(member.person.id)}
              className="flex min-w-0 grow items-center gap-3 self-stretch"
            >
              <PersonLine
                person={member.person}
                note={member.person.id === me ? app("you") : undefined}
                end={
                  member.role !== "member" && (
                    <span className="shrink-0 rounded-full bg-well px-2 py-0.5 text-xs text-muted">{t(member.role)}</span>
                  )
                }
              />
            </button>
            {mayChange(conversation, member, me) && (
              <MenuButton
                small
                label={t("actionsFor", { name: names.ofPerson(member.person) })}
                icon={<MoreVertical aria-hidden="true" className="size-4.5" />}
                items={itemsOf(member)}
              />
            )}
          </li>
        ))}
      </ul>
      {more && (
        <Button kind="quiet" wide onClick={() => void attempt(more)}>
          {t("morePeople")}
        </Button>
      )}
    </section>
  );
}
