import type { Role } from "@/store/db";
import type { ConversationView, MemberView } from "@/store/queries";

/** Who may rename a group, and add people to it. */
export function mayManage(role: Role): boolean {
  return role !== "member";
}

/** Whether this person may take somebody out, or give them another role: owners all others, administrators members. */
export function mayChange(
  conversation: Pick<ConversationView, "role" | "left">,
  member: Pick<MemberView, "role" | "person">,
  me: string,
): boolean {
  if (conversation.left || member.person.id === me || member.role === "owner") return false;
  return conversation.role === "owner" || (conversation.role === "admin" && member.role === "member");
}
