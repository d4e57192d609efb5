// @ts-check
// Scenario 11: what is done to a message after it was sent, by REST and over sockets, and what must be left of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, refused } from '../lib/http.js';
import { marker, uuid7 } from '../lib/ids.js';
import { pair } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { soon, until } from '../lib/wait.js';

const stack = stackForThisFile();

/** @param {string} key */
const keyed = (key) => ({ headers: { 'idempotency-key': key } });

/**
 * The next event of that name.
 *
 * @param {import('socket.io-client').Socket} socket
 * @param {string} event
 * @returns {Promise<any>}
 */
const next = (socket, event) => soon(event, new Promise((resolve) => socket.once(event, resolve)));

/**
 * @param {import('socket.io-client').Socket} socket
 * @param {string} event
 * @param {unknown} payload
 * @returns {Promise<any>}
 */
const emit = async (socket, event, payload) => socket.timeout(10_000).emitWithAck(event, payload);

test('edit: the other side hears of it, a retry changes nothing, a stranger may not', async () => {
  const { anna, bert, id } = await pair(stack());
  const socket = await bert.connect();
  const { entry } = ok(await anna.say(id, 'helo'), 201);
  const path = `/conversations/${id}/messages/${entry.id}`;
  const key = uuid7();
  const heard = next(socket, 'message:edited');
  const edited = ok(await anna.call('PATCH', path, { text: 'hello' }, keyed(key))).entry;
  assert.equal(edited.id, key);
  assert.equal(edited.type, 'edit');
  assert.deepEqual(edited.data, { messageId: entry.id, text: 'hello', formatting: [] });
  assert.deepEqual(await heard, edited);
  anna.at = 1;
  assert.deepEqual(ok(await anna.call('PATCH', path, { text: 'hello' }, keyed(key))).entry, edited);
  refused(await anna.call('PATCH', path, { text: 'other' }, keyed(key)), 'CONFLICT');
  refused(await bert.call('PATCH', path, { text: 'mine' }, keyed(uuid7())), 'FORBIDDEN');
  refused(await anna.call('PATCH', path, { text: 'hello' }), 'VALIDATION_ERROR', 'Idempotency-Key');
  const unknown = `/conversations/${id}/messages/${uuid7()}`;
  refused(await anna.call('PATCH', unknown, { text: 'x' }, keyed(uuid7())), 'NOT_FOUND');
  const page = ok(await bert.get(`/conversations/${id}/messages`));
  assert.equal(page.nextCursor, null);
  assert.equal(page.data.length, 1);
  assert.equal(page.data[0].data.text, 'hello');
  assert.equal(page.data[0].editedAt, edited.createdAt);
  bert.leave();
});

test('delete for everyone: nothing of it is left in the store, not even in what quotes it', async () => {
  const { anna, bert, id } = await pair(stack());
  const socket = await bert.connect();
  const secret = marker();
  const { entry } = ok(await anna.say(id, secret), 201);
  const path = `/conversations/${id}/messages/${entry.id}`;
  ok(await anna.call('PATCH', path, { text: `${secret} again` }, keyed(uuid7())));
  const replyTo = { id: entry.id, senderId: anna.id, excerpt: secret };
  ok(await bert.post(`/conversations/${id}/messages`, { id: uuid7(), text: 'yes', replyTo }), 201);
  assert.notDeepEqual(await placesOf(stack().state.store, secret), []);
  refused(await bert.call('DELETE', `${path}?for=everyone`, undefined, keyed(uuid7())), 'FORBIDDEN');

  const key = uuid7();
  const heard = next(socket, 'message:deleted');
  const deleted = ok(await anna.call('DELETE', `${path}?for=everyone`, undefined, keyed(key))).entry;
  assert.deepEqual(await heard, deleted);
  assert.deepEqual(await placesOf(stack().state.store, secret), []);
  assert.deepEqual(ok(await anna.call('DELETE', `${path}?for=everyone`, undefined, keyed(key))).entry, deleted);
  refused(await anna.call('DELETE', `${path}?for=everyone`, undefined, keyed(uuid7())), 'GONE');
  refused(await anna.call('PATCH', path, { text: secret }, keyed(uuid7())), 'GONE');
  const [first, answer] = ok(await bert.get(`/conversations/${id}/messages`)).data;
  assert.equal(first.deleted, true);
  assert.equal(first.data, null);
  assert.equal(answer.data.replyTo.excerpt, '');
  assert.equal(answer.data.text, 'yes');
  bert.leave();
});

test('react: two people, one reaction each per emoji', async () => {
  const { anna, bert, id } = await pair(stack());
  const { entry } = ok(await anna.say(id, 'good news'), 201);
  const path = (/** @type {string} */ emoji) =>
    `/conversations/${id}/messages/${entry.id}/reactions/${encodeURIComponent(emoji)}`;
  const key = uuid7();
  const added = ok(await bert.call('PUT', path('👍'), undefined, keyed(key))).entry;
  assert.deepEqual(added.data, { messageId: entry.id, emoji: '👍', op: 'add' });
  assert.deepEqual(ok(await bert.call('PUT', path('👍'), undefined, keyed(key))).entry, added);
  ok(await bert.call('PUT', path('👍'), undefined, keyed(uuid7())));
  ok(await anna.call('PUT', path('👍'), undefined, keyed(uuid7())));
  ok(await anna.call('PUT', path('🎉'), undefined, keyed(uuid7())));
  refused(await anna.call('PUT', path('yes'), undefined, keyed(uuid7())), 'VALIDATION_ERROR', 'emoji');
  const reactions = async () => ok(await anna.get(`/conversations/${id}/messages`)).data[0].reactions;
  assert.deepEqual(await reactions(), [
    { emoji: '👍', userIds: [bert.id, anna.id] },
    { emoji: '🎉', userIds: [anna.id] },
  ]);
  ok(await anna.call('DELETE', path('🎉'), undefined, keyed(uuid7())));
  ok(await bert.call('DELETE', path('👍'), undefined, keyed(uuid7())));
  assert.deepEqual(await reactions(), [{ emoji: '👍', userIds: [anna.id] }]);
});

test('over one socket, all without waiting: each finds the message before it', async () => {
  const { anna, bert, id } = await pair(stack());
  const [socket, other] = [await anna.connect(), await bert.connect()];
  const heard = /** @type {string[]} */ ([]);
  for (const event of ['message:new', 'message:edited', 'reaction:added', 'reaction:removed', 'message:deleted']) {
    other.on(event, () => heard.push(event));
  }
  const messageId = uuid7();
  const about = { conversationId: id, messageId };
  const answers = await Promise.all([
    emit(socket, 'message:send', { id: messageId, conversationId: id, text: 'one' }),
    emit(socket, 'message:edit', { id: uuid7(), ...about, text: 'two' }),
    emit(socket, 'reaction:add', { id: uuid7(), ...about, emoji: '👍' }),
    emit(socket, 'reaction:remove', { id: uuid7(), ...about, emoji: '👍' }),
    emit(socket, 'message:delete', { id: uuid7(), ...about, for: 'everyone' }),
  ]);
  assert.deepEqual(answers.map((answer) => answer.ok), Array(5).fill(true), JSON.stringify(answers));
  assert.deepEqual(answers.map((answer) => answer.entry.seq), [1, 2, 3, 4, 5]);
  await until('all five to be heard', () => heard.length === 5);
  assert.deepEqual(heard, ['message:new', 'message:edited', 'reaction:added', 'reaction:removed', 'message:deleted']);
  const late = await emit(socket, 'message:edit', { id: uuid7(), ...about, text: 'three' });
  assert.equal(late.error.code, 'GONE');
  anna.leave();
  bert.leave();
});

test('the history comes in pages, in both directions', async () => {
  const { anna, bert, id } = await pair(stack());
  const texts = Array.from({ length: 12 }, (_, n) => `number ${n + 1}`);
  for (const text of texts) ok(await anna.say(id, text), 201);
  for (const direction of ['before', 'after']) {
    /** @type {any[]} */
    let all = [];
    let query = direction === 'before' ? '' : '&after=0';
    for (;;) {
      const page = ok(await bert.get(`/conversations/${id}/messages?limit=5${query}`));
      all = direction === 'before' ? [...page.data, ...all] : [...all, ...page.data];
      if (page.nextCursor === null) break;
      query = `&${direction}=${page.nextCursor}`;
    }
    assert.deepEqual(all.map((message) => message.data.text), texts);
  }
  refused(await bert.get(`/conversations/${id}/messages?before=3&after=1`), 'VALIDATION_ERROR', 'after');
});
