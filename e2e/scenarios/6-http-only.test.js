// @ts-check
// Scenario 6: the same story without a socket.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, refused } from '../lib/http.js';
import { marker, uuid7 } from '../lib/ids.js';
import { Person, pair } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();

test('send, read the log, deliver, read, and it is forgotten', async () => {
  const { anna, bert, conversation, id } = await pair(stack());
  const { epoch } = conversation;
  const texts = Array.from({ length: 5 }, () => marker());
  const entries = [];
  for (const text of texts) entries.push(ok(await anna.say(id, text), 201).entry);
  assert.deepEqual(entries.map((entry) => entry.seq), [1, 2, 3, 4, 5]);
  assert.deepEqual(ok(await anna.say(id, texts[2], entries[2].id), 200), { entry: entries[2] });
  assert.deepEqual(await bert.unread(), { total: 5, conversations: [{ id, unread: 5 }] });

  const page = ok(await bert.get(`/conversations/${id}/entries?after=0&limit=3`));
  assert.deepEqual(page, { data: entries.slice(0, 3), gone: [], more: true });
  const rest = ok(await bert.get(`/conversations/${id}/entries?after=3&limit=3`));
  assert.deepEqual(rest, { data: entries.slice(3), gone: [], more: false });

  ok(await bert.post(`/conversations/${id}/delivered`, { seq: 5, epoch }), 204);
  ok(await anna.post(`/conversations/${id}/delivered`, { seq: 5, epoch }), 204);
  const gone = async () => (await Promise.all(texts.map((t) => placesOf(stack().state.store, t)))).flat().length === 0;
  await until('all of it to be forgotten', gone, { within: 3_000, every: 100 });
  assert.equal((await bert.unread()).total, 5, 'delivered is not read');

  ok(await bert.post(`/conversations/${id}/read`, { seq: 3, count: 3 }), 204);
  assert.equal((await bert.unread()).total, 2);
  ok(await bert.post(`/conversations/${id}/read`, { seq: 5, count: 5 }), 204);
  assert.equal((await bert.unread()).total, 0);

  const forgotten = entries.map((entry) => ({ ...entry, data: null }));
  assert.deepEqual(await bert.entries(id), forgotten);
  assert.deepEqual(ok(await anna.say(id, texts[2], entries[2].id), 200), { entry: forgotten[2] });
  refused(await anna.say(id, 'another body', entries[2].id), 'CONFLICT');
  refused(await bert.say(id, texts[2], entries[2].id), 'CONFLICT');
});

test('polling with sync brings what is new and nothing else', async () => {
  const { anna, bert, id, conversation } = await pair(stack());
  const text = marker();
  const { entry } = ok(await anna.say(id, text), 201);
  const first = ok(await bert.post('/sync', {}));
  // Her own conversation has news of its own.
  const of = (/** @type {any} */ answer) =>
    answer.conversations.find((/** @type {any} */ one) => one.conversation.id === id);
  const news = of(first);
  assert.deepEqual(news.entries, [entry]);
  assert.deepEqual(news.conversation.head, { seq: 1, count: 1 });
  assert.equal(first.more, false);

  const second = ok(await bert.post('/sync', { since: first.since }));
  assert.equal(of(second), undefined);
  const answer = ok(await bert.say(id, 'an answer'), 201).entry;
  ok(await bert.post(`/conversations/${id}/delivered`, { seq: 1, epoch: conversation.epoch }), 204);
  const third = ok(await bert.post('/sync', { since: second.since }));
  assert.deepEqual(of(third).entries, [answer]);

  const byCursor = ok(await bert.post('/sync', {}));
  assert.deepEqual(of(byCursor).entries, [answer], 'from where this device said it is');
});

test('500 messages are fetched in pages, in order', async () => {
  const { anna, bert, id } = await pair(stack());
  const texts = Array.from({ length: 500 }, (_, n) => `number ${n + 1}`);
  for (let from = 0; from < 500; from += 20) {
    // One after the other in each lot of ids, so that the order is the sender's.
    for (const text of texts.slice(from, from + 20)) ok(await anna.say(id, text), 201);
  }
  assert.deepEqual((await bert.entries(id)).map((entry) => entry.data.text), texts);
});

test('a hundred at once each get their own number', async () => {
  const { anna, bert, id } = await pair(stack());
  const sends = Array.from({ length: 100 }, (_, n) => (n % 2 ? anna : bert).say(id, `${n}`));
  const seqs = (await Promise.all(sends)).map((answer) => ok(answer, 201).entry.seq);
  assert.deepEqual(seqs.sort((a, b) => a - b), Array.from({ length: 100 }, (_, n) => n + 1));
});

test('the same message ten times at once is one message', async () => {
  const { anna, id } = await pair(stack());
  const mid = uuid7();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => {
      const elsewhere = new Person(stack(), anna.email, { user: anna.user, device: anna.device, accessToken: anna.token });
      elsewhere.at = n;
      return elsewhere.say(id, 'once', mid);
    }),
  );
  assert.deepEqual(answers.map((a) => a.status).sort(), [...Array(9).fill(200), 201]);
  assert.equal(new Set(answers.map((a) => JSON.stringify(a.body))).size, 1);
  assert.equal((await anna.entries(id)).length, 1);
});
