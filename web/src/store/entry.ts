/** What an entry is as a row, and what becomes of rows by themselves. */
import { wordsOf } from "@/lib/words";
import type { ConversationData, Entry, FoldedMessage, MemberData, MessageData } from "@/net/events";
import type { MessageRow, Notice, Preview } from "./db";

/** Characters of a message that the list shows. */
const previewed = 200;

export function previewOf(row: MessageRow): Preview {
  const { id, order, senderId, createdAt, kind, text, deleted, forgotten } = row;
  const short = text.length > previewed ? `${text.slice(0, previewed)}…` : text;
  return { messageId: id, order, senderId, createdAt, kind, text: short, deleted, forgotten };
}

export function blank({ conversationId, id, seq, count, type, senderId, createdAt, data }: Entry): MessageRow {
  return {
    conversationId,
    id,
    seq,
    order: seq,
    count,
    type,
    senderId,
    createdAt,
    kind: "text",
    text: "",
    formatting: [],
    attachments: [],
    replyTo: null,
    forwardedFrom: null,
    mentions: [],
    editedAt: null,
    deleted: false,
    hidden: false,
    forgotten: data === null,
    reactions: [],
    notice: null,
    raw: null,
    words: [],
  };
}

export function messageRow(entry: Entry, hidden: boolean): MessageRow {
  const data = (entry.data ?? {}) as MessageData;
  const text = data.text ?? "";
  return {
    ...blank(entry),
    kind: data.kind ?? "text",
    text,
    formatting: data.formatting ?? [],
    attachments: data.attachments ?? [],
    replyTo: data.replyTo ?? null,
    forwardedFrom: data.forwardedFrom ?? null,
    mentions: data.mentions ?? [],
    hidden,
    words: hidden ? [] : wordsOf(text),
  };
}

/** A message that the server gave folded already. */
export function foldedRow(message: FoldedMessage, hidden: boolean): MessageRow {
  const row = { ...messageRow(message, hidden), editedAt: message.editedAt ?? null, reactions: message.reactions ?? [] };
  return message.deleted ? { ...emptied(row), forgotten: false } : row;
}

export function emptied(row: MessageRow): MessageRow {
  const nothing = { text: "", formatting: [], attachments: [], mentions: [], reactions: [], words: [], replyTo: null, forwardedFrom: null };
  return { ...row, ...nothing, deleted: true };
}

/** Reactions with that person's emoji put or taken; in the order in which they came. */
export function reacted(all: MessageRow["reactions"], userId: string, emoji: string, on: boolean): MessageRow["reactions"] {
  const out = all.map((one) => (one.emoji === emoji ? { emoji, userIds: one.userIds.filter((id) => id !== userId || on) } : one));
  const there = out.find((one) => one.emoji === emoji);
  if (on && !there) out.push({ emoji, userIds: [userId] });
  else if (on && there && !there.userIds.includes(userId)) there.userIds.push(userId);
  return out.filter((one) => one.userIds.length > 0);
}

/** Null: it says nothing that this version knows. */
export function noticeOf({ type, data }: Entry): Notice | null {
  if (!data) return null;
  if (type === "conversation") {
    const { title, avatarUrl, retention } = data as ConversationData;
    return {
      what: "changed",
      ...(title ? { title } : {}),
      ...(avatarUrl !== undefined ? { avatar: true } : {}),
      ...(retention ? { retention } : {}),
    };
  }
  const { op, userId, role, by } = data as MemberData;
  if (op === "role") return { what: "role", userId, role: role ?? "member", by: by ?? null };
  if (op === "joined" || op === "left" || op === "removed") return { what: op, userId, by: by ?? null };
  return null;
}
