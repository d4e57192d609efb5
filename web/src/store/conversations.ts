/** Conversations as the list and their head show them: the rows, with what is not confirmed yet laid over. */
import type { ConversationRow, DraftRow, OutboxRow, PersonalRow, Role, Store } from "./db";
import { readMeta } from "./db";
import { letterRow } from "./outbox";
import { nobody, peopleOf } from "./people";
import { previewOf } from "./entry";
import type { ConversationItem, ConversationView, PersonView } from "./views";

/** What the list reads once for all conversations. */
type Around = {
  me: string;
  people: Map<string, PersonView>;
  drafts: Map<string, DraftRow>;
  letters: Map<string, OutboxRow[]>;
  settings: Map<string, PersonalRow>;
};

/** Every conversation, in no order. */
export async function allItems(db: Store): Promise<ConversationItem[]> {
  const rows = await db.conversations.toArray();
  const around = await surroundings(db, rows);
  return rows.map((row) => item(row, around));
}

export async function oneConversation(db: Store, id: string): Promise<ConversationView | null> {
  const row = await db.conversations.get(id);
  if (!row) return null;
  const around = await surroundings(db, [row]);
  const people = await peopleOf(
    db,
    row.members.map((member) => member.userId),
  );
  const members = row.members.map(({ userId, role, joinedAt }) => ({ person: people.get(userId) ?? nobody(userId), role, joinedAt }));
  const role: Role = row.members.find((member) => member.userId === around.me)?.role ?? "member";
  return {
    ...item(row, around),
    slug: row.slug,
    retention: row.retention,
    createdAt: row.createdAt,
    head: row.head,
    read: row.read,
    members,
    allMembers: row.members.length >= row.memberCount,
    role,
    moreOnServer: row.retention === "archive" && row.floor > 0 && !row.left,
  };
}

export function isListed(item: ConversationItem): boolean {
  return !item.hidden && !item.left;
}

export function byActivity(a: ConversationItem, b: ConversationItem): number {
  return a.activityAt < b.activityAt ? 1 : a.activityAt > b.activityAt ? -1 : a.id < b.id ? -1 : 1;
}

export async function itemsOf(db: Store, ids: readonly string[]): Promise<Map<string, ConversationItem>> {
  const rows = (await db.conversations.bulkGet([...new Set(ids)])).filter((row) => row !== undefined);
  const around = await surroundings(db, rows);
  return new Map(rows.map((row) => [row.id, item(row, around)]));
}

async function surroundings(db: Store, rows: ConversationRow[]): Promise<Around> {
  const account = await readMeta(db, "account");
  const me = account?.userId ?? "";
  const [drafts, letters, personal] = await Promise.all([db.drafts.toArray(), db.outbox.toArray(), db.personal.toArray()]);
  const wanted = rows.flatMap((row) => [otherOf(row, me), row.preview?.senderId ?? null]).filter((id) => id !== null);
  const grouped = new Map<string, OutboxRow[]>();
  for (const letter of letters) {
    const of = grouped.get(letter.conversationId);
    if (of) of.push(letter);
    else grouped.set(letter.conversationId, [letter]);
  }
  return {
    me,
    people: await peopleOf(db, [...wanted, me]),
    drafts: new Map(drafts.map((draft) => [draft.conversationId, draft])),
    letters: grouped,
    settings: new Map(personal.filter((row) => row.what === "settings").map((row) => [row.conversationId, row])),
  };
}

function otherOf(row: ConversationRow, me: string): string | null {
  if (row.kind !== "direct") return null;
  return row.members.find((member) => member.userId !== me)?.userId ?? null;
}

function item(row: ConversationRow, around: Around): ConversationItem {
  const { me, people } = around;
  const set = around.settings.get(row.id)?.settings ?? {};
  const letters = around.letters.get(row.id) ?? [];
  const lastSend = letters.findLast((letter) => letter.event === "message:send");
  const preview = lastSend ? previewOf(letterRow(lastSend, me)) : row.preview;
  const other = otherOf(row, me);
  const draft = around.drafts.get(row.id);
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    avatarUrl: row.avatarUrl,
    person: other === null ? null : (people.get(other) ?? nobody(other)),
    preview,
    previewSender: preview && (people.get(preview.senderId) ?? nobody(preview.senderId)),
    draft: draft && !draft.editing && draft.text.trim() !== "" ? draft.text : null,
    activityAt: lastSend && lastSend.createdAt > row.activityAt ? lastSend.createdAt : row.activityAt,
    unread: row.kind === "self" ? 0 : Math.max(0, row.head.count - row.read.count),
    mentions: row.mentions,
    failed: letters.some((letter) => letter.state === "failed"),
    memberCount: row.memberCount,
    left: row.left,
    muted: set.muted ?? row.muted,
    pinned: set.pinned ?? row.pinned,
    archived: set.archived ?? row.archived,
    markedUnread: set.markedUnread ?? row.markedUnread,
    hidden: set.hidden ?? isHidden(row),
  };
}

/** What is hidden comes back with the next message. */
export function isHidden(row: ConversationRow): boolean {
  return row.hidden && row.head.count <= (row.hiddenAt ?? row.head.count);
}
