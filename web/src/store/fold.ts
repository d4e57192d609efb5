/**
 * Entries of a log, in its order, folded into rows. Pure: it works on copies of rows that `ingest.ts` has read and writes back.
 * Each entry says how things are, so an entry folded over a later state does no harm as long as those behind it follow.
 */
import type { AccountData, ConversationData, DeleteData, EditData, Entry, MemberData, ReactionData } from "@/net/events";
import { wordsOf } from "@/lib/words";
import { isHidden } from "./conversations";
import type { ConversationRow, MessageRow } from "./db";
import { blank, emptied, messageRow, noticeOf, previewOf, reacted } from "./entry";

/** What a stretch of one log is folded into. */
export type Working = {
  me: string;
  /** Read before; written back after. */
  conversation: ConversationRow;
  /** Rows of messages that the stretch is about, as far as there are any. */
  rows: Map<string, MessageRow>;
  /** Messages that the person has deleted for themself. */
  hidden: Set<string>;
  /** Rows that are different now. */
  dirty: Set<string>;
  /** Messages deleted for everyone: what quotes them loses the quote. */
  deleted: string[];
  /** People whose receipts go, because they went. */
  left: string[];
  /** What concerns other conversations: of one's own log. */
  account: AccountData[];
  /** New messages of others. */
  arrived: string[];
};

export function foldEntry(work: Working, entry: Entry): void {
  const isNews = entry.seq > work.conversation.head.seq;
  const wasHidden = isHidden(work.conversation);
  change(work, entry, isNews);
  if (isNews) work.conversation.head = { seq: entry.seq, count: Math.max(entry.count, work.conversation.head.count) };
  // Whatever a person writes counts as read up to there, for them.
  if (entry.senderId === work.me && writes.has(entry.type)) raiseRead(work.conversation, entry);
  // What is withheld shows nothing that is hidden.
  if (entry.type === "withheld" && wasHidden) work.conversation.hiddenAt = work.conversation.head.count;
}

/** `withheld` stands for what somebody whom the person blocks has written. */
const writes = new Set(["message", "edit", "delete", "reaction", "withheld"]);

function change(work: Working, entry: Entry, isNews: boolean) {
  const data = entry.data;
  switch (entry.type) {
    case "message":
      return addMessage(work, entry, isNews);
    case "edit":
      return data && edit(work, entry, data as EditData);
    case "delete":
      return data && remove(work, (data as DeleteData).messageId);
    case "reaction":
      return data && react(work, entry, data as ReactionData);
    case "member":
      if (data) member(work, entry, data as MemberData, isNews);
      return addNotice(work, entry);
    case "conversation":
      if (data) describe(work.conversation, data as ConversationData);
      return addNotice(work, entry);
    case "account":
      return data && work.account.push(data as AccountData);
    default:
      // A later version may know what it means.
      put(work, { ...blank(entry), raw: data });
  }
}

function addMessage(work: Working, entry: Entry, isNews: boolean): void {
  const known = work.rows.get(entry.id);
  if (known && !(known.forgotten && entry.data)) {
    // Under another epoch it was here before: it keeps what it says and gets its place.
    if (known.seq !== entry.seq) put(work, { ...known, seq: entry.seq, order: entry.seq, count: entry.count });
  } else {
    put(work, messageRow(entry, work.hidden.has(entry.id)));
    if (isNews && !known && entry.senderId !== work.me) {
      work.arrived.push(entry.id);
      const row = work.rows.get(entry.id);
      if (row?.mentions.includes(work.me) && entry.count > work.conversation.read.count) work.conversation.mentions += 1;
    }
  }
  withdrawQuote(work, entry.id);
  show(work, entry.id);
}

/** An answer to what is deleted quotes nothing, also when it comes after the deletion. */
function withdrawQuote(work: Working, id: string): void {
  const row = work.rows.get(id);
  const quoted = row?.replyTo && work.rows.get(row.replyTo.id);
  if (row?.replyTo?.excerpt && quoted?.deleted) put(work, { ...row, replyTo: { ...row.replyTo, excerpt: "" } });
}

function edit(work: Working, entry: Entry, { messageId, text, formatting }: EditData): void {
  const row = work.rows.get(messageId);
  if (!row || row.deleted) return;
  put(work, { ...row, text, formatting: formatting ?? [], editedAt: entry.createdAt, forgotten: false, words: wordsOf(text) });
  show(work, messageId);
}

function remove(work: Working, messageId: string): void {
  work.deleted.push(messageId);
  for (const row of work.rows.values()) {
    if (row.replyTo?.id === messageId && row.replyTo.excerpt) put(work, { ...row, replyTo: { ...row.replyTo, excerpt: "" } });
  }
  const row = work.rows.get(messageId);
  if (row) put(work, emptied(row));
  const preview = work.conversation.preview;
  if (preview?.messageId === messageId) work.conversation.preview = { ...preview, text: "", deleted: true };
}

function react(work: Working, entry: Entry, { messageId, emoji, op }: ReactionData): void {
  const row = work.rows.get(messageId);
  if (!row || row.deleted) return;
  put(work, { ...row, reactions: reacted(row.reactions, entry.senderId, emoji, op === "add") });
}

function member(work: Working, entry: Entry, { op, userId, role }: MemberData, isNews: boolean): void {
  const conversation = work.conversation;
  const complete = conversation.members.length >= conversation.memberCount;
  const others = conversation.members.filter((one) => one.userId !== userId);
  const known = conversation.members.find((one) => one.userId === userId);
  if (op === "role") {
    if (known) conversation.members = conversation.members.map((one) => (one === known ? { ...one, role: role ?? one.role } : one));
    return;
  }
  const joins = op === "joined";
  if (!joins) {
    conversation.members = others;
    work.left.push(userId);
    if (userId === work.me) conversation.left = true;
  } else if (!known && complete) {
    conversation.members = [...others, { userId, role: role ?? "member", joinedAt: entry.createdAt }];
  } else if (known && role) {
    conversation.members = conversation.members.map((one) => (one === known ? { ...one, role } : one));
  }
  // Of a list in part only what is new tells something of the number.
  if (complete) conversation.memberCount = conversation.members.length;
  else if (isNews) conversation.memberCount = Math.max(0, conversation.memberCount + (joins ? 1 : -1));
  if (!joins || userId !== work.me) return;
  // The log may be read from before one went: then it tells of that after the view has said that one is in it again.
  conversation.left = false;
  // Who joins has read everything up to there.
  raiseRead(conversation, entry);
}

function describe(conversation: ConversationRow, data: ConversationData): void {
  if (data.title !== undefined) conversation.title = data.title;
  if (data.avatarUrl !== undefined) conversation.avatarUrl = data.avatarUrl;
  if (data.retention !== undefined) conversation.retention = data.retention;
}

function addNotice(work: Working, entry: Entry): void {
  const known = work.rows.get(entry.id);
  const notice = noticeOf(entry) ?? known?.notice ?? null;
  put(work, { ...(known ?? blank(entry)), seq: entry.seq, order: entry.seq, count: entry.count, notice });
}

function put(work: Working, row: MessageRow): void {
  work.rows.set(row.id, row);
  work.dirty.add(row.id);
}

export function raiseRead(conversation: ConversationRow, to: { seq: number; count: number }): boolean {
  if (to.seq <= conversation.read.seq) return false;
  conversation.read = { seq: to.seq, count: Math.max(to.count, conversation.read.count) };
  if (conversation.read.count >= conversation.head.count) conversation.mentions = 0;
  return true;
}

/** Lets the list show it, if it is the last message there is. */
function show(work: Working, id: string): void {
  const row = work.rows.get(id);
  const { conversation } = work;
  if (!row || row.hidden || row.order < (conversation.preview?.order ?? 0)) return;
  conversation.preview = previewOf(row);
  if (row.createdAt > conversation.activityAt) conversation.activityAt = row.createdAt;
}
