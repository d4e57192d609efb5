// @ts-check
// One person on one device: logged in, with tokens, able to call and to connect.

import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { call, ok } from './http.js';
import { address, uuid7 } from './ids.js';
import { SHAPE } from './stack.js';
import { soon } from './wait.js';

/**
 * @typedef {import('./stack.js').Stack} Stack
 * @typedef {import('./http.js').Options} Options
 * @typedef {{ id?: string, name: string, platform: string }} DeviceWish
 */

/** Ways in which a client can be connected. */
export const WAYS = /** @type {const} */ ({
  websocket: ['websocket'],
  polling: ['polling'],
  upgrade: ['polling', 'websocket'],
});
const WAY = process.env.E2E_TRANSPORT;
assert.ok(!WAY || WAY in WAYS, `E2E_TRANSPORT is one of ${Object.keys(WAYS)}, not ${WAY}`);

/** Sockets so far. */
let sockets = 0;

/** The way of the next socket: each in turn, so that every scenario meets all of them. */
function way() {
  const turns = Object.values(WAYS);
  const transports = WAY ? WAYS[/** @type {keyof typeof WAYS} */ (WAY)] : turns[sockets % turns.length];
  sockets += 1;
  return [...transports];
}

const LAPTOP = { name: 'Laptop', platform: 'linux' };

export class Person {
  /**
   * @param {Stack} stack
   * @param {string} email
   * @param {any} session what `POST /auth/verify` answered
   */
  constructor(stack, email, session) {
    this.stack = stack;
    this.email = email;
    /** @type {{ id: string, name: string | null }} */
    this.user = session.user;
    /** @type {{ id: string }} */
    this.device = session.device;
    /** @type {string} */
    this.token = session.accessToken;
    /** @type {string} */
    this.refreshToken = session.refreshToken;
    /** @type {string} */
    this.deviceToken = session.deviceToken;
    /** @type {boolean} */
    this.isNew = session.isNewUser;
    /** which chat instance this device uses */
    this.at = 0;
    /** @type {import('socket.io-client').Socket[]} */
    this.sockets = [];
  }

  /**
   * Logs in with a code from the mail.
   *
   * @param {Stack} stack
   * @param {{ email?: string, device?: DeviceWish, at?: number }} [wish] `at`: the chat instance this device uses
   */
  static async login(stack, { email = address(), device = LAPTOP, at = 0 } = {}) {
    const { challenge } = ok(await call(stack.base, 'POST', '/api/v1/auth/login', { email }), 202);
    const otp = await stack.mail.code(email);
    const session = ok(await call(stack.base, 'POST', '/api/v1/auth/verify', { challenge, otp, device }));
    const person = new Person(stack, email, session);
    person.at = at;
    return person;
  }

  /**
   * The same person on one more device.
   *
   * @param {{ device?: DeviceWish, at?: number }} [wish]
   */
  async onAnotherDevice({ device = { name: 'Phone', platform: 'android' }, at = this.at } = {}) {
    return Person.login(this.stack, { email: this.email, device, at });
  }

  get id() {
    return this.user.id;
  }

  /** Where this device's calls and sockets go. */
  get base() {
    return this.stack.instance(this.at);
  }

  /**
   * @param {string} method
   * @param {string} path below /api/v1
   * @param {unknown} [body]
   * @param {Options} [options]
   */
  async call(method, path, body, options = {}) {
    return call(this.base, method, `/api/v1${path}`, body, { token: this.token, ...options });
  }

  /** @param {string} path @param {Options} [options] */
  async get(path, options) {
    return this.call('GET', path, undefined, options);
  }

  /** @param {string} path @param {unknown} [body] @param {Options} [options] */
  async post(path, body, options) {
    return this.call('POST', path, body, options);
  }

  /** Takes new tokens for old. */
  async refresh() {
    const body = { refreshToken: this.refreshToken };
    const tokens = ok(await call(this.base, 'POST', '/api/v1/auth/refresh', body));
    this.token = tokens.accessToken;
    this.refreshToken = tokens.refreshToken;
  }

  /** @param {string} name */
  async rename(name) {
    this.user = ok(await this.call('PATCH', '/users/me', { name }));
  }

  /**
   * The direct conversation with that person.
   *
   * @param {Person} other
   * @returns {Promise<any>}
   */
  async talkTo(other) {
    const answer = await this.post('/conversations', { kind: 'direct', userId: other.id });
    assert.ok(answer.status === 200 || answer.status === 201, `answered ${JSON.stringify(answer.body)}`);
    return answer.body.conversation;
  }

  /**
   * Sends by REST.
   *
   * @param {string} conversationId
   * @param {string} text
   * @param {string} [id]
   */
  async say(conversationId, text, id = uuid7()) {
    return this.post(`/conversations/${conversationId}/messages`, { id, text });
  }

  /** @returns {Promise<{ total: number, conversations: { id: string, unread: number }[] }>} */
  async unread() {
    return ok(await this.get('/unread'));
  }

  /**
   * The raw log above `after`, all pages of it.
   *
   * @param {string} conversationId
   * @param {number} [after]
   * @returns {Promise<any[]>}
   */
  async entries(conversationId, after = 0) {
    const all = [];
    for (;;) {
      const page = ok(await this.get(`/conversations/${conversationId}/entries?after=${after}&limit=200`));
      all.push(...page.data);
      if (!page.more) return all;
      assert.ok(page.data.length > 0, 'more is promised, so there must be some');
      after = page.data.at(-1).seq;
    }
  }

  /**
   * A socket of the official client that has not connected yet. The caller, or `leave`, closes it.
   *
   * @param {{ at?: number, token?: unknown, options?: object }} [wish]
   */
  socket({ at = this.at, token = this.token, options = {} } = {}) {
    const socket = io(this.stack.instance(at), {
      transports: way(),
      forceNew: true,
      autoConnect: false,
      reconnection: false,
      auth: { token, v: 1 },
      ...options,
    });
    this.sockets.push(socket);
    return socket;
  }

  /**
   * A connected socket that the server has declared ready.
   *
   * @param {{ at?: number, options?: object }} [wish]
   */
  async connect(wish = {}) {
    const socket = this.socket(wish);
    const ready = await soon('ready', connected(socket));
    assert.equal(ready.v, 1);
    assert.equal(ready.userId, this.id);
    assert.equal(ready.deviceId, this.device.id);
    return socket;
  }

  /** Closes all its sockets. */
  leave() {
    for (const socket of this.sockets.splice(0)) socket.disconnect();
  }
}

/**
 * Connects, and waits for `ready`.
 *
 * @param {import('socket.io-client').Socket} socket
 * @returns {Promise<any>}
 */
export function connected(socket) {
  return new Promise((resolve, reject) => {
    socket.once('ready', resolve);
    socket.once('connect_error', reject);
    socket.once('disconnect', (reason) => reject(new Error(`disconnected before ready: ${reason}`)));
    socket.connect();
  });
}

/**
 * The error with which the server refuses that socket.
 *
 * @param {import('socket.io-client').Socket} socket
 * @returns {Promise<Error & { data?: any }>}
 */
export async function refusal(socket) {
  const error = new Promise((resolve, reject) => {
    socket.once('connect_error', resolve);
    socket.once('ready', () => reject(new Error('was let in')));
    socket.connect();
  });
  try {
    return await soon('connect_error', error);
  } finally {
    socket.disconnect();
  }
}

/**
 * Two people who know each other, on different chat instances where there are several.
 *
 * @param {Stack} stack
 */
export async function pair(stack) {
  const [anna, bert] = await Promise.all([Person.login(stack, { at: 0 }), Person.login(stack, { at: 1 })]);
  const conversation = await anna.talkTo(bert);
  return { anna, bert, conversation, id: /** @type {string} */ (conversation.id) };
}

/** What differs where there is only one instance. */
export const INSTANCES = SHAPE === 'split' ? 2 : 1;
