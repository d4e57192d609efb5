// @ts-check
// A client that follows the rules of api.md and of design.md §3, with its history in memory:
// it stores before it acknowledges, drops what it has by id and seq, fetches what is missing, and resends its
// outbox in order after it has caught up. Whatever the rules forbid the server to do is noted in `wrongs`.

import assert from 'node:assert/strict';
import { uuid7 } from './ids.js';
import { until } from './wait.js';

/** Sends on the wire at once, without their acknowledgement. */
const IN_FLIGHT = 100;
const ACK_TIMEOUT_MS = 10_000;

/** Events whose payload is an entry. */
const ENTRIES = [
  'message:new', 'message:edited', 'message:deleted', 'reaction:added', 'reaction:removed',
  'participant:joined', 'participant:left', 'conversation:updated', 'account',
];

/** Refusals that say "try again", not "this is wrong". */
const PASSING = new Set(['SERVICE_UNAVAILABLE', 'RATE_LIMIT_EXCEEDED', 'INTERNAL_ERROR']);

/**
 * @typedef {import('./person.js').Person} Person
 * @typedef {{ id: string, conversationId: string, seq: number, count: number, type: string, senderId: string, data: any }} Entry
 * @typedef {{ id: string, conversationId: string, text: string, done: (entry: Entry) => void, fail: (error: any) => void }} Letter
 */

/** One conversation as this device has it. */
class History {
  constructor() {
    this.epoch = '';
    /** everything up to here is stored or known to be gone */
    this.upTo = 0;
    /** acknowledged up to here */
    this.acked = 0;
    /** @type {Map<number, Entry>} */
    this.entries = new Map();
    /** @type {Map<string, number>} */
    this.seqOf = new Map();
    /** @type {Map<number, number>} ranges the server says are gone, by their first seq */
    this.gone = new Map();
    this.fetching = false;
  }

  /** Entries that came with their content, in order. */
  get texts() {
    return [...this.entries.keys()].sort((a, b) => a - b).map((seq) => this.entries.get(seq)?.data?.text);
  }

  /** Moves the end of what is whole past what is stored by now. */
  advance() {
    for (;;) {
      const end = this.gone.get(this.upTo + 1);
      if (end !== undefined) this.upTo = end;
      else if (this.entries.has(this.upTo + 1)) this.upTo += 1;
      else return;
    }
  }

  /** Whether something above the whole part is here already. */
  get hasGap() {
    for (const seq of this.entries.keys()) if (seq > this.upTo) return true;
    return false;
  }
}

export class Client {
  /**
   * @param {Person} person
   */
  constructor(person) {
    this.person = person;
    /** @type {Map<string, History>} */
    this.histories = new Map();
    /** @type {Letter[]} in the order of writing; each stays until it is acknowledged */
    this.outbox = [];
    /** @type {Set<string>} ids of letters on the wire */
    this.onTheWire = new Set();
    /** @type {string[]} */
    this.wrongs = [];
    /** @type {string[]} what happened to the connection and to letters, for the message of a failure */
    this.diary = [];
    this.online = false;
    this.closed = false;
    /** a connection after the first gets a new number; answers to an older one are void */
    this.turn = 0;
    this.acking = false;
    this.connections = 0;
    /** @type {Set<string>} conversations whose epoch is being asked for */
    this.meeting = new Set();
    /** @type {NodeJS.Timeout | undefined} */
    this.returning = undefined;
    this.socket = person.socket({
      options: { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 300, timeout: 5_000 },
    });
    this.listen();
  }

  /** Connects for the first time; returns when this client has caught up. */
  async open() {
    this.socket.connect();
    await this.caughtUp();
    return this;
  }

  async caughtUp(within = 60_000) {
    await until('the client to be online', () => this.online, { within });
  }

  close() {
    this.closed = true;
    this.online = false;
    clearTimeout(this.returning);
    this.socket.disconnect();
  }

  /**
   * @param {string} conversationId
   * @returns {History}
   */
  history(conversationId) {
    let history = this.histories.get(conversationId);
    if (!history) this.histories.set(conversationId, (history = new History()));
    return history;
  }

  /**
   * Writes; returns the entry once it is acknowledged, however many connections that takes.
   *
   * @param {string} conversationId
   * @param {string} text
   * @returns {Promise<Entry>}
   */
  send(conversationId, text) {
    return new Promise((done, fail) => {
      this.outbox.push({ id: uuid7(), conversationId, text, done, fail });
      this.post();
    });
  }

  /** @param {string} event */
  note(event) {
    this.diary.push(`${new Date().toISOString()} ${event}`);
    if (this.diary.length > 1_000) this.diary.shift();
  }

  listen() {
    const { socket } = this;
    socket.on('ready', () => void this.catchUp());
    socket.on('disconnect', (reason) => this.lost(reason));
    socket.on('connect_error', (error) => this.lost(error.message));
    socket.on('conversation:added', (conversation) => this.checkEpoch(this.history(conversation.id), conversation));
    for (const event of ENTRIES) {
      socket.on(event, (entry) => this.store([entry]));
    }
  }

  /** @param {string} why */
  lost(why) {
    this.note(`lost: ${why}`);
    this.online = false;
    this.turn += 1;
    this.onTheWire.clear();
    for (const history of this.histories.values()) history.fetching = false;
    // The official client tries again by itself unless the server, or `restart`, closed the socket.
    if (this.closed || this.returning) return;
    this.returning = setTimeout(() => {
      this.returning = undefined;
      if (!this.closed && !this.socket.active) this.socket.connect();
    }, 100);
  }

  /** Begins again with a new connection. */
  restart() {
    this.note('starting over');
    this.socket.disconnect();
  }

  /** After `ready`: read everything above the cursors, then resend what was not acknowledged. */
  async catchUp() {
    this.connections += 1;
    const turn = ++this.turn;
    try {
      /** @type {any} */
      let page = {};
      do {
        page = await this.ask('sync', page.since ? { since: page.since } : {});
        if (turn !== this.turn) return;
        for (const { conversation, entries, gone, reset } of page.conversations) {
          if (reset) this.wrongs.push(`an unasked reset of ${conversation.id}`);
          const history = this.history(conversation.id);
          this.checkEpoch(history, conversation);
          this.take(history, entries, gone);
        }
      } while (page.more);
    } catch {
      if (turn === this.turn) this.restart();
      return;
    }
    this.note(`caught up, ${this.outbox.length} in the outbox`);
    this.online = true;
    for (const [id, history] of this.histories) this.fill(id, history);
    this.acknowledge();
    this.post();
  }

  /**
   * @param {History} history
   * @param {any} conversation
   */
  checkEpoch(history, conversation) {
    if (history.epoch && history.epoch !== conversation.epoch) {
      this.wrongs.push(`the epoch of ${conversation.id} changed from ${history.epoch} to ${conversation.epoch}`);
    }
    history.epoch = conversation.epoch;
    // What was delivered before this device came is not for it.
    if (history.entries.size === 0) history.upTo = Math.max(history.upTo, conversation.floor);
  }

  /** @param {Entry[]} entries */
  store(entries) {
    for (const entry of entries) {
      const history = this.history(entry.conversationId);
      this.take(history, [entry], []);
      this.fill(entry.conversationId, history);
    }
    this.acknowledge();
  }

  /**
   * @param {History} history
   * @param {Entry[]} entries
   * @param {[number, number][]} gone
   */
  take(history, entries, gone) {
    for (const [from, to] of gone) history.gone.set(from, to);
    for (const entry of entries) {
      const here = history.entries.get(entry.seq);
      const seq = history.seqOf.get(entry.id);
      if (here && here.id !== entry.id) this.wrongs.push(`seq ${entry.seq} is ${here.id} and ${entry.id}`);
      if (seq !== undefined && seq !== entry.seq) this.wrongs.push(`${entry.id} is at ${seq} and ${entry.seq}`);
      if (here || seq !== undefined) continue;
      if (entry.data === null && entry.type !== 'withheld' && entry.seq > history.upTo) {
        this.wrongs.push(`seq ${entry.seq} was forgotten before this device stored it`);
      }
      history.entries.set(entry.seq, entry);
      history.seqOf.set(entry.id, entry.seq);
    }
    history.advance();
  }

  /**
   * Asks for what is missing below what is here.
   *
   * @param {string} conversationId
   * @param {History} history
   */
  fill(conversationId, history) {
    if (!this.online || history.fetching || !history.hasGap) return;
    history.fetching = true;
    const turn = this.turn;
    const from = history.upTo + 1;
    let to = from;
    while (!history.entries.has(to + 1)) to += 1;
    void this.ask('range', { conversationId, from, to })
      .then(({ entries, gone }) => {
        if (turn !== this.turn) return;
        history.fetching = false;
        this.take(history, entries, gone);
        if (history.upTo < from) this.wrongs.push(`range ${from}..${to} answered nothing of it`);
        else this.fill(conversationId, history);
        this.acknowledge();
      })
      .catch(() => {
        if (turn === this.turn) this.restart();
      });
  }

  /** Tells the server what is stored; what comes meanwhile goes with the next. */
  acknowledge() {
    if (!this.online || this.acking) return;
    const news = [...this.histories].filter(([, history]) => history.epoch && history.upTo > history.acked);
    for (const [id, history] of this.histories) if (!history.epoch) void this.introduce(id);
    if (news.length === 0) return;
    this.acking = true;
    const cursors = news.map(([conversationId, { upTo, epoch }]) => ({ conversationId, seq: upTo, epoch }));
    void this.ask('message:delivered', { cursors })
      .then(() => {
        news.forEach(([, history], at) => (history.acked = Math.max(history.acked, cursors[at].seq)));
        this.acking = false;
        this.acknowledge();
      })
      .catch((error) => {
        // The next catching up, or the next entry, acknowledges again.
        this.acking = false;
        if (error.refusal && !PASSING.has(error.refusal.code)) this.wrongs.push(`delivered: ${error.message}`);
      });
  }

  /**
   * Learns the epoch of a conversation of which an entry came before anything else told of it.
   *
   * @param {string} id
   */
  async introduce(id) {
    if (this.meeting.has(id)) return;
    this.meeting.add(id);
    const answer = await this.person.get(`/conversations/${id}`).catch(() => undefined);
    this.meeting.delete(id);
    const history = this.history(id);
    if (answer?.status === 200) history.epoch ||= answer.body.conversation.epoch;
    if (history.epoch) this.acknowledge();
  }

  /** Puts letters on the wire in order. */
  post() {
    if (!this.online) return;
    for (const letter of this.outbox.slice(0, IN_FLIGHT)) {
      if (this.onTheWire.has(letter.id)) continue;
      this.onTheWire.add(letter.id);
      void this.deliver(letter, this.turn);
    }
  }

  /**
   * @param {Letter} letter
   * @param {number} turn
   */
  async deliver(letter, turn) {
    const { id, conversationId, text } = letter;
    try {
      const { entry } = await this.ask('message:send', { id, conversationId, text });
      this.settle(letter, entry);
    } catch (error) {
      const { refusal } = /** @type {any} */ (error);
      this.note(`not acknowledged: ${id} (${text}): ${error}`);
      if (refusal && !PASSING.has(refusal.code)) {
        this.outbox = this.outbox.filter((other) => other !== letter);
        letter.fail(error);
      } else if (turn === this.turn) {
        // Start over with everything that is not acknowledged, so that the order stays.
        this.restart();
      }
    }
    this.post();
  }

  /**
   * @param {Letter} letter
   * @param {Entry} entry
   */
  settle(letter, entry) {
    const at = this.outbox.indexOf(letter);
    if (at < 0) return;
    this.outbox.splice(at, 1);
    this.onTheWire.delete(letter.id);
    if (entry.id !== letter.id) this.wrongs.push(`${letter.id} was acknowledged as ${entry.id}`);
    letter.done(entry);
  }

  /**
   * @param {string} event
   * @param {unknown} payload
   */
  async ask(event, payload) {
    const answer = await this.socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, payload);
    if (!answer.ok) {
      const { code, message } = answer.error;
      throw Object.assign(new Error(`${event}: ${code}: ${message}`), { refusal: answer.error });
    }
    return answer;
  }

  /** Fails if the server has done what it must not. */
  assertNoWrongs() {
    assert.deepEqual(this.wrongs, [], 'what the server did wrong');
  }
}
