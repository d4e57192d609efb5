import { useState } from "react";
import { loadMembers } from "@/store/actions";
import type { ConversationView, MemberView } from "@/store/queries";

/** Who is in it: those that the store has, and page by page the rest of a large group. */
export function useMembers(conversation: ConversationView): { members: MemberView[]; more: (() => Promise<void>) | null } {
  const [pages, setPages] = useState<{ members: MemberView[]; next: string | null } | null>(null);
  const ids = new Set(conversation.members.map((member) => member.person.id));
  const members = [...conversation.members, ...(pages?.members ?? []).filter((member) => !ids.has(member.person.id))];
  const done = conversation.allMembers || (pages !== null && pages.next === null);
  const more = async () => {
    const page = await loadMembers(conversation.id, pages?.next ?? null);
    setPages({ members: [...(pages?.members ?? []), ...page.members], next: page.nextCursor });
  };
  return { members, more: done ? null : more };
}
