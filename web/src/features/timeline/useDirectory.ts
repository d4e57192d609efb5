import { useLiveQuery } from "dexie-react-hooks";
import { useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { type ConversationView, type MessageView, type PersonView, people } from "@/store/queries";

/** Names for everybody who is in the conversation, or has written what is loaded of it. */
export function useDirectory(conversation: ConversationView, messages: readonly MessageView[], me: string): (userId: string) => string {
  const names = useNames();
  const app = useTranslations("app");
  // Made anew only when somebody is called otherwise: every row depends on it.
  const called = JSON.stringify(conversation.members.map(({ person: { id, name, username } }) => ({ id, name, username })));
  const members = useMemo(() => {
    const all = JSON.parse(called) as Pick<PersonView, "id" | "name" | "username">[];
    return new Map(all.map((one) => [one.id, one]));
  }, [called]);
  const key = useMemo(() => {
    const ids = messages.flatMap((one) => [
      one.senderId,
      ...(one.replyTo ? [one.replyTo.senderId] : []),
      ...(one.notice && "userId" in one.notice ? [one.notice.userId] : []),
      ...one.reactions.flatMap((reaction) => reaction.userIds),
    ]);
    return [...new Set(ids)]
      .filter((id) => id !== me && !members.has(id))
      .sort()
      .join();
  }, [messages, members, me]);
  const others = useLiveQuery(async () => (key ? people(key.split(",")) : null), [key]);
  return useCallback(
    (userId: string) => (userId === me ? app("you") : names.ofPerson(members.get(userId) ?? others?.get(userId))),
    [me, app, names, members, others],
  );
}
