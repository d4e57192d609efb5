import type { Range } from "@/ui/segments";
import type { Progress } from "./Ticks";

/** A message as the list shows it: what the store holds, and how far it has come. */
export type MessageView = {
  id: string;
  conversationId: string;
  senderId: string;
  seq: number | null;
  createdAt: string;
  /** A message, or something that happened in the conversation. */
  plain: boolean;
  own: boolean;
  text: string;
  formatting: readonly Range[];
  replyTo: { id: string; senderId: string; excerpt: string } | null;
  forwarded: boolean;
  edited: boolean;
  state: "there" | "deleted" | "gone" | "unknown";
  reactions: readonly { emoji: string; userIds: readonly string[] }[];
  /** Own messages only. */
  progress: Progress | null;
  /** Why it could not be sent. */
  failure: string | null;
};
