import { useMemo } from "react";
import { useTranslations } from "use-intl";
import type { ConversationItem, PersonView } from "@/store/queries";

type Named = Pick<PersonView, "name" | "username">;

/** What a person is called: their name, else their username. Null: nothing is known. */
export function personName(person: Named | null | undefined): string | null {
  if (!person) return null;
  return person.name?.trim() || (person.username ? `@${person.username}` : null);
}

/** Names with words for who has none. */
export function useNames() {
  const app = useTranslations("app");
  return useMemo(() => {
    const ofPerson = (person: Named | null | undefined) => personName(person) ?? app("unknownPerson");
    const ofConversation = (one: Pick<ConversationItem, "kind" | "title" | "person">) => {
      if (one.kind === "self") return app("notesToSelf");
      return one.title?.trim() || ofPerson(one.person);
    };
    return { ofPerson, ofConversation };
  }, [app]);
}
