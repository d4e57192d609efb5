/** What a person does with messages: into the outbox, shown at once, sent in order. */
import { ActionError } from "@/lib/errors";
import { newId } from "@/lib/ids";
import { call } from "@/net/api";
import type { FoldedMessage } from "@/net/events";
import type { Format, OutboxRow, ReplyTo, Store } from "../db";
import { theStore, writeAtOnce } from "../db";
import { addOlder } from "../older";
import { discard, requeue, takeBack } from "../outbox";
import { messageById } from "../asking/messages";

export type NewMessage = {
  /** Made anew unless given. */
  id?: string;
  text: string;
  formatting?: Format[];
  replyTo?: ReplyTo | null;
  forwardedFrom?: { id: string; senderId: string } | null;
  mentions?: string[];
};

/** Writes a message into the outbox and empties the draft, both or neither. Answers its id, which stays. */
export async function sendMessage(conversationId: string, message: NewMessage, db: Store = theStore()): Promise<string> {
  const id = message.id ?? newId();
  const letter = letterOf({ id, conversationId, event: "message:send", messageId: id, body: sendBody(id, conversationId, message) });
  await writeAtOnce(db, [db.outbox, db.drafts], () => [db.outbox.add(letter), db.drafts.delete(conversationId)]);
  return id;
}

/** Sends a copy to each of them. */
export async function forwardMessage(
  conversationId: string,
  messageId: string,
  to: readonly string[],
  db: Store = theStore(),
): Promise<string[]> {
  const original = await messageById(conversationId, messageId, db);
  if (!original?.text) throw new ActionError("NOT_FOUND", "the message is not here");
  const { text, formatting } = original;
  const forwardedFrom = original.forwardedFrom ?? { id: original.id, senderId: original.senderId };
  const letters = to.map((target) => {
    const id = newId();
    const body = sendBody(id, target, { text, formatting, forwardedFrom });
    return letterOf({ id, conversationId: target, event: "message:send", messageId: id, body });
  });
  await writeAtOnce(db, [db.outbox], () => letters.map((letter) => db.outbox.add(letter)));
  return letters.map((letter) => letter.id);
}

/** Sends what failed once more, under the same id, behind what waits. */
export async function retrySend(messageId: string, db: Store = theStore()): Promise<void> {
  await requeue(db, messageId);
}

/** Gives up what failed or waits about a message. What the server has taken meanwhile still comes. */
export async function discardSend(messageId: string, db: Store = theStore()): Promise<void> {
  await discard(db, messageId);
}

/** Other words for a message; it may still wait in the outbox itself. */
export async function editMessage(
  conversationId: string,
  messageId: string,
  change: { text: string; formatting?: Format[] },
  db: Store = theStore(),
): Promise<void> {
  const id = newId();
  const formatting = change.formatting ?? [];
  await post(db, {
    id,
    conversationId,
    event: "message:edit",
    messageId,
    body: { id, conversationId, messageId, text: change.text, formatting },
  });
}

/** It is gone from the views at once, and sent after `takeBackFor`: till then `takeBackRemoval` undoes it. Answers what that takes. */
export async function removeForMe(conversationId: string, messageId: string, db: Store = theStore()): Promise<string> {
  return remove(db, conversationId, messageId, "me", Date.now() + takeBackFor + slack);
}

/** As `removeForMe`, of one's own notes, which nobody else has. */
export async function removeNote(conversationId: string, messageId: string, db: Store = theStore()): Promise<string> {
  return remove(db, conversationId, messageId, "everyone", Date.now() + takeBackFor + slack);
}

export async function removeForEveryone(conversationId: string, messageId: string, db: Store = theStore()): Promise<void> {
  await remove(db, conversationId, messageId, "everyone");
}

/** Whether that was in time. */
export async function takeBackRemoval(removal: string, db: Store = theStore()): Promise<boolean> {
  return takeBack(db, removal, Date.now());
}

/** How long a removal can be taken back, in milliseconds; and a little more for a press at the last moment. */
export const takeBackFor = 5_000;
const slack = 500;

export async function react(conversationId: string, messageId: string, emoji: string, on: boolean, db: Store = theStore()): Promise<void> {
  const id = newId();
  const event = on ? "reaction:add" : "reaction:remove";
  await post(db, { id, conversationId, event, messageId, body: { id, conversationId, messageId, emoji } });
}

/** Fetches what is older than this device has, of a conversation that the server keeps. Answers how many came. */
export async function loadOlder(conversationId: string, db: Store = theStore()): Promise<number> {
  const conversation = await db.conversations.get(conversationId);
  if (!conversation || conversation.floor <= 0) return 0;
  const before = conversation.floor + 1;
  const page = await call(db, "get", "/api/v1/conversations/{id}/messages", { path: { id: conversationId }, query: { before, limit: 50 } });
  const { data, nextCursor } = page as unknown as { data: FoldedMessage[]; nextCursor: string | null };
  return addOlder(db, conversationId, data, nextCursor === null ? 0 : Math.max(0, Number(nextCursor) - 1));
}

type NewLetter = Pick<OutboxRow, "id" | "conversationId" | "event" | "messageId" | "body" | "notBefore">;

async function post(db: Store, letter: NewLetter): Promise<void> {
  await writeAtOnce(db, [db.outbox], () => [db.outbox.add(letterOf(letter))]);
}

function letterOf(letter: NewLetter): OutboxRow {
  return { ...letter, createdAt: new Date().toISOString(), state: "waiting", failure: null };
}

function sendBody(id: string, conversationId: string, message: NewMessage): Record<string, unknown> {
  const { text, formatting, replyTo, forwardedFrom, mentions } = message;
  return {
    id,
    conversationId,
    text,
    formatting: formatting ?? [],
    mentions: mentions ?? [],
    ...(replyTo ? { replyTo: { ...replyTo, excerpt: [...replyTo.excerpt].slice(0, excerptChars).join("") } } : {}),
    ...(forwardedFrom ? { forwardedFrom } : {}),
  };
}

/** What the server takes of a quoted message. */
const excerptChars = 300;

async function remove(db: Store, conversationId: string, messageId: string, whom: "me" | "everyone", notBefore?: number): Promise<string> {
  const id = newId();
  const body = { id, conversationId, messageId, for: whom };
  await post(db, { id, conversationId, event: "message:delete", messageId, body, ...(notBefore === undefined ? {} : { notBefore }) });
  return id;
}
