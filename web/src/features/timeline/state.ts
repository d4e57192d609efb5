import type { MessageView } from "@/store/queries";

/** Whether there is something to show of a message, and if not, why. */
export function stateOf(message: Pick<MessageView, "deleted" | "forgotten" | "kind">): "there" | "deleted" | "gone" | "unknown" {
  if (message.deleted) return "deleted";
  if (message.forgotten) return "gone";
  return ["text", "image", "file", "system"].includes(message.kind) ? "there" : "unknown";
}
