// @ts-check
// Scenario 2: one person names themself, is found, and the other opens a direct conversation, once.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Heard } from '../lib/events.js';
import { ok, refused } from '../lib/http.js';
import { isTime, isUuid } from '../lib/ids.js';
import { Person, pair } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';

const stack = stackForThisFile();
/** A name that nobody else in this stack has. @param {string} first */
const unusual = (first) => `${first}${randomBytes(5).toString('hex')}`;
/** @param {any[]} list */
const ids = (list) => list.map((one) => one.id);

/**
 * Conversations with others: everybody has one of their own besides.
 * @param {any[]} conversations
 */
function talks(conversations) {
  return conversations.filter((conversation) => conversation.kind !== 'self');
}

test('a person names themself and is found by it', async () => {
  const [anna, bert] = await Promise.all([Person.login(stack()), Person.login(stack())]);
  const first = unusual('Ann\u00e4');
  const last = unusual('Sm\u00efth');
  const username = unusual('anna.');
  const profile = { name: `${first} ${last}`, username, bio: 'Ça va 👩‍👩‍👧 bien' };
  const me = ok(await anna.call('PATCH', '/users/me', profile));
  assert.deepEqual({ name: me.name, username: me.username, bio: me.bio }, profile);
  assert.deepEqual(ok(await anna.get('/users/me')), me);

  for (const q of [first, first.slice(0, 8), last.slice(0, 8), username, username.slice(0, 8), first.toUpperCase()]) {
    const page = ok(await bert.get(`/users?q=${encodeURIComponent(q)}`));
    assert.deepEqual(ids(page.data), [anna.id], `found by ${q}`);
    assert.equal(page.nextCursor, null);
  }
  const seen = ok(await bert.get(`/users/${anna.id}`));
  assert.equal(seen.name, profile.name);
  assert.ok(!JSON.stringify(seen).includes(anna.email), 'no address in a public profile');
});

test('what is absent stays and what is null goes', async () => {
  const anna = await Person.login(stack());
  ok(await anna.call('PATCH', '/users/me', { name: 'Anna', bio: 'hello' }));
  const named = ok(await anna.call('PATCH', '/users/me', { bio: null }));
  assert.equal(named.name, 'Anna');
  assert.equal(named.bio, null);
});

test('nobody is found by accident', async () => {
  const [anna, bert] = await Promise.all([Person.login(stack()), Person.login(stack())]);
  refused(await bert.get('/users'), 'VALIDATION_ERROR', 'q');
  refused(await bert.get('/users?q='), 'VALIDATION_ERROR', 'q');
  refused(await bert.get('/users?q=a'), 'VALIDATION_ERROR', 'q');
  assert.deepEqual(ok(await bert.get(`/users?q=${encodeURIComponent('%%')}`)).data, []);
  assert.deepEqual(ok(await bert.get(`/users?q=${encodeURIComponent(anna.email)}`)).data, [], 'not by address');
  refused(await bert.get(`/users/${randomUUID()}`), 'NOT_FOUND');
});

test('a username belongs to one person, however it is written', async () => {
  const [anna, bert] = await Promise.all([Person.login(stack()), Person.login(stack())]);
  const username = unusual('user_');
  const both = await Promise.all([anna, bert].map((p) => p.call('PATCH', '/users/me', { username })));
  both.sort((a, b) => a.status - b.status);
  ok(both[0]);
  refused(both[1], 'CONFLICT');
});

test('a direct conversation is made once, from whichever side', async () => {
  const [anna, bert] = await Promise.all([Person.login(stack(), { at: 0 }), Person.login(stack(), { at: 1 })]);
  await Promise.all([anna.rename('Anna'), bert.rename('Bert')]);
  const first = await anna.post('/conversations', { kind: 'direct', userId: bert.id });
  const { conversation } = ok(first, 201);
  assert.ok(isUuid(conversation.id));
  assert.equal(conversation.kind, 'direct');
  assert.equal(conversation.retention, 'relay');
  assert.equal(typeof conversation.epoch, 'string');
  assert.ok(isTime(conversation.createdAt));
  assert.deepEqual(conversation.head, { seq: 0, count: 0 });
  assert.deepEqual(conversation.read, { seq: 0, count: 0 });
  assert.equal(conversation.unread, 0);
  assert.equal(conversation.memberCount, 2);
  assert.equal(conversation.lastEntry, null);
  const names = conversation.members.map((/** @type {any} */ m) => m.user.name);
  assert.deepEqual(names.sort(), ['Anna', 'Bert']);

  for (const [me, you] of [[anna, bert], [bert, anna]]) {
    const again = ok(await me.post('/conversations', { kind: 'direct', userId: you.id }), 200);
    assert.equal(again.conversation.id, conversation.id);
    assert.deepEqual(ids(talks(ok(await me.get('/conversations')).data)), [conversation.id]);
    assert.equal(ok(await me.get(`/conversations/${conversation.id}`)).conversation.id, conversation.id);
  }
});

test('twenty attempts at once from both sides make one conversation', async () => {
  const [anna, bert] = await Promise.all([Person.login(stack(), { at: 0 }), Person.login(stack(), { at: 1 })]);
  const attempts = Array.from({ length: 20 }, (_, n) => {
    const [me, you] = n % 2 ? [anna, bert] : [bert, anna];
    return me.post('/conversations', { kind: 'direct', userId: you.id });
  });
  const answers = await Promise.all(attempts);
  assert.equal(new Set(answers.map((a) => a.body.conversation?.id)).size, 1);
  assert.equal(answers.filter((a) => a.status === 201).length, 1, 'one made it');
  assert.equal(answers.filter((a) => a.status === 200).length, 19, 'the others found it');
  for (const person of [anna, bert]) assert.equal(talks(ok(await person.get('/conversations')).data).length, 1);
});

test('both hear of a new conversation at once', async () => {
  const [anna, bert] = await Promise.all([Person.login(stack(), { at: 0 }), Person.login(stack(), { at: 1 })]);
  const heard = [new Heard(await anna.connect()), new Heard(await bert.connect())];
  const conversation = await anna.talkTo(bert);
  for (const one of heard) {
    const told = await one.first('conversation:added', (c) => c.id === conversation.id);
    assert.equal(told.kind, 'direct');
    assert.equal(told.epoch, conversation.epoch);
  }
  anna.leave();
  bert.leave();
});

test('the newest activity comes first, and pages go on where they ended', async () => {
  const anna = await Person.login(stack());
  const others = await Promise.all([1, 2, 3].map(() => Person.login(stack())));
  const conversations = [];
  for (const other of others) conversations.push(await anna.talkTo(other));
  ok(await anna.say(conversations[0].id, 'up'), 201);
  const expected = [conversations[0].id, conversations[2].id, conversations[1].id];

  // Beside these there is her own, which notes come into at any time.
  const found = [];
  let cursor = '';
  do {
    const page = ok(await anna.get(`/conversations?limit=2${cursor}`));
    assert.ok(page.data.length <= 2);
    found.push(...page.data);
    cursor = page.nextCursor && `&cursor=${encodeURIComponent(page.nextCursor)}`;
  } while (cursor);
  assert.deepEqual(ids(talks(found)), expected);
});

test('a conversation needs somebody to talk to', async () => {
  const anna = await Person.login(stack());
  refused(await anna.post('/conversations', { kind: 'direct', userId: randomUUID() }), 'NOT_FOUND');
  refused(await anna.post('/conversations', { kind: 'direct', userId: anna.id }), 'VALIDATION_ERROR', 'userId');
  refused(await anna.post('/conversations', { kind: 'direct' }), 'VALIDATION_ERROR');
  assert.deepEqual(talks(ok(await anna.get('/conversations')).data), []);
});

test('what two people say is nobody else\'s', async () => {
  const { bert, id } = await pair(stack());
  const carl = await Person.login(stack());
  for (const path of ['', '/entries?after=0']) refused(await carl.get(`/conversations/${id}${path}`), 'NOT_FOUND');
  assert.deepEqual(talks(ok(await carl.get('/conversations')).data), []);
  assert.equal((await bert.entries(id)).length, 0);
});
