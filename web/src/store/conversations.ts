/** Conversations as the list and their head show them: the rows, with what is not confirmed yet laid over. */
import type { ConversationRow, DraftRow, OutboxRow, PersonalRow, Role, Store, Switches } from "./db";
import { readMeta } from "./db";
import { letterRow } from "./outbox";
import { nobody, peopleOf } from "./people";
import { previewOf } from "./entry";
import type { ConversationItem, ConversationView, PersonView } from "./views";

/** What the list reads once for all conversations. */
type Around = {
  me: string;
  drafts: Map<string, DraftRow>;
  letters: Map<string, OutboxRow[]>;
  settings: Map<string, PersonalRow>;
};

/** Every conversation, in no order. */
export async function allItems(db: Store): Promise<ConversationItem[]> {
  const [rows, around] = await Promise.all([db.conversations.toArray(), surroundings(db)]);
  return itemsFrom(db, rows, around);
}

/** What counts need to know of a conversation. */
export type Standing = Switches & Pick<ConversationItem, "left" | "unread">;

/** The same as `allItems` tells, without people and texts. */
export async function allStandings(db: Store): Promise<Standing[]> {
  const [rows, personal] = await Promise.all([db.conversations.toArray(), db.personal.toArray()]);
  const settings = settingsIn(personal);
  return rows.map((row) => standing(row, settings.get(row.id)));
}

export async function oneConversation(db: Store, id: string): Promise<ConversationView | null> {
  const [row, around] = await Promise.all([db.conversations.get(id), surroundings(db)]);
  if (!row) return null;
  const wanted = [...peopleIn(row, around.me), ...row.members.map((member) => member.userId)];
  const people = await peopleOf(db, wanted);
  const members = row.members.map(({ userId, role, joinedAt }) => ({ person: people.get(userId) ?? nobody(userId), role, joinedAt }));
  const role: Role = row.members.find((member) => member.userId === around.me)?.role ?? "member";
  return {
    ...item(row, around, people),
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

export function isListed(item: Pick<ConversationItem, "hidden" | "left">): boolean {
  return !item.hidden && !item.left;
}

export function byActivity(a: ConversationItem, b: ConversationItem): number {
  return a.activityAt < b.activityAt ? 1 : a.activityAt > b.activityAt ? -1 : a.id < b.id ? -1 : 1;
}

export async function itemsOf(db: Store, ids: readonly string[]): Promise<Map<string, ConversationItem>> {
  const rows = (await db.conversations.bulkGet([...new Set(ids)])).filter((row) => row !== undefined);
  const items = await itemsFrom(db, rows, await surroundings(db));
  return new Map(items.map((one) => [one.id, one]));
}

async function itemsFrom(db: Store, rows: readonly ConversationRow[], around: Around): Promise<ConversationItem[]> {
  const people = await peopleOf(
    db,
    rows.flatMap((row) => peopleIn(row, around.me)),
  );
  return rows.map((row) => item(row, around, people));
}

/** Whom its entry in the list names. */
function peopleIn(row: ConversationRow, me: string): string[] {
  // Oneself, because the preview may be of what is not sent yet.
  return [me, otherOf(row, me), row.preview?.senderId ?? null].filter((id) => id !== null);
}

async function surroundings(db: Store): Promise<Around> {
  const [account, drafts, letters, personal] = await Promise.all([
    readMeta(db, "account"),
    db.drafts.toArray(),
    db.outbox.toArray(),
    db.personal.toArray(),
  ]);
  const me = account?.userId ?? "";
  const grouped = new Map<string, OutboxRow[]>();
  for (const letter of letters) {
    const of = grouped.get(letter.conversationId);
    if (of) of.push(letter);
    else grouped.set(letter.conversationId, [letter]);
  }
  return {
    me,
    drafts: new Map(drafts.map((draft) => [draft.conversationId, draft])),
    letters: grouped,
    settings: settingsIn(personal),
  };
}

function settingsIn(personal: readonly PersonalRow[]): Map<string, PersonalRow> {
  return new Map(personal.filter((row) => row.what === "settings").map((row) => [row.conversationId, row]));
}

function standing(row: ConversationRow, personal: PersonalRow | undefined): Standing {
  const set = personal?.settings ?? {};
  return {
    unread: row.kind === "self" ? 0 : Math.max(0, row.head.count - row.read.count),
    left: row.left,
    muted: set.muted ?? row.muted,
    pinned: set.pinned ?? row.pinned,
    archived: set.archived ?? row.archived,
    markedUnread: set.markedUnread ?? row.markedUnread,
    hidden: set.hidden ?? isHidden(row),
  };
}

function otherOf(row: ConversationRow, me: string): string | null {
  if (row.kind !== "direct") return null;
  return row.members.find((member) => member.userId !== me)?.userId ?? null;
}

function item(row: ConversationRow, around: Around, people: ReadonlyMap<string, PersonView>): ConversationItem {
  const { me } = around;
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
    mentions: row.mentions,
    failed: letters.some((letter) => letter.state === "failed"),
    memberCount: row.memberCount,
    ...standing(row, around.settings.get(row.id)),
  };
}

/** What is hidden comes back with the next message. */
export function isHidden(row: ConversationRow): boolean {
  return row.hidden && row.head.count <= (row.hiddenAt ?? row.head.count);
}
