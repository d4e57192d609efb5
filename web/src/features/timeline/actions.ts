import type { MessageView } from "@/store/queries";
import { stateOf } from "./state";

/** What can be done with a message; the list's owner does it. */
export type MessageActions = {
  reply: (message: MessageView) => void;
  react: (message: MessageView, emoji: string, on: boolean) => void;
  pickReaction: (message: MessageView) => void;
  edit: (message: MessageView) => void;
  remove: (message: MessageView) => void;
  forward: (message: MessageView) => void;
  copyText: (message: MessageView) => void;
  copyLink: (message: MessageView) => void;
  retry: (message: MessageView) => void;
  discard: (message: MessageView) => void;
  goTo: (messageId: string) => void;
};

/** Windows after which the server refuses, in milliseconds. */
export const editWindow = 15 * 60_000;
export const deleteWindow = 24 * 3_600_000;

export function canEdit(message: MessageView, now: number): boolean {
  return message.own && stateOf(message) === "there" && message.seq !== null && now - Date.parse(message.createdAt) < editWindow;
}

export function canDeleteForEveryone(message: MessageView, now: number): boolean {
  return message.own && stateOf(message) === "there" && message.seq !== null && now - Date.parse(message.createdAt) < deleteWindow;
}
