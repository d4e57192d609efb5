// @ts-check
// Scenario 16: what is lost without harm. Who is here, who writes, how far others have come; over all instances, and when one
// of them dies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heard, ask } from '../lib/events.js';
import { ok } from '../lib/http.js';
import { isTime, uuid7 } from '../lib/ids.js';
import { Person, pair } from '../lib/person.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile({
  RESTANTE_CHAT__PRESENCE__SPREAD_MS: '50',
  RESTANTE_CHAT__PRESENCE__GRACE_MS: '300',
  RESTANTE_CHAT__PRESENCE__TICK_MS: '50',
  RESTANTE_CHAT__PRESENCE__LEASE_S: '3',
  RESTANTE_CHAT__PRESENCE__REREAD_S: '1',
  RESTANTE_CHAT__TYPING__LIFE_MS: '1000',
  RESTANTE_CHAT__TYPING__AGAIN_MS: '600',
});
/** The process that serves Anna. */
const ANNAS = SHAPE === 'single' ? 'restante' : 'chat-1';

/** @param {import('socket.io-client').Socket} socket @param {string} event @param {unknown} payload */
async function good(socket, event, payload) {
  const answer = await ask(socket, event, payload);
  assert.ok(answer.ok, JSON.stringify(answer));
}

/** The last status heard of that person. @param {Heard} heard @param {Person} person */
const last = (heard, person) => heard.of('user:status').findLast((one) => one.userId === person.id);

/** @param {Heard} heard @param {Person} person @param {string} status */
async function shown(heard, person, status) {
  await until(`${status} to be shown`, () => last(heard, person)?.status === status);
}

test('people see who of those they know is here', async () => {
  const { anna, bert } = await pair(stack());
  const stranger = await Person.login(stack());
  const sees = await bert.connect();
  const heard = new Heard(sees);
  await good(sees, 'presence:watch', { userIds: [anna.id, stranger.id] });
  await shown(heard, anna, 'offline');
  assert.equal(last(heard, anna).lastSeenAt, null, 'nobody has seen her yet');

  const socket = await anna.connect();
  await stranger.connect();
  await shown(heard, anna, 'online');
  await good(socket, 'presence:update', { status: 'busy' });
  await shown(heard, anna, 'busy');

  const phone = await anna.onAnotherDevice({ at: 1 });
  const second = await phone.connect();
  await good(second, 'presence:update', { status: 'invisible' });
  await shown(heard, anna, 'offline');
  second.disconnect();
  await shown(heard, anna, 'busy');
  socket.disconnect();
  await shown(heard, anna, 'offline');
  assert.ok(isTime(last(heard, anna).lastSeenAt));
  assert.equal(last(heard, stranger), undefined, 'a stranger is seen');

  const wrong = await ask(sees, 'presence:update', { status: 'dancing' });
  assert.equal(wrong.error?.code, 'VALIDATION_ERROR');
  const crowd = await ask(sees, 'presence:watch', { userIds: Array.from({ length: 201 }, uuid7) });
  assert.equal(crowd.error?.code, 'VALIDATION_ERROR');
  for (const person of [anna, phone, bert, stranger]) person.leave();
});

test('who blocks somebody is not seen by them any more', async () => {
  const { anna, bert } = await pair(stack());
  const sees = await bert.connect();
  const heard = new Heard(sees);
  const socket = await anna.connect();
  await good(sees, 'presence:watch', { userIds: [anna.id] });
  await shown(heard, anna, 'online');
  ok(await anna.call('PUT', `/contacts/${bert.id}/block`));
  await shown(heard, anna, 'offline');
  assert.equal(last(heard, anna).lastSeenAt, null);
  await good(socket, 'presence:update', { status: 'busy' });
  await good(sees, 'presence:watch', { userIds: [anna.id] });
  assert.equal(last(heard, anna).status, 'offline');
  for (const person of [anna, bert]) person.leave();
});

test('the people of an instance that was killed are gone', { skip: SHAPE === 'single' }, async () => {
  const { anna, bert } = await pair(stack());
  const sees = await bert.connect();
  const heard = new Heard(sees);
  await anna.connect();
  await good(sees, 'presence:watch', { userIds: [anna.id] });
  await shown(heard, anna, 'online');
  await stack().kill(ANNAS);
  await shown(heard, anna, 'offline');
  await stack().start(ANNAS);
  for (const person of [anna, bert]) person.leave();
});

test('the others see that somebody writes, and that they stop', async () => {
  const { anna, bert, id } = await pair(stack());
  const [writes, sees] = await Promise.all([anna.connect(), bert.connect()]);
  const [own, heard] = [new Heard(writes), new Heard(sees)];
  await good(writes, 'typing:start', { conversationId: id });
  assert.deepEqual(await heard.first('typing:start'), { conversationId: id, userId: anna.id });
  // She says no more: it ends by itself.
  assert.deepEqual(await heard.first('typing:stop'), { conversationId: id, userId: anna.id });
  await good(writes, 'typing:start', { conversationId: id });
  await until('the second start', () => heard.of('typing:start').length === 2);
  writes.disconnect();
  await until('the second stop', () => heard.of('typing:stop').length === 2);
  assert.equal(own.of('typing:start').length, 0, 'who writes is not told');

  const stranger = await Person.login(stack());
  const refused = await ask(await stranger.connect(), 'typing:start', { conversationId: id });
  assert.equal(refused.error?.code, 'NOT_FOUND');
  for (const person of [anna, bert, stranger]) person.leave();
});

test('nothing of it is an entry', async () => {
  const { anna, bert, id } = await pair(stack());
  const socket = await anna.connect();
  await good(socket, 'typing:start', { conversationId: id });
  await good(socket, 'presence:update', { status: 'away' });
  assert.deepEqual(await bert.entries(id), []);
  for (const person of [anna, bert]) person.leave();
});

test('a message that is too long for the fan-out reaches the others all the same', async () => {
  const { anna, bert, id } = await pair(stack());
  const [socket, sees] = await Promise.all([anna.connect(), bert.connect()]);
  const heard = new Heard(sees);
  const texts = ['short', '\u{1f4ec}'.repeat(9_000), 'short again'];
  for (const text of texts) await good(socket, 'message:send', { id: uuid7(), conversationId: id, text });
  await until('all three', () => heard.of('message:new').length === 3);
  assert.deepEqual(heard.of('message:new').map((entry) => entry.data.text), texts);
  for (const person of [anna, bert]) person.leave();
});

test('one reader who reads on is told of now and then, up to the end', async () => {
  const { anna, bert, id } = await pair(stack());
  const [writes, reads] = await Promise.all([anna.connect(), bert.connect()]);
  const heard = new Heard(writes);
  const MESSAGES = 40;
  for (let n = 1; n <= MESSAGES; n += 1) ok(await anna.say(id, `number ${n}`), 201);
  const all = Array.from({ length: MESSAGES }, (_, n) =>
    good(reads, 'message:read', { conversationId: id, seq: n + 1, count: n + 1 }));
  await Promise.all(all);
  await heard.first('message:read', (receipt) => receipt.seq === MESSAGES);
  const ticks = heard.of('message:read').map((receipt) => receipt.seq);
  assert.deepEqual(ticks, [...ticks].sort((a, b) => a - b), 'a tick was taken back');
  for (const person of [anna, bert]) person.leave();
});

test('the operator sees how many are here', async () => {
  const anna = await Person.login(stack());
  await anna.connect();
  await until('a lease', async () => {
    const { origin } = new URL(stack().state.processes[ANNAS].health);
    const text = await (await fetch(`${origin}/metrics`)).text();
    return /^presence_leases [1-9]/m.test(text);
  });
  anna.leave();
});
