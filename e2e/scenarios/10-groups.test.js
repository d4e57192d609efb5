// @ts-check
// Scenario 10: people make a group, come, write and go.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Heard, ask } from '../lib/events.js';
import { ok, refused } from '../lib/http.js';
import { marker, uuid7 } from '../lib/ids.js';
import { Person } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();

/** So many people, turn by turn on the instances. @param {number} count */
const people = async (count) =>
  Promise.all(Array.from({ length: count }, (_, at) => Person.login(stack(), { at: at % 2 })));

/**
 * @param {Person} owner
 * @param {Person[]} others
 * @param {string} [title]
 */
async function group(owner, others, title = 'Choir') {
  const body = { id: uuid7(), kind: 'group', title, memberIds: others.map((other) => other.id) };
  return ok(await owner.post('/conversations', body), 201).conversation;
}

/**
 * A call that is the same when it is repeated with the same key.
 *
 * @param {Person} who
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {string} [key]
 */
const keyed = (who, method, path, body, key = randomUUID()) =>
  who.call(method, path, body, { headers: { 'Idempotency-Key': key } });

test('a group is made once and everyone hears of it', async () => {
  const [anna, bert, cleo] = await people(3);
  const hearing = new Heard(await bert.connect());
  const body = { id: uuid7(), kind: 'group', title: 'Choir', memberIds: [bert.id, cleo.id] };
  const { conversation } = ok(await anna.post('/conversations', body), 201);
  assert.equal(conversation.id, body.id);
  assert.equal(conversation.kind, 'group');
  assert.equal(conversation.title, 'Choir');
  assert.equal(conversation.memberCount, 3);
  const roles = new Map(conversation.members.map((/** @type {any} */ member) => [member.user.id, member.role]));
  assert.deepEqual(roles, new Map([[anna.id, 'owner'], [bert.id, 'member'], [cleo.id, 'member']]));
  const added = await hearing.first('conversation:added', (one) => one.id === body.id);
  assert.equal(added.title, 'Choir');

  assert.equal(ok(await anna.post('/conversations', body), 200).conversation.id, body.id);
  refused(await anna.post('/conversations', { ...body, title: 'Band' }), 'CONFLICT');
  refused(await bert.post('/conversations', body), 'CONFLICT');
  refused(await anna.post('/conversations', { kind: 'group', title: 'x', memberIds: [] }), 'VALIDATION_ERROR', 'id');
  refused(await anna.post('/conversations', { ...body, id: uuid7(), memberIds: [randomUUID()] }), 'NOT_FOUND');

  // Who was away finds it by sync.
  const news = ok(await cleo.post('/sync', {})).conversations;
  assert.ok(news.some((/** @type {any} */ one) => one.conversation.id === body.id && one.entries.length === 1));
  for (const person of [anna, bert, cleo]) person.leave();
});

test('who is brought in hears and writes; a retry brings nobody twice', async () => {
  const [anna, bert, cleo, dora] = await people(4);
  const { id } = await group(anna, [bert]);
  const [forBert, forCleo] = [new Heard(await bert.connect()), new Heard(await cleo.connect())];
  const path = `/conversations/${id}/members`;
  const userIds = [cleo.id, dora.id, bert.id];
  refused(await anna.post(path, { userIds }), 'VALIDATION_ERROR', 'Idempotency-Key');
  const key = randomUUID();
  const { entries } = ok(await keyed(anna, 'POST', path, { userIds }, key));
  assert.equal(entries.length, 2);
  assert.deepEqual(ok(await keyed(anna, 'POST', path, { userIds }, key)).entries, entries);
  refused(await keyed(anna, 'POST', path, { userIds: [dora.id] }, key), 'CONFLICT');
  refused(await keyed(bert, 'POST', path, { userIds: [dora.id] }), 'FORBIDDEN');
  await forCleo.first('conversation:added', (one) => one.id === id);
  const joined = await forBert.first('participant:joined', (entry) => entry.data.userId === cleo.id);
  assert.deepEqual(joined.data, { op: 'joined', userId: cleo.id, role: 'member', by: anna.id });

  const text = marker();
  ok(await cleo.say(id, text), 201);
  for (const heard of [forBert, forCleo]) await heard.first('message:new', (entry) => entry.data.text === text);
  const page = ok(await bert.get(`${path}?limit=3`));
  const rest = ok(await bert.get(`${path}?limit=3&cursor=${page.nextCursor}`));
  const all = [...page.data, ...rest.data].map((member) => member.user.id);
  assert.deepEqual(all, [anna.id, bert.id, cleo.id, dora.id].sort());
  assert.equal(rest.nextCursor, null);
  for (const person of [anna, bert, cleo, dora]) person.leave();
});

test('who is sent away while writing is out on every instance, and what they wrote before stands', async () => {
  const [anna, bert, cleo] = await people(3);
  const { id } = await group(anna, [bert, cleo]);
  const socket = await bert.connect();
  const hearing = new Heard(socket);
  const forCleo = new Heard(await cleo.connect());
  let away = false;
  /** @type {number[]} */
  const stored = [];
  const writing = (async () => {
    for (;;) {
      const answer = await ask(socket, 'message:send', { id: uuid7(), conversationId: id, text: 'still here' });
      if (!answer.ok) return answer.error.code;
      assert.ok(!away, 'stored after the removal was answered');
      stored.push(answer.entry.seq);
    }
  })();
  await until('some to be written', () => stored.length >= 5);
  const key = randomUUID();
  ok(await keyed(anna, 'DELETE', `/conversations/${id}/members/${bert.id}`, undefined, key), 204);
  const before = stored.length;
  away = true;
  assert.equal(await writing, 'NOT_FOUND');
  assert.ok(stored.length <= before + 1);
  ok(await keyed(anna, 'DELETE', `/conversations/${id}/members/${bert.id}`, undefined, key), 204);

  await hearing.first('conversation:removed', (one) => one.id === id);
  const left = await forCleo.first('participant:left', (entry) => entry.data.userId === bert.id);
  assert.equal(left.data.op, 'removed');
  assert.ok(stored.every((seq) => seq < left.seq), 'nothing of theirs is behind their removal');
  const secret = marker();
  ok(await cleo.say(id, secret), 201);
  await forCleo.first('message:new', (entry) => entry.data.text === secret);
  const probe = await bert.talkTo(cleo);
  ok(await cleo.say(probe.id, 'a word'), 201);
  await hearing.first('message:new', (entry) => entry.data.text === 'a word');
  assert.ok(!JSON.stringify(hearing.all).includes(secret), 'who is out hears nothing');
  refused(await bert.get(`/conversations/${id}/entries`), 'NOT_FOUND');
  refused(await bert.get(`/conversations/${id}`), 'NOT_FOUND');
  refused(await bert.get(`/conversations/${id}/members`), 'NOT_FOUND');
  assert.ok(!JSON.stringify(ok(await bert.post('/sync', {}))).includes(secret));
  for (const person of [anna, bert, cleo]) person.leave();
});

test('roles and titles', async () => {
  const [anna, bert, cleo] = await people(3);
  const { id } = await group(anna, [bert, cleo]);
  const forCleo = new Heard(await cleo.connect());
  const role = `/conversations/${id}/members/${bert.id}`;
  refused(await keyed(bert, 'PATCH', role, { role: 'admin' }), 'FORBIDDEN');
  refused(await keyed(bert, 'PATCH', `/conversations/${id}`, { title: 'Band' }), 'FORBIDDEN');
  const { entry } = ok(await keyed(anna, 'PATCH', role, { role: 'admin' }));
  assert.deepEqual(entry.data, { op: 'role', userId: bert.id, role: 'admin', by: anna.id });
  await forCleo.first('conversation:updated', (one) => one.id === entry.id);
  assert.equal(ok(await keyed(anna, 'PATCH', role, { role: 'admin' })).entry, null, 'it is so already');
  const key = randomUUID();
  const named = ok(await keyed(bert, 'PATCH', `/conversations/${id}`, { title: ' Band ' }, key)).entry;
  assert.deepEqual([named.id, named.data], [key, { title: 'Band' }]);
  await forCleo.first('conversation:updated', (one) => one.id === key);
  assert.equal(ok(await cleo.get(`/conversations/${id}`)).conversation.title, 'Band');
  refused(await keyed(bert, 'PATCH', `/conversations/${id}`, { title: 'Duo' }, key), 'CONFLICT');
  refused(await keyed(bert, 'PATCH', `/conversations/${id}`, { avatarId: randomUUID() }), 'VALIDATION_ERROR', 'avatarId');
  refused(await keyed(bert, 'DELETE', `/conversations/${id}/members/${anna.id}`), 'FORBIDDEN');
  refused(await keyed(bert, 'DELETE', `/conversations/${id}`), 'FORBIDDEN');
  for (const person of [anna, bert, cleo]) person.leave();
});

test('the owner leaves and somebody follows; the last one takes the group along', async () => {
  const [anna, bert] = await people(2);
  const { id } = await group(anna, [bert]);
  const key = randomUUID();
  ok(await keyed(anna, 'POST', `/conversations/${id}/leave`, undefined, key), 204);
  ok(await keyed(anna, 'POST', `/conversations/${id}/leave`, undefined, key), 204);
  const { conversation } = ok(await bert.get(`/conversations/${id}`));
  assert.equal(conversation.memberCount, 1);
  assert.equal(conversation.members[0].role, 'owner');
  const secret = marker();
  ok(await bert.say(id, secret), 201);
  ok(await keyed(bert, 'POST', `/conversations/${id}/leave`), 204);
  refused(await bert.get(`/conversations/${id}`), 'NOT_FOUND');
  assert.deepEqual(await placesOf(stack().state.store, secret), []);
  const talk = await anna.talkTo(bert);
  refused(await keyed(anna, 'POST', `/conversations/${talk.id}/leave`), 'FORBIDDEN');
});

test('a group that its owner removes is gone for all, content included', async () => {
  const [anna, bert, cleo] = await people(3);
  const { id } = await group(anna, [bert, cleo]);
  const hearing = new Heard(await bert.connect());
  const secret = marker();
  ok(await cleo.say(id, secret), 201);
  const key = randomUUID();
  ok(await keyed(anna, 'DELETE', `/conversations/${id}`, undefined, key), 204);
  ok(await keyed(anna, 'DELETE', `/conversations/${id}`, undefined, key), 204);
  await hearing.first('conversation:removed', (one) => one.id === id);
  for (const person of [anna, bert, cleo]) {
    refused(await person.get(`/conversations/${id}`), 'NOT_FOUND');
    refused(await person.say(id, 'late'), 'NOT_FOUND');
    const list = ok(await person.get('/conversations')).data;
    assert.ok(list.every((/** @type {any} */ one) => one.id !== id));
  }
  assert.deepEqual(await placesOf(stack().state.store, secret), []);
  for (const person of [anna, bert, cleo]) person.leave();
});
