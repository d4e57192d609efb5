/** Short ways to write down views and entries in tests. */
import type { ConversationView, Entry } from "@/net/events";
import type { Role } from "@/store/db";

export const start = Date.parse("2026-11-27T08:00:00.000Z");
export const at = (seconds: number) => new Date(start + seconds * 1_000).toISOString();

export const me = { userId: "me", deviceId: "device" };

export function viewOf(id: string, change: Partial<ConversationView> = {}): ConversationView {
  const members = (change.members ?? ["me", "ann"].map((one) => memberOf(one))) as ConversationView["members"];
  return {
    id,
    kind: "group",
    title: `Group ${id}`,
    slug: null,
    avatarUrl: null,
    retention: "relay",
    epoch: "e1",
    head: { seq: 0, count: 0 },
    floor: 0,
    read: { seq: 0, count: 0 },
    unread: 0,
    mentions: 0,
    muted: false,
    pinned: false,
    hidden: false,
    archived: false,
    markedUnread: false,
    memberCount: members.length,
    lastEntry: null,
    createdAt: at(0),
    ...change,
    members,
  };
}

export function memberOf(id: string, role: Role = "member"): ConversationView["members"][number] {
  return { user: { id, name: id, username: null, bio: null, avatarUrl: null, createdAt: at(0) }, role, joinedAt: at(0) };
}

export function entryOf(conversationId: string, seq: number, change: Partial<Entry> = {}): Entry {
  return {
    id: `m${seq}`,
    conversationId,
    seq,
    count: seq,
    type: "message",
    senderId: "ann",
    createdAt: at(seq),
    data: { kind: "text", text: `text ${seq}`, formatting: [], attachments: [], replyTo: null, forwardedFrom: null, mentions: [] },
    ...change,
  };
}

export const textOf = (text: string, more: Record<string, unknown> = {}) => ({ kind: "text", text, ...more });
