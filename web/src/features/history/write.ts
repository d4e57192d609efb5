/** A conversation's history as a file: for people to read, or for programs. */
import type { ConversationView, MessageView, PersonView } from "@/store/queries";

/** What texts need that is not in the messages. */
export type Words = {
  heading: string;
  nameOf: (userId: string) => string;
  /** What is written for what is no message, or no longer there. */
  insteadOf: (message: MessageView) => string | null;
  reply: (name: string, excerpt: string) => string;
  edited: string;
  reactions: (list: string) => string;
  timeZone?: string;
};

/** "2026-11-27 08:00 Lena: text", further lines indented, with a line between days. */
export async function* asText(pages: AsyncIterable<MessageView[]>, words: Words): AsyncGenerator<string> {
  const timeOf = clock(words.timeZone);
  let day = "";
  yield `${words.heading}\n`;
  for await (const page of pages) {
    let out = "";
    for (const message of page) {
      const time = timeOf(message.createdAt);
      if (time.slice(0, 10) !== day) out += "\n";
      day = time.slice(0, 10);
      out += `${time} ${entryText(message, words)}\n`;
    }
    yield out;
  }
}

function entryText(message: MessageView, words: Words): string {
  const instead = words.insteadOf(message);
  if (message.type !== "message") return `* ${instead ?? ""}`;
  const lines = (instead ?? message.text).split("\n");
  const notes: string[] = [];
  if (message.replyTo?.excerpt)
    notes.push(words.reply(words.nameOf(message.replyTo.senderId), message.replyTo.excerpt.replaceAll("\n", " ")));
  if (message.editedAt && instead === null) notes.push(words.edited);
  const note = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  const reactions = message.reactions.map(({ emoji, userIds }) => `${emoji} ${userIds.map(words.nameOf).join(", ")}`);
  if (reactions.length > 0) lines.push(words.reactions(reactions.join("; ")));
  return `${words.nameOf(message.senderId)}${note}: ${lines.join("\n    ")}`;
}

type About = { conversation: ConversationView; people: ReadonlyMap<string, PersonView>; savedAt: string };

/** One object: the conversation, its messages, and the people that they name. */
export async function* asJson(pages: AsyncIterable<MessageView[]>, { conversation, people, savedAt }: About): AsyncGenerator<string> {
  const { id, kind, title } = conversation;
  const named = new Set(conversation.members.map((member) => member.person.id));
  yield `{"format":"restante-history","version":1,"savedAt":${JSON.stringify(savedAt)},"conversation":${JSON.stringify({ id, kind, title })},"messages":[`;
  let first = true;
  for await (const page of pages) {
    if (page.length === 0) continue;
    for (const message of page) {
      named.add(message.senderId);
      for (const reaction of message.reactions) for (const userId of reaction.userIds) named.add(userId);
    }
    yield `${first ? "\n" : ",\n"}${page.map((message) => JSON.stringify(recordOf(message))).join(",\n")}`;
    first = false;
  }
  const list = [...named].map((one) => ({ id: one, name: people.get(one)?.name ?? null, username: people.get(one)?.username ?? null }));
  yield `\n],"people":${JSON.stringify(list)}}\n`;
}

function recordOf(message: MessageView) {
  const { id, seq, type, senderId, createdAt, kind, text, formatting, replyTo, forwardedFrom, editedAt, deleted, forgotten, notice } =
    message;
  const reactions = message.reactions.map(({ emoji, userIds }) => ({ emoji, userIds }));
  return {
    id,
    seq,
    type,
    senderId,
    createdAt,
    kind,
    text,
    formatting,
    replyTo,
    forwardedFrom,
    editedAt,
    deleted,
    forgotten,
    reactions,
    notice,
  };
}

/** Sorts as text, whatever the language. */
function clock(timeZone?: string): (time: string) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone });
  return (time) => format.format(new Date(time));
}

/** What every file system takes. */
export function fileName(name: string, day: string, ending: "txt" | "json"): string {
  const safe = name
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/gu, "");
  return `${[...(safe || "conversation")].slice(0, 60).join("")}-${day}.${ending}`;
}
