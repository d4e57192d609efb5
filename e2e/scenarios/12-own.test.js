// @ts-check
// Scenario 12: one person on two devices. What one does the other learns from the person's own conversation, at once or
// when it comes back.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Client } from '../lib/client.js';
import { Heard } from '../lib/events.js';
import { ok, refused } from '../lib/http.js';
import { marker, uuid7 } from '../lib/ids.js';
import { Person } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();

/** Anna on two devices and Bert, the devices on different instances where there are several; all have been here before. */
async function people() {
  const [anna, bert] = await Promise.all([Person.login(stack()), Person.login(stack(), { at: 1 })]);
  const phone = await anna.onAnotherDevice({ at: 1 });
  for (const who of [anna, phone, bert]) ok(await who.post('/sync', {}));
  return { anna, phone, bert };
}

/**
 * A client that is closed when the test ends.
 *
 * @param {import('node:test').TestContext} context
 * @param {Person} who
 */
async function open(context, who) {
  const client = new Client(who);
  context.after(() => client.close());
  return client.open();
}

/**
 * The person's own conversation.
 *
 * @param {Person} who
 * @returns {Promise<any>}
 */
async function own(who) {
  const { data } = ok(await who.get('/conversations'));
  const found = data.filter((/** @type {any} */ one) => one.kind === 'self');
  assert.equal(found.length, 1, 'everybody has one');
  return found[0];
}

/**
 * The person's own log, as this device reads it.
 *
 * @param {Person} who
 * @param {string} op
 */
async function notes(who, op) {
  const entries = await who.entries((await own(who)).id);
  return entries.filter((entry) => entry.type === 'account' && entry.data?.op === op);
}

/** @param {any} entry */
const data = (entry) => entry.data;

/**
 * A group that Bert makes with Anna.
 *
 * @param {Person} bert
 * @param {Person} anna
 */
async function group(bert, anna) {
  const body = { id: uuid7(), kind: 'group', title: 'Choir', memberIds: [anna.id] };
  return ok(await bert.post('/conversations', body), 201).conversation.id;
}

/**
 * @param {Person} by
 * @param {string} id
 * @param {Person} whom
 */
const remove = async (by, id, whom) => ok(await by.call(
  'DELETE', `/conversations/${id}/members/${whom.id}`, undefined, { headers: { 'idempotency-key': randomUUID() } },
), 204);

test('there is one for all devices, alone in it is the person, and it is never unread', async () => {
  const { anna, phone, bert } = await people();
  const [here, there] = [await own(anna), await own(phone)];
  assert.equal(here.id, there.id);
  assert.equal(here.memberCount, 1);
  assert.equal(here.members[0].user.id, anna.id);
  refused(await bert.get(`/conversations/${here.id}`), 'NOT_FOUND');
  refused(await bert.say(here.id, 'not yours'), 'NOT_FOUND');
  refused(await anna.post('/conversations', { kind: 'self' }), 'VALIDATION_ERROR', 'kind');
  ok(await anna.say(here.id, 'buy milk'), 201);
  assert.equal((await phone.unread()).total, 0);
  assert.equal((await own(phone)).unread, 0);
});

test('notes to self reach the other device, and are forgotten when both have them', async (context) => {
  const { anna, phone } = await people();
  const { id } = await own(anna);
  const [laptop, mobile] = [await open(context, anna), await open(context, phone)];
  const text = marker();
  const { seq } = await laptop.send(id, text);
  await until('the note on the phone', () => mobile.history(id).entries.get(seq)?.data?.text === text);
  mobile.close();
  const later = marker();
  const second = await laptop.send(id, later);
  assert.notDeepEqual(await placesOf(stack().state.store, later), [], 'kept for the phone');
  const again = await open(context, phone);
  await until('the note on the phone', () => again.history(id).entries.get(second.seq)?.data?.text === later);
  const gone = async () => (await placesOf(stack().state.store, later)).length === 0;
  await until('the notes to be forgotten', gone, { within: 30_000, every: 100 });
  for (const client of [laptop, again]) client.assertNoWrongs();
});

test('what one device has read the other learns', async () => {
  const { anna, phone, bert } = await people();
  const { id } = await bert.talkTo(anna);
  const hearing = new Heard(await phone.connect());
  const { entry } = ok(await bert.say(id, 'hello'), 201);
  assert.equal((await phone.unread()).total, 1);
  const { seq, count } = entry;
  assert.equal((await anna.post(`/conversations/${id}/read`, { seq, count })).status, 204);
  const told = await hearing.first('account', (one) => one.data.op === 'read');
  assert.deepEqual(told.data, { op: 'read', conversationId: id, seq, count });
  assert.equal((await phone.unread()).total, 0);
  assert.deepEqual((await notes(bert, 'read')), [], 'Bert has one device, and nobody to tell');
  phone.leave();
});

test('what one sets about a conversation the other device learns, and nobody else', async () => {
  const { anna, phone, bert } = await people();
  const { id } = await bert.talkTo(anna);
  const [onPhone, onBerts] = [new Heard(await phone.connect()), new Heard(await bert.connect())];
  const path = `/conversations/${id}/me`;
  const set = ok(await anna.call('PATCH', path, { muted: true, markedUnread: true })).conversation;
  assert.deepEqual([set.muted, set.markedUnread, set.pinned, set.hidden, set.archived], [true, true, false, false, false]);
  const told = await onPhone.first('account', (one) => one.data.op === 'settings');
  assert.deepEqual(told.data, { op: 'settings', conversationId: id, muted: true, markedUnread: true });
  ok(await phone.call('PATCH', path, { markedUnread: false, pinned: true, archived: true }));
  const seen = ok(await anna.get(`/conversations/${id}`)).conversation;
  assert.deepEqual([seen.muted, seen.markedUnread, seen.pinned, seen.archived], [true, false, true, true]);

  ok(await anna.call('PATCH', path, { hidden: true }));
  assert.equal((await phone.talkTo(bert)).hidden, true);
  ok(await bert.say(id, 'still there?'), 201);
  assert.equal((await phone.talkTo(bert)).hidden, false, 'the next message shows it again');

  const berts = ok(await bert.get(`/conversations/${id}`)).conversation;
  assert.deepEqual([berts.muted, berts.markedUnread, berts.pinned, berts.archived], [false, false, false, false]);
  assert.deepEqual(onBerts.of('account').map(data).filter((one) => one.op === 'settings'), []);
  refused(await anna.call('PATCH', path, {}), 'VALIDATION_ERROR');
  refused(await anna.call('PATCH', path, { muted: 'yes' }), 'VALIDATION_ERROR');
  refused(await anna.call('PATCH', path, { loud: true }), 'VALIDATION_ERROR');
  const stranger = await Person.login(stack());
  refused(await stranger.call('PATCH', path, { muted: true }), 'NOT_FOUND');
  phone.leave();
  bert.leave();
});

test('a device that was away learns all of it when it comes back', async (context) => {
  const { anna, phone, bert } = await people();
  const { id } = await bert.talkTo(anna);
  const old = await group(bert, anna);
  const mobile = await open(context, phone);
  const mine = (await own(phone)).id;
  await until('the phone to know the group', () => mobile.histories.has(old));
  const { since } = ok(await phone.post('/sync', {}));
  mobile.close();

  const { entry } = ok(await bert.say(id, 'hello'), 201);
  const { seq, count } = entry;
  assert.equal((await anna.post(`/conversations/${id}/read`, { seq, count })).status, 204);
  ok(await anna.call('PATCH', `/conversations/${id}/me`, { pinned: true }));
  const hide = `/conversations/${id}/messages/${entry.id}?for=me`;
  ok(await anna.call('DELETE', hide, undefined, { headers: { 'idempotency-key': uuid7() } }));
  const made = await group(bert, anna);
  await remove(bert, old, anna);
  ok(await anna.say(mine, 'buy milk'), 201);
  await until('all to be told', async () => (await notes(anna, 'conversation-removed')).length === 1
    && (await notes(anna, 'conversation-added')).length === 3 && (await notes(anna, 'read')).length === 1);

  // A client names what it holds: of what it has acknowledged `since` says nothing.
  const { epoch, upTo } = mobile.history(old);
  const cursors = [{ conversationId: old, seq: upTo, epoch }];
  const back = ok(await phone.post('/sync', { since, cursors }));
  assert.deepEqual(back.removed, [old]);
  const news = new Map(back.conversations.map((/** @type {any} */ one) => [one.conversation.id, one]));
  assert.ok(news.has(made) && !news.has(old));
  assert.equal(news.get(id).conversation.pinned, true);
  assert.equal(news.get(id).conversation.unread, 0);
  const told = news.get(mine).entries;
  const ops = told.filter((/** @type {any} */ one) => one.type === 'account').map(data);
  const about = (/** @type {string} */ op) => ops.filter((/** @type {any} */ one) => one.op === op);
  assert.deepEqual(about('read'), [{ op: 'read', conversationId: id, seq, count }]);
  assert.deepEqual(about('settings'), [{ op: 'settings', conversationId: id, pinned: true }]);
  assert.deepEqual(about('hidden-message'), [{ op: 'hidden-message', conversationId: id, messageId: entry.id }]);
  assert.deepEqual(about('conversation-added'), [{ op: 'conversation-added', conversationId: made }]);
  assert.deepEqual(about('conversation-removed'), [{ op: 'conversation-removed', conversationId: old }]);
  assert.deepEqual(told.filter((/** @type {any} */ one) => one.type === 'message').map((/** @type {any} */ one) => one.data.text), ['buy milk']);
  mobile.assertNoWrongs();
});
