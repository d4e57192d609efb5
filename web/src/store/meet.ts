/** Conversations as the server tells of them: new ones, known ones, and those that begin anew. */
import type { ConversationView, FoldedMessage, Receipt } from "@/net/events";
import { refreshPreview } from "./batch";
import type { ConversationRow, Kind, MemberRow, Preview, Store } from "./db";
import { foldedRow, previewOf } from "./entry";

export type Mark = { epoch: string; whole: number };

/**
 * Of a conversation that is known its entries say everything. It is taken as told only the first time, after one was out of
 * it, when some of the log is gone (`afresh`), and when positions have lost their meaning (`reset`, or another epoch).
 */
export async function meetIn(db: Store, view: ConversationView, { reset, afresh }: { reset: boolean; afresh: boolean }): Promise<Mark> {
  await keepPeople(db, view);
  const known = await db.conversations.get(view.id);
  const lost = known !== undefined && (reset || known.epoch !== view.epoch);
  if (known && !lost && !known.left && !afresh) return known;
  const row = fromView(view, known);
  if (!known || lost) {
    row.whole = view.floor;
    row.floor = known ? Math.min(known.floor, view.floor) : view.floor;
  } else {
    row.whole = Math.max(known.whole, known.left ? view.floor : 0);
    // Positions only rise, whatever the view was read from.
    if (known.read.seq > row.read.seq) row.read = known.read;
    if (known.head.seq > row.head.seq) row.head = known.head;
  }
  if (lost) await beginAnew(db, view);
  await db.conversations.put(row);
  if (lost) await refreshPreview(db, view.id);
  return { epoch: row.epoch, whole: row.whole };
}

/** Messages stay, by their ids; what was known of their places goes. They keep their order, ahead of what is written from now on. */
async function beginAnew(db: Store, view: ConversationView): Promise<void> {
  const { id, head } = view;
  const all = db.messages.where("[conversationId+order]").between([id, -Infinity], [id, Infinity]);
  await all.modify((row) => {
    row.seq = null;
    if (row.order > head.seq) row.order = head.seq + (row.order - head.seq) / 2 ** 32;
  });
  await db.receipts.where("conversationId").equals(id).delete();
  await db.personal.delete([id, "read"]);
}

/** It is off the list; what is stored stays. */
export async function takeLeave(db: Store, id: string): Promise<void> {
  await db.conversations.update(id, { left: true });
  await db.receipts.where("conversationId").equals(id).delete();
  await db.personal.where("[conversationId+what]").anyOf([id, "read"], [id, "settings"]).delete();
}

/** How far others have come. It only rises. */
export async function receiptsIn(db: Store, who: { userId: string }, told: readonly Receipt[]): Promise<void> {
  const others = told.filter((one) => one.userId !== who.userId);
  const known = await db.receipts.bulkGet(others.map((one): [string, string] => [one.conversationId, one.userId]));
  const risen = new Map<string, Receipt>();
  others.forEach((one, at) => {
    const key = `${one.conversationId} ${one.userId}`;
    const before = risen.get(key) ?? known[at];
    const delivered = Math.max(one.delivered, before?.delivered ?? 0);
    const read = Math.max(one.read, before?.read ?? 0);
    if (before && before.delivered === delivered && before.read === read) return;
    risen.set(key, { conversationId: one.conversationId, userId: one.userId, delivered, read });
  });
  await db.receipts.bulkPut([...risen.values()]);
}

async function keepPeople(db: Store, view: ConversationView): Promise<void> {
  const told = view.members.map((member) => member.user);
  const known = await db.people.bulkGet(told.map((user) => user.id));
  const news = told.filter((user, at) => {
    const before = known[at];
    // Without the time of joining the server could not tell who they are just now.
    if (!user.createdAt && before) return false;
    return (
      !before ||
      before.name !== (user.name ?? null) ||
      before.username !== (user.username ?? null) ||
      before.avatarUrl !== (user.avatarUrl ?? null) ||
      before.bio !== (user.bio ?? null)
    );
  });
  await db.people.bulkPut(news.map((user) => personRow(user, user.createdAt ? Date.now() : 0)));
}

type Told = {
  id: string;
  name?: string | null;
  username?: string | null;
  bio?: string | null;
  avatarUrl?: string | null;
  createdAt?: string | null;
};

export function personRow({ id, name, username, bio, avatarUrl, createdAt }: Told, fetchedAt: number) {
  return {
    id,
    name: name ?? null,
    username: username ?? null,
    bio: bio ?? null,
    avatarUrl: avatarUrl ?? null,
    createdAt: createdAt ?? null,
    fetchedAt,
  };
}

function fromView(view: ConversationView, known: ConversationRow | undefined): ConversationRow {
  const preview = previewFrom(view, known);
  return {
    id: view.id,
    kind: view.kind as Kind,
    title: view.title ?? null,
    slug: view.slug ?? null,
    avatarUrl: view.avatarUrl ?? null,
    retention: view.retention,
    createdAt: view.createdAt,
    epoch: view.epoch,
    whole: view.floor,
    floor: known?.floor ?? view.floor,
    head: { ...view.head },
    read: { ...view.read },
    mentions: known && known.epoch === view.epoch ? known.mentions : view.mentions,
    muted: view.muted,
    pinned: view.pinned,
    hidden: view.hidden,
    archived: view.archived,
    markedUnread: view.markedUnread,
    hiddenAt: view.hidden ? view.head.count : null,
    memberCount: view.memberCount,
    members: view.members.map((member): MemberRow => ({ userId: member.user.id, role: member.role, joinedAt: member.joinedAt })),
    preview,
    activityAt: latest(preview?.createdAt, known?.activityAt, view.createdAt),
    left: false,
    deliveredBy: null,
    readBy: null,
  };
}

/** Of a conversation that is known its entries say what is last. */
function previewFrom(view: ConversationView, known: ConversationRow | undefined): Preview | null {
  const last = view.lastEntry as FoldedMessage | null | undefined;
  if (known || last?.type !== "message") return known?.preview ?? null;
  return previewOf(foldedRow({ ...last, editedAt: null, reactions: [], deleted: false }, false));
}

function latest(...times: (string | undefined)[]): string {
  return times.reduce<string>((a, b) => (b && b > a ? b : a), "");
}
