/** A server that keeps logs as the real one promises to, strips what everybody has, and can be restored from a backup. */
import type { Answer, ClientEvent, ConversationView, Cursor, Entry, Run, SyncPage, SyncRequest } from "@/net/events";
import type { Random } from "./random";
import { at, memberOf, viewOf } from "./log";

type Log = {
  id: string;
  kind: "group" | "self";
  members: string[];
  epoch: string;
  /** As they were written; `stripped` and `forgotten` say what the server still tells of them. */
  entries: Entry[];
  stripped: number;
  forgotten: number;
  cursors: Map<string, number>;
  reads: Map<string, { seq: number; count: number }>;
};

export type Person = { userId: string; devices: string[] };
type Said = Answer<Record<string, unknown>>;
type Emit = (name: string, payload: unknown) => void;
export type Seat = { userId: string; deviceId: string; emit: Emit };

const refused = (code: string): { ok: false; error: { code: string; message: string } } => ({ ok: false, error: { code, message: code } });
const passing = { SERVICE_UNAVAILABLE: true, RATE_LIMIT_EXCEEDED: true } as const;

export class World {
  readonly logs = new Map<string, Log>();
  readonly seats = new Set<Seat>();
  /** Runs that a device was told are gone, by device and conversation. */
  readonly toldGone = new Map<string, Set<number>>();
  /** What is wrong, if anything is. */
  readonly wrong: string[] = [];
  private clock = 0;
  private restores = 0;

  constructor(
    private readonly random: Random,
    readonly people: Person[],
    /** Whether the device has what it says it has. */
    private readonly has: (deviceId: string, log: Log, cursor: Cursor) => Promise<string | null>,
    private readonly trouble: number,
  ) {
    for (const person of people) this.add(`self-${person.userId}`, "self", [person.userId]);
  }

  add(id: string, kind: Log["kind"], members: string[]): void {
    const devices = this.people.filter((one) => members.includes(one.userId)).flatMap((one) => one.devices);
    const cursors = new Map(devices.map((device) => [device, 0]));
    this.logs.set(id, { id, kind, members, epoch: `${id}-e0`, entries: [], stripped: 0, forgotten: 0, cursors, reads: new Map() });
    for (const seat of this.seats) if (members.includes(seat.userId)) seat.emit("conversation:added", this.view(id, seat.userId));
  }

  view(id: string, userId: string): ConversationView {
    const log = this.log(id);
    const last = log.entries.at(-1);
    const read = log.reads.get(userId) ?? { seq: 0, count: 0 };
    return viewOf(id, {
      kind: log.kind,
      epoch: log.epoch,
      head: { seq: last?.seq ?? 0, count: last?.count ?? 0 },
      floor: this.floor(log),
      read,
      members: log.members.map((one) => memberOf(one)),
      lastEntry: (last ? this.told(log, last) : null) as ConversationView["lastEntry"],
    });
  }

  all(userId: string): ConversationView[] {
    return [...this.logs.values()].filter((log) => log.members.includes(userId)).map((log) => this.view(log.id, userId));
  }

  /** Back to how it was some entries ago; the rest is lost. */
  restore(id: string): void {
    const log = this.log(id);
    const kept = this.random.below(log.entries.length + 1);
    log.entries = log.entries.slice(0, kept);
    log.stripped = Math.min(log.stripped, kept);
    log.forgotten = Math.min(log.forgotten, kept);
    this.restores += 1;
    log.epoch = `${id}-e${this.restores}`;
    for (const device of log.cursors.keys()) log.cursors.set(device, Math.min(log.cursors.get(device) ?? 0, this.random.below(kept + 1)));
    for (const [user, read] of log.reads) if (read.seq > kept) log.reads.set(user, { seq: kept, count: log.entries.at(-1)?.count ?? 0 });
    // What has no answer any more: whoever is connected is sent away.
    for (const seat of [...this.seats]) seat.emit("server:draining", { reconnectIn: 0 });
  }

  async hear(seat: Seat, event: ClientEvent, payload: unknown): Promise<Said> {
    const writes = ["message:send", "message:edit", "message:delete", "reaction:add", "reaction:remove"].includes(event);
    if (writes && this.random.below(100) < this.trouble) return refused(this.random.pick(Object.keys(passing)));
    if (writes) return this.write(seat, event, payload as Written);
    switch (event) {
      case "sync":
        return this.sync(seat, payload as SyncRequest);
      case "range": {
        const { conversationId, from, to } = payload as { conversationId: string; from: number; to: number };
        return { ok: true, ...this.stretch(seat, this.log(conversationId), from - 1, to, 5) };
      }
      case "message:delivered":
        return this.delivered(seat, (payload as { cursors: Cursor[] }).cursors);
      case "message:read": {
        const { conversationId, seq, count } = payload as { conversationId: string; seq: number; count: number };
        const log = this.log(conversationId);
        if (seq > log.entries.length) return refused("VALIDATION_ERROR");
        if (seq > (log.reads.get(seat.userId)?.seq ?? 0)) log.reads.set(seat.userId, { seq, count });
        return { ok: true };
      }
      default:
        return refused("VALIDATION_ERROR");
    }
  }

  log(id: string): Log {
    const log = this.logs.get(id);
    if (!log) throw new Error(`no conversation ${id}`);
    return log;
  }

  private write(seat: Seat, event: ClientEvent, body: Written): Said {
    const log = this.log(event === "message:delete" && body.for === "me" ? `self-${seat.userId}` : body.conversationId);
    const before = log.entries.find((entry) => entry.id === body.id);
    if (before) return before.senderId === seat.userId ? { ok: true, entry: this.told(log, before) } : refused("CONFLICT");
    if (body.text === "") return refused("VALIDATION_ERROR");
    const entry = this.append(log, seat.userId, body.id, ...shapeOf(event, body));
    return { ok: true, entry };
  }

  append(log: Log, senderId: string, id: string, type: string, data: Record<string, unknown>): Entry {
    const last = log.entries.at(-1);
    this.clock += 1;
    const count = (last?.count ?? 0) + (type === "message" ? 1 : 0);
    const entry = { id, conversationId: log.id, seq: (last?.seq ?? 0) + 1, count, type, senderId, createdAt: at(this.clock), data };
    log.entries.push(entry);
    if (type === "message") log.reads.set(senderId, { seq: entry.seq, count });
    const name = type === "message" ? "message:new" : "account";
    for (const seat of [...this.seats]) if (log.members.includes(seat.userId)) seat.emit(name, structuredClone(entry));
    return structuredClone(entry);
  }

  private sync(seat: Seat, { since, cursors }: SyncRequest): Answer<SyncPage> {
    const from = new Map<string, Cursor>();
    for (const log of this.mine(seat))
      from.set(log.id, { conversationId: log.id, seq: log.cursors.get(seat.deviceId) ?? 0, epoch: log.epoch });
    for (const cursor of [...((since ? JSON.parse(since) : []) as Cursor[]), ...(cursors ?? [])]) from.set(cursor.conversationId, cursor);
    const page: SyncPage = { since: "", conversations: [], removed: [], receipts: [], more: false };
    const reached: Cursor[] = [];
    for (const log of this.mine(seat)) {
      const cursor = from.get(log.id);
      const reset = cursor !== undefined && (cursor.epoch !== log.epoch || cursor.seq > log.entries.length);
      const after = reset ? this.floor(log) : (cursor?.seq ?? 0);
      const { entries, gone, more } = this.stretch(seat, log, after, log.entries.length, 4);
      if (entries.length + gone.length > 0 || reset) {
        page.conversations.push({ conversation: this.view(log.id, seat.userId), entries, gone, ...(reset ? { reset: true } : {}) });
      }
      page.more ||= more;
      reached.push({ conversationId: log.id, seq: Math.max(after, entries.at(-1)?.seq ?? 0, gone.at(-1)?.[1] ?? 0), epoch: log.epoch });
    }
    page.since = JSON.stringify(reached);
    return { ok: true, ...page };
  }

  private stretch(seat: Seat, log: Log, after: number, to: number, most: number): { entries: Entry[]; gone: Run[]; more: boolean } {
    const gone: Run[] = [];
    if (after < Math.min(log.forgotten, to)) {
      gone.push([after + 1, Math.min(log.forgotten, to)]);
      const told = this.toldGone.get(`${seat.deviceId} ${log.epoch}`) ?? new Set();
      for (let seq = after + 1; seq <= Math.min(log.forgotten, to); seq += 1) told.add(seq);
      this.toldGone.set(`${seat.deviceId} ${log.epoch}`, told);
    }
    const all = log.entries.filter((entry) => entry.seq > Math.max(after, log.forgotten) && entry.seq <= to);
    return { entries: all.slice(0, most).map((entry) => this.told(log, entry)), gone, more: all.length > most };
  }

  private async delivered(seat: Seat, cursors: Cursor[]): Promise<Said> {
    for (const cursor of cursors) {
      const log = this.logs.get(cursor.conversationId);
      if (!log || cursor.epoch !== log.epoch) return refused("CONFLICT");
      if (cursor.seq > log.entries.length) return refused("VALIDATION_ERROR");
      const lacks = await this.has(seat.deviceId, log, cursor);
      if (lacks) this.wrong.push(lacks);
      // While it was looked at, a backup may have been put in.
      if (cursor.epoch !== log.epoch) return refused("CONFLICT");
      log.cursors.set(seat.deviceId, Math.max(cursor.seq, log.cursors.get(seat.deviceId) ?? 0));
      log.stripped = Math.max(log.stripped, this.floor(log));
      // Headers go some time later.
      if (this.random.oneIn(4)) log.forgotten = Math.max(log.forgotten, this.random.below(log.stripped + 1));
    }
    return { ok: true };
  }

  private told(log: Log, entry: Entry): Entry {
    return structuredClone(entry.seq <= log.stripped ? { ...entry, data: null } : entry);
  }

  private floor(log: Log): number {
    return Math.min(...log.cursors.values());
  }

  private mine(seat: Seat): Log[] {
    return [...this.logs.values()].filter((log) => log.members.includes(seat.userId));
  }
}

type Written = { id: string; conversationId: string; messageId: string; emoji: string; text: string; formatting: unknown; for: string };

function shapeOf(event: ClientEvent, body: Written): [string, Record<string, unknown>] {
  const { messageId, emoji, text } = body;
  switch (event) {
    case "message:edit":
      return ["edit", { messageId, text, formatting: [] }];
    case "message:delete":
      return body.for === "me"
        ? ["account", { op: "hidden-message", conversationId: body.conversationId, messageId }]
        : ["delete", { messageId }];
    case "reaction:add":
    case "reaction:remove":
      return ["reaction", { messageId, emoji, op: event === "reaction:add" ? "add" : "remove" }];
    default:
      return ["message", { kind: "text", text, formatting: [], attachments: [], replyTo: null, forwardedFrom: null, mentions: [] }];
  }
}
