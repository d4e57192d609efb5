import { useLiveQuery } from "dexie-react-hooks";
import { useCallback, useMemo } from "react";
import { useTranslations } from "use-intl";
import { useNames } from "@/features/people/names";
import { type ConversationView, type MessageView, people } from "@/store/queries";

/** Names for everybody who is in the conversation, or has written what is loaded of it. */
export function useDirectory(conversation: ConversationView, messages: readonly MessageView[], me: string): (userId: string) => string {
  const names = useNames();
  const app = useTranslations("app");
  const members = useMemo(() => new Map(conversation.members.map((one) => [one.person.id, one.person])), [conversation.members]);
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
  const others = useLiveQuery(() => people(key ? key.split(",") : []), [key]);
  return useCallback(
    (userId: string) => (userId === me ? app("you") : names.ofPerson(members.get(userId) ?? others?.get(userId))),
    [me, app, names, members, others],
  );
}
