import { MoreVertical, ShieldMinus, ShieldPlus, UserMinus, UserPlus } from "lucide-react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { PersonLine } from "@/features/people/PersonLine";
import { removeMember, setRole } from "@/store/actions";
import type { ConversationView, MemberView, PersonView } from "@/store/queries";
import { Button } from "@/ui/Button";
import { MenuButton, type MenuItem } from "@/ui/Menu";
import { mayChange } from "./roles";
import { useMembers } from "./useMembers";

export type Asked = { title: string; text?: string; label: string; run: () => Promise<void> };

type Props = {
  conversation: ConversationView;
  me: string;
  onAdd?: () => void;
  attempt: (run: () => Promise<void>) => Promise<void>;
  ask: (asked: Asked) => void;
  onPerson: (person: PersonView) => void;
};

/** Who is in a group, and what may be done about each. */
export function Members({ conversation, me, onAdd, attempt, ask, onPerson }: Props) {
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
        icon: role === "member" ? <ShieldPlus /> : <ShieldMinus />,
        onSelect: () => void attempt(() => setRole(id, person.id, role === "member" ? "admin" : "member")),
      },
      {
        id: "remove",
        label: t("remove", { name }),
        icon: <UserMinus />,
        danger: true,
        onSelect: () => ask({ title: t("removeConfirm", { name }), label: t("remove", { name }), run: () => removeMember(id, person.id) }),
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
          <Button kind="quiet" className="-me-3 px-3" data-opens="add" onClick={onAdd}>
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
              onClick={() => onPerson(member.person)}
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
