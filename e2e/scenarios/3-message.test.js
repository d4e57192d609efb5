// @ts-check
// Scenario 3: the life of a message. Sent, durable, delivered, forgotten, read; and counted right at each step.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heard, ask } from '../lib/events.js';
import { ok, refused } from '../lib/http.js';
import { isTime, marker, uuid7 } from '../lib/ids.js';
import { pair } from '../lib/person.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();
/** How soon content must be out of the store once everyone has it. */
const FORGOTTEN_MS = 2_000;

/**
 * @typedef {import('../lib/person.js').Person} Person
 * @typedef {{ person: Person, socket: import('socket.io-client').Socket, heard: Heard }} Seat
 */

/** @param {Person} person @returns {Promise<Seat>} */
async function seat(person) {
  const socket = await person.connect();
  return { person, socket, heard: new Heard(socket) };
}

/** Two people, connected, to different instances where there are several. */
async function seated() {
  const { anna, bert, id, conversation } = await pair(stack());
  const [a, b] = await Promise.all([seat(anna), seat(bert)]);
  const leave = () => [anna, bert].forEach((person) => person.leave());
  return { a, b, id, epoch: conversation.epoch, leave };
}

/** @param {Seat} by @param {string} conversationId @param {number} seq @param {string} epoch */
async function delivered(by, conversationId, seq, epoch) {
  const answer = await ask(by.socket, 'message:delivered', { cursors: [{ conversationId, seq, epoch }] });
  assert.ok(answer.ok, JSON.stringify(answer));
}

/** @param {string} text */
async function forgotten(text) {
  const gone = async () => (await placesOf(stack().state.store, text)).length === 0;
  await until(`${text} to be gone from the store`, gone, { within: FORGOTTEN_MS + 1_000, every: 100 });
}

test('sent, delivered to both, forgotten, and still answered for', async () => {
  const { a, b, id, epoch, leave } = await seated();
  const text = marker();
  const message = { id: uuid7(), conversationId: id, text };

  const sent = await ask(a.socket, 'message:send', message);
  assert.ok(sent.ok, JSON.stringify(sent));
  const { entry } = sent;
  assert.equal(entry.id, message.id);
  assert.equal(entry.conversationId, id);
  assert.equal(entry.seq, 1);
  assert.equal(entry.count, 1);
  assert.equal(entry.type, 'message');
  assert.equal(entry.senderId, a.person.id);
  assert.ok(isTime(entry.createdAt));
  assert.equal(entry.data.kind, 'text');
  assert.equal(entry.data.text, text);
  assert.notDeepEqual(await placesOf(stack().state.store, text), [], 'acknowledged, so it is in the store');

  for (const one of [a, b]) assert.deepEqual(await one.heard.first('message:new'), entry);

  // The same once more, while it is there: the first result.
  assert.deepEqual(await ask(a.socket, 'message:send', message), sent);
  assert.deepEqual(ok(await a.person.say(id, text, message.id), 200), { entry });

  await delivered(b, id, 1, epoch);
  assert.equal((await a.heard.first('message:delivered', (e) => e.userId === b.person.id)).seq, 1);
  assert.notDeepEqual(await placesOf(stack().state.store, text), [], 'the sending device has not stored it yet');
  await delivered(a, id, 1, epoch);
  await forgotten(text);

  // And after it is forgotten: the header answers, on any instance, after a refresh too.
  await b.person.refresh();
  await a.person.refresh();
  const forgottenEntry = { ...entry, data: null };
  const again = await ask(a.socket, 'message:send', message);
  assert.deepEqual(again, { ok: true, entry: forgottenEntry });
  a.person.at = 1;
  assert.deepEqual(ok(await a.person.say(id, text, message.id), 200), { entry: forgottenEntry });
  assert.deepEqual(await b.person.entries(id), [forgottenEntry]);
  assert.equal(b.heard.of('message:new').length, 1, 'repeats are not announced');

  const conversation = ok(await a.person.get(`/conversations/${id}`)).conversation;
  assert.deepEqual(conversation.head, { seq: 1, count: 1 });
  assert.equal(conversation.floor, 1);
  assert.equal(conversation.lastEntry.data, null);
  leave();
});

test('an id is taken once: another body or another person is a conflict, before and after', async () => {
  const { a, b, id, epoch, leave } = await seated();
  const text = marker();
  const message = { id: uuid7(), conversationId: id, text };
  assert.ok((await ask(a.socket, 'message:send', message)).ok);

  const conflicts = async () => {
    const otherBody = await ask(a.socket, 'message:send', { ...message, text: 'something else' });
    assert.equal(otherBody.error?.code, 'CONFLICT', JSON.stringify(otherBody));
    const otherPerson = await ask(b.socket, 'message:send', message);
    assert.equal(otherPerson.error?.code, 'CONFLICT', JSON.stringify(otherPerson));
    refused(await a.person.say(id, 'something else', message.id), 'CONFLICT');
    refused(await b.person.say(id, text, message.id), 'CONFLICT');
  };
  await conflicts();
  await Promise.all([delivered(a, id, 1, epoch), delivered(b, id, 1, epoch)]);
  await forgotten(text);
  await conflicts();
  assert.equal((await a.person.entries(id)).length, 1);
  leave();
});

test('unread is right at each step, and reading reaches the sender', async () => {
  const { a, b, id, epoch, leave } = await seated();
  /** @param {Seat} who @param {number} n */
  const unread = async (who, n) => {
    const { total, conversations } = await who.person.unread();
    assert.equal(total, n);
    assert.deepEqual(conversations.filter((c) => c.unread > 0), n ? [{ id, unread: n }] : []);
    assert.equal(ok(await who.person.get(`/conversations/${id}`)).conversation.unread, n);
  };
  await unread(a, 0);
  await unread(b, 0);

  for (const [n, text] of ['one', 'two', 'three'].entries()) {
    assert.ok((await ask(a.socket, 'message:send', { id: uuid7(), conversationId: id, text })).ok);
    await unread(b, n + 1);
    await unread(a, 0);
  }
  await delivered(b, id, 3, epoch);
  await unread(b, 3);

  assert.ok((await ask(b.socket, 'message:read', { conversationId: id, seq: 2, count: 2 })).ok);
  assert.equal((await a.heard.first('message:read', (e) => e.userId === b.person.id && e.seq === 2)).conversationId, id);
  await unread(b, 1);

  // Cursors only rise.
  assert.ok((await ask(b.socket, 'message:read', { conversationId: id, seq: 1, count: 1 })).ok);
  await unread(b, 1);

  // Answering reads everything before the answer.
  assert.ok((await ask(b.socket, 'message:send', { id: uuid7(), conversationId: id, text: 'four' })).ok);
  await unread(b, 0);
  await unread(a, 1);
  assert.ok((await ask(a.socket, 'message:read', { conversationId: id, seq: 4, count: 4 })).ok);
  await b.heard.first('message:read', (e) => e.userId === a.person.id && e.seq === 4);
  await unread(a, 0);
  leave();
});

test('nobody claims to have what does not exist yet, or what was of another epoch', async () => {
  const { a, b, id, epoch, leave } = await seated();
  assert.ok((await ask(a.socket, 'message:send', { id: uuid7(), conversationId: id, text: 'one' })).ok);

  const early = await ask(b.socket, 'message:delivered', { cursors: [{ conversationId: id, seq: 2, epoch }] });
  assert.equal(early.error?.code, 'VALIDATION_ERROR', JSON.stringify(early));
  const foreign = { cursors: [{ conversationId: id, seq: 1, epoch: `${epoch}x` }] };
  const other = await ask(b.socket, 'message:delivered', foreign);
  assert.equal(other.error?.code, 'CONFLICT', JSON.stringify(other));
  const read = await ask(b.socket, 'message:read', { conversationId: id, seq: 2, count: 2 });
  assert.equal(read.error?.code, 'VALIDATION_ERROR', JSON.stringify(read));

  assert.equal((await b.person.unread()).total, 1, 'nothing of it was applied');
  await delivered(a, id, 1, epoch);
  const conversation = ok(await b.person.get(`/conversations/${id}`)).conversation;
  assert.equal(conversation.floor, 0, 'nothing of it was applied');
  leave();
});

test('every device of a person counts', async () => {
  const { a, b, id, epoch, leave } = await seated();
  const phone = await seat(await b.person.onAnotherDevice({ at: 0 }));
  const text = marker();
  assert.ok((await ask(a.socket, 'message:send', { id: uuid7(), conversationId: id, text })).ok);
  assert.equal((await phone.heard.first('message:new')).data.text, text);

  await delivered(a, id, 1, epoch);
  await delivered(b, id, 1, epoch);
  assert.equal(ok(await b.person.get(`/conversations/${id}`)).conversation.floor, 0);
  assert.notDeepEqual(await placesOf(stack().state.store, text), [], 'the phone has not stored it yet');
  await delivered(phone, id, 1, epoch);
  await forgotten(text);
  phone.person.leave();
  leave();
});

test('a device that logs out no longer holds what others wrote', async () => {
  const { a, b, id, epoch, leave } = await seated();
  const phone = await seat(await b.person.onAnotherDevice({ at: 0 }));
  const text = marker();
  assert.ok((await ask(a.socket, 'message:send', { id: uuid7(), conversationId: id, text })).ok);
  await delivered(a, id, 1, epoch);
  await delivered(b, id, 1, epoch);
  assert.notDeepEqual(await placesOf(stack().state.store, text), []);
  ok(await phone.person.post('/auth/logout'), 204);
  await forgotten(text);
  leave();
});

test('a message goes to every socket of both, the sender\'s others included, and to nobody else', async () => {
  const { a, b, id, leave } = await seated();
  const tabs = await Promise.all([a.person.connect({ at: 1 }), b.person.connect({ at: 0 })]);
  const heard = tabs.map((socket) => new Heard(socket));
  const { a: c, leave: othersLeave } = await seated();
  const { entry } = await ask(a.socket, 'message:send', { id: uuid7(), conversationId: id, text: 'for you' });
  for (const one of [a.heard, b.heard, ...heard]) assert.deepEqual(await one.first('message:new'), entry);
  // Whatever might have come to a third person was before the answer to a later question.
  assert.ok((await ask(c.socket, 'sync', {})).ok);
  assert.deepEqual(c.heard.of('message:new'), []);
  leave();
  othersLeave();
});

test('messages of both sides interleave into one gapless log that everyone sees alike', async () => {
  const { a, b, id, leave } = await seated();
  const each = 100;
  const sends = [];
  for (let n = 1; n <= each; n += 1) {
    for (const { socket, person } of [a, b]) {
      sends.push(ask(socket, 'message:send', { id: uuid7(), conversationId: id, text: `${person.id} ${n}` }));
    }
  }
  const answers = await Promise.all(sends);
  assert.ok(answers.every((answer) => answer.ok), JSON.stringify(answers.find((answer) => !answer.ok)));
  const seqs = answers.map((answer) => answer.entry.seq).sort((x, y) => x - y);
  assert.deepEqual(seqs, Array.from({ length: 2 * each }, (_, n) => n + 1), 'no hole, no number twice');

  const log = await a.person.entries(id);
  assert.deepEqual(log.map((entry) => entry.seq), seqs);
  assert.ok(log.every((entry) => entry.count === entry.seq));
  for (const { person } of [a, b]) {
    const mine = log.filter((entry) => entry.senderId === person.id).map((entry) => entry.data.text);
    assert.deepEqual(mine, Array.from({ length: each }, (_, n) => `${person.id} ${n + 1}`), 'in the order of sending');
  }
  for (const { heard } of [a, b]) {
    await heard.first('message:new', (entry) => entry.seq === 2 * each);
    assert.deepEqual(heard.of('message:new').map((entry) => entry.seq), seqs, 'live in order, each once');
  }
  leave();
});

test('what is written in a text arrives as it was written', async () => {
  const { a, b, id, leave } = await seated();
  const texts = ['👩‍👩‍👧‍👦 ZWJ', 'line\nbreak\ttab', '"quotes" \\ </script> {"$ne":""}', '👍'.repeat(10_000), '\u202Eright to left', 'e\u0301'];
  for (const [n, text] of texts.entries()) {
    const sent = await ask(a.socket, 'message:send', { id: uuid7(), conversationId: id, text });
    assert.ok(sent.ok, JSON.stringify(sent.error));
    assert.equal((await b.heard.first('message:new', (entry) => entry.seq === n + 1)).data.text, text);
  }
  const styled = { text: 'bold and 👍', formatting: [{ style: 'bold', start: 0, end: 4 }] };
  const sent = await ask(a.socket, 'message:send', { id: uuid7(), conversationId: id, ...styled });
  assert.ok(sent.ok, JSON.stringify(sent.error));
  assert.deepEqual(sent.entry.data.formatting, styled.formatting);
  leave();
});

test('the two of a pair meet different instances where there are several', async () => {
  const { anna, bert } = await pair(stack());
  assert.equal(anna.base === bert.base, SHAPE === 'single');
});
