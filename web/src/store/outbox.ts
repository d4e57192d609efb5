/** What the person wrote and the server has not confirmed: kept until its entry is stored, sent in order, shown at once. */
import type { Failure, OutboxRow, Store } from "./db";
import { reacted } from "./entry";
import type { MessageRow } from "./db";

/** Refusals that the same again does not mend. */
const final = new Set(["VALIDATION_ERROR", "FORBIDDEN", "NOT_FOUND", "CONFLICT", "GONE", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]);

export const isFinal = (code: string): boolean => final.has(code);

/**
 * What may be sent now: of each conversation the first that waits, unless one of it is on its way. Within a conversation each
 * waits for the answer to the one before, so that no refusal and no lost answer can change the order.
 */
export function due(
  waiting: readonly OutboxRow[],
  underWay: ReadonlySet<string>,
  done: ReadonlySet<string>,
  most: number,
  now: number,
): OutboxRow[] {
  const busy = new Set(underWay);
  const out: OutboxRow[] = [];
  for (const letter of waiting) {
    // What can still be taken back holds up nothing.
    if (letter.state !== "waiting" || done.has(letter.id) || busy.has(letter.conversationId) || heldFor(letter, now) > 0) continue;
    busy.add(letter.conversationId);
    if (busy.size > most) break;
    out.push(letter);
  }
  return out;
}

/** How long a letter is not to be sent yet, in milliseconds. A clock that was set back holds it no longer than it was meant to be. */
export function heldFor({ notBefore, createdAt }: OutboxRow, now: number): number {
  if (notBefore === undefined) return 0;
  return Math.max(0, Math.min(notBefore - now, notBefore - Date.parse(createdAt)));
}

/** Takes back what is not to be sent yet; whether that was in time. */
export async function takeBack(db: Store, id: string, now: number): Promise<boolean> {
  return db.transaction("rw", db.outbox, async () => {
    const row = await db.outbox.where("id").equals(id).first();
    if (!row || heldFor(row, now) === 0) return false;
    await db.outbox.delete(row.n as number);
    return true;
  });
}

export async function fail(db: Store, id: string, failure: Failure): Promise<void> {
  await db.outbox.where("id").equals(id).modify({ state: "failed", failure });
}

/** Behind everything that waits, under the same ids and in the order they had. */
export async function requeue(db: Store, messageId: string): Promise<void> {
  await db.transaction("rw", db.outbox, async () => {
    const failed = await db.outbox
      .where("messageId")
      .equals(messageId)
      .filter((row) => row.state === "failed")
      .sortBy("n");
    await db.outbox.bulkDelete(failed.map((row) => row.n as number));
    for (const { n: _, ...row } of failed) await db.outbox.add({ ...row, state: "waiting", failure: null });
  });
}

/** Gives up a message with everything that was to be done to it, or, if it is sent already, what failed about it. */
export async function discard(db: Store, messageId: string): Promise<void> {
  await db.transaction("rw", db.outbox, async () => {
    const rows = await db.outbox.where("messageId").equals(messageId).toArray();
    const unsent = rows.some((row) => row.event === "message:send");
    const gone = rows.filter((row) => unsent || row.state === "failed");
    await db.outbox.bulkDelete(gone.map((row) => row.n as number));
  });
}

/** The row as it will be once the outbox is empty; null if it is to be seen no more. */
export function laidOver(row: MessageRow, letters: readonly OutboxRow[], me: string): { row: MessageRow; failure: Failure | null } | null {
  let shown = row;
  let failure: Failure | null = null;
  for (const letter of letters) {
    if (letter.messageId !== row.id || letter.event === "message:send") continue;
    if (letter.state === "failed") {
      failure = letter.failure;
      continue;
    }
    if (letter.event === "message:delete" && letter.body.for === "me") return null;
    shown = changed(shown, letter, me);
  }
  return { row: shown, failure };
}

function changed(row: MessageRow, { event, body, createdAt }: OutboxRow, me: string): MessageRow {
  switch (event) {
    case "message:edit": {
      const { text, formatting } = body as { text: string; formatting?: MessageRow["formatting"] };
      return { ...row, text, formatting: formatting ?? [], editedAt: createdAt };
    }
    case "message:delete":
      return { ...row, text: "", formatting: [], attachments: [], reactions: [], replyTo: null, forwardedFrom: null, deleted: true };
    case "reaction:add":
      return { ...row, reactions: reacted(row.reactions, me, String(body.emoji), true) };
    case "reaction:remove":
      return { ...row, reactions: reacted(row.reactions, me, String(body.emoji), false) };
    default:
      return row;
  }
}

/** Where what waits stands among what has its place: behind it. */
const behind = 2 ** 50;

export function letterRow(letter: OutboxRow, me: string): MessageRow {
  const body = letter.body as Partial<MessageRow>;
  return {
    conversationId: letter.conversationId,
    id: letter.id,
    seq: null,
    order: behind + (letter.n ?? 0),
    count: 0,
    type: "message",
    senderId: me,
    createdAt: letter.createdAt,
    kind: "text",
    text: body.text ?? "",
    formatting: body.formatting ?? [],
    attachments: [],
    replyTo: body.replyTo ?? null,
    forwardedFrom: body.forwardedFrom ?? null,
    mentions: body.mentions ?? [],
    editedAt: null,
    deleted: false,
    hidden: false,
    forgotten: false,
    reactions: [],
    notice: null,
    raw: null,
    words: [],
  };
}
