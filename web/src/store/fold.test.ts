import { describe, expect, it } from "vitest";
import type { Entry } from "@/net/events";
import { at, entryOf, textOf } from "@/testing/log";
import { isHidden } from "./conversations";
import type { ConversationRow } from "./db";
import { foldEntry, type Working } from "./fold";
import { reacted } from "./entry";

const conversation = (change: Partial<ConversationRow> = {}): ConversationRow => ({
  id: "c",
  kind: "group",
  title: "Group",
  slug: null,
  avatarUrl: null,
  retention: "relay",
  createdAt: at(0),
  epoch: "e",
  whole: 0,
  floor: 0,
  head: { seq: 0, count: 0 },
  read: { seq: 0, count: 0 },
  mentions: 0,
  muted: false,
  pinned: false,
  hidden: false,
  archived: false,
  markedUnread: false,
  hiddenAt: null,
  memberCount: 2,
  members: [
    { userId: "me", role: "owner", joinedAt: at(0) },
    { userId: "ann", role: "member", joinedAt: at(0) },
  ],
  preview: null,
  activityAt: at(0),
  left: false,
  deliveredBy: null,
  readBy: null,
  ...change,
});

function folded(entries: Entry[], change: Partial<Working> = {}): Working {
  const work: Working = {
    me: "me",
    conversation: conversation(),
    rows: new Map(),
    hidden: new Set(),
    dirty: new Set(),
    deleted: [],
    left: [],
    account: [],
    arrived: [],
    ...change,
  };
  for (const entry of entries) foldEntry(work, entry);
  return work;
}

const member = (seq: number, data: Record<string, unknown>, senderId = "me") =>
  entryOf("c", seq, { type: "member", count: 0, senderId, data });
const of = (seq: number, type: string, data: Record<string, unknown> | null, senderId = "ann") =>
  entryOf("c", seq, { type, count: 1, senderId, data });

describe("folding", () => {
  it("replaces words, and says when", () => {
    const work = folded([
      entryOf("c", 1),
      of(2, "edit", { messageId: "m1", text: "better", formatting: [{ style: "bold", start: 0, end: 6 }] }),
    ]);
    expect(work.rows.get("m1")).toMatchObject({ text: "better", editedAt: at(2), formatting: [{ style: "bold" }], words: ["better"] });
    expect(work.conversation.preview).toMatchObject({ text: "better" });
  });

  it("leaves an empty place, and empties what quotes it, whichever came first", () => {
    const quoting = (seq: number) =>
      entryOf("c", seq, { data: textOf("yes", { replyTo: { id: "m1", senderId: "ann", excerpt: "text 1" } }) });
    const work = folded([entryOf("c", 1), quoting(2), of(3, "delete", { messageId: "m1" }), quoting(4)]);
    expect(work.rows.get("m1")).toMatchObject({ deleted: true, text: "", words: [] });
    for (const id of ["m2", "m4"]) expect(work.rows.get(id)?.replyTo).toEqual({ id: "m1", senderId: "ann", excerpt: "" });
    expect(work.deleted).toEqual(["m1"]);
  });

  it("lets nothing bring back what was deleted", () => {
    const work = folded([
      entryOf("c", 1),
      of(2, "delete", { messageId: "m1" }),
      of(3, "edit", { messageId: "m1", text: "again" }),
      of(4, "reaction", { messageId: "m1", emoji: "👍", op: "add" }),
    ]);
    expect(work.rows.get("m1")).toMatchObject({ deleted: true, text: "", reactions: [] });
  });

  it("counts one person's emoji once, and drops one that nobody holds", () => {
    const react = (seq: number, who: string, op: string) => of(seq, "reaction", { messageId: "m1", emoji: "👍", op }, who);
    const work = folded([
      entryOf("c", 1),
      react(2, "ann", "add"),
      react(3, "me", "add"),
      react(4, "ann", "add"),
      react(5, "ann", "remove"),
    ]);
    expect(work.rows.get("m1")?.reactions).toEqual([{ emoji: "👍", userIds: ["me"] }]);
    expect(reacted([{ emoji: "👍", userIds: ["me"] }], "me", "👍", false)).toEqual([]);
  });

  it("passes over changes of what is not here", () => {
    const work = folded([
      of(1, "edit", { messageId: "x", text: "?" }),
      of(2, "delete", { messageId: "x" }),
      of(3, "reaction", { messageId: "x", emoji: "👍", op: "add" }),
    ]);
    expect(work.rows.size).toBe(0);
    expect(work.conversation.head.seq).toBe(3);
  });

  it("keeps what it does not know, and goes on", () => {
    const work = folded([of(1, "poll", { question: "?" }), entryOf("c", 2)]);
    expect(work.rows.get("m1")).toMatchObject({ type: "poll", raw: { question: "?" }, notice: null });
    expect(work.conversation.head).toEqual({ seq: 2, count: 2 });
  });

  it("shows what was forgotten before this device came as a place without words", () => {
    const work = folded([
      entryOf("c", 1, { data: null }),
      of(2, "edit", null),
      of(3, "member", null),
      of(4, "conversation", null),
      of(5, "account", null),
    ]);
    expect(work.rows.get("m1")).toMatchObject({ forgotten: true, text: "" });
    expect(work.conversation.preview).toMatchObject({ forgotten: true });
  });

  it("knows who is there, and who may do what", () => {
    const work = folded([
      member(1, { op: "joined", userId: "bob", role: "member", by: "me" }),
      member(2, { op: "role", userId: "bob", role: "admin", by: "me" }),
      member(3, { op: "removed", userId: "ann", by: "bob" }, "bob"),
    ]);
    expect(work.conversation.members.map(({ userId, role }) => [userId, role])).toEqual([
      ["me", "owner"],
      ["bob", "admin"],
    ]);
    expect(work.conversation.memberCount).toBe(2);
    expect(work.left).toEqual(["ann"]);
    expect(work.rows.get("m3")?.notice).toEqual({ what: "removed", userId: "ann", by: "bob" });
  });

  it("ends as a fresh view does, if a stretch is folded over a later state again", () => {
    const entries = [
      member(1, { op: "joined", userId: "bob", role: "member", by: "me" }),
      entryOf("c", 2, { count: 1 }),
      of(3, "conversation", { title: "First" }),
      of(4, "edit", { messageId: "m2", text: "two" }),
      member(5, { op: "left", userId: "bob", by: "bob" }, "bob"),
      of(6, "conversation", { title: "Last" }),
      of(7, "reaction", { messageId: "m2", emoji: "👍", op: "add" }),
    ];
    const once = folded(entries);
    const again = folded(entries, { conversation: structuredClone(once.conversation), rows: structuredClone(once.rows) });
    expect(again.conversation).toEqual(once.conversation);
    expect([...again.rows]).toEqual([...once.rows]);
    expect(again.arrived).toEqual([]);
  });

  it("counts of a large group only what is news", () => {
    const large = conversation({ memberCount: 80, head: { seq: 5, count: 5 } });
    const known = folded([member(4, { op: "joined", userId: "x", role: "member", by: "me" })], { conversation: structuredClone(large) });
    expect(known.conversation.memberCount).toBe(80);
    const news = folded(
      [
        member(6, { op: "joined", userId: "x", role: "member", by: "me" }),
        member(7, { op: "left", userId: "y", by: "y" }, "y"),
        member(8, { op: "left", userId: "z", by: "z" }, "z"),
      ],
      { conversation: large },
    );
    expect(news.conversation.memberCount).toBe(79);
  });

  it("is in again when the log says so, though it tells of the going first", () => {
    const log = [
      member(1, { op: "left", userId: "me", by: "me" }),
      member(2, { op: "joined", userId: "me", role: "member", by: "ann" }, "ann"),
    ];
    const { left, read, members } = folded(log).conversation;
    expect([left, read.seq, members.map((one) => one.userId)]).toEqual([false, 2, ["ann", "me"]]);
  });

  it("is out when it is told so", () => {
    expect(folded([member(1, { op: "removed", userId: "me", by: "ann" }, "ann")]).conversation.left).toBe(true);
  });

  it("counts as unread what others write, and as read what one writes oneself", () => {
    const others = folded([entryOf("c", 1), entryOf("c", 2)]);
    expect([others.conversation.head.count, others.conversation.read.count]).toEqual([2, 0]);
    const own = folded([entryOf("c", 1), entryOf("c", 2, { senderId: "me" }), entryOf("c", 3)]);
    expect(own.conversation.head.count - own.conversation.read.count).toBe(1);
    const reaction = folded([entryOf("c", 1), of(2, "reaction", { messageId: "m1", emoji: "👍", op: "add" }, "me")]);
    expect(reaction.conversation.head.count - reaction.conversation.read.count).toBe(0);
  });

  it("passes over what is withheld as over what one writes oneself, and lets it show nothing", () => {
    const withheld = (seq: number) => entryOf("c", seq, { type: "withheld", senderId: "me", data: null });
    const plain = folded([entryOf("c", 1), withheld(2)]).conversation;
    expect([plain.head.seq, plain.head.count - plain.read.count, plain.preview?.messageId]).toEqual([2, 0, "m1"]);
    const hiding = () => ({ conversation: conversation({ hidden: true, hiddenAt: 0 }) });
    expect(isHidden(folded([withheld(1), withheld(2)], hiding()).conversation)).toBe(true);
    expect(isHidden(folded([withheld(1), entryOf("c", 2)], hiding()).conversation)).toBe(false);
  });
});
