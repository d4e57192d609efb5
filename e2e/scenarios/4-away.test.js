// @ts-check
// Scenario 4: one is away while the other writes; on return everything is there, in order, each once, and then it goes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../lib/client.js';
import { ask } from '../lib/events.js';
import { ok } from '../lib/http.js';
import { marker } from '../lib/ids.js';
import { Person, pair } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();
const MANY = 500;

/** @param {number} n @param {string} mark @param {number} [from] */
const texts = (n, mark, from = 1) => Array.from({ length: n }, (_, at) => `${mark} ${from + at}`);

/** @param {Client} client @param {string} id @param {string[]} expected */
async function has(client, id, expected) {
  const complete = () => client.history(id).texts.length >= expected.length;
  await until(`${expected.length} messages`, complete, { within: 60_000 });
  assert.deepEqual(client.history(id).texts, expected);
  client.assertNoWrongs();
}

/** @param {string} mark */
async function forgotten(mark) {
  const gone = async () => (await placesOf(stack().state.store, mark)).length === 0;
  await until('all of it to be gone from the store', gone, { within: 5_000, every: 100 });
}

test('500 messages wait for one who was away', async () => {
  const { anna, bert, id } = await pair(stack());
  const mark = marker();
  const expected = texts(MANY, mark);
  const writer = await new Client(anna).open();
  await Promise.all(expected.map((text) => writer.send(id, text)));
  assert.equal((await bert.unread()).total, MANY);
  assert.notDeepEqual(await placesOf(stack().state.store, mark), []);

  const reader = await new Client(bert).open();
  await has(reader, id, expected);
  await has(writer, id, expected);
  await forgotten(mark);
  assert.equal(ok(await bert.get(`/conversations/${id}`)).conversation.floor, MANY);
  for (const client of [reader, writer]) client.close();
});

test('what is written while one catches up is neither lost nor shown twice', async () => {
  const { anna, bert, id } = await pair(stack());
  const mark = marker();
  const writer = await new Client(anna).open();
  await Promise.all(texts(300, mark).map((text) => writer.send(id, text)));
  const late = texts(200, mark, 301).map((text) => writer.send(id, text));
  const reader = await new Client(bert).open();
  await Promise.all(late);
  await has(reader, id, texts(500, mark));
  await forgotten(mark);
  for (const client of [reader, writer]) client.close();
});

test('one who comes and goes all the time misses nothing', async () => {
  const { anna, bert, id } = await pair(stack());
  const mark = marker();
  const writer = await new Client(anna).open();
  const reader = new Client(bert);
  reader.open();
  for (let round = 0; round < 10; round += 1) {
    bert.at = round;
    const sent = texts(30, mark, round * 30 + 1).map((text) => writer.send(id, text));
    await reader.caughtUp();
    // Cut without a word, as when a train goes into a tunnel.
    reader.socket.io.engine.transport.close();
    await Promise.all(sent);
  }
  await has(reader, id, texts(300, mark));
  assert.ok(reader.connections >= 10);
  for (const client of [reader, writer]) client.close();
});

test('sync pages go on exactly where they ended, and tell nothing twice', async () => {
  const anna = await Person.login(stack());
  const bert = await Person.login(stack(), { at: 1 });
  const carl = await Person.login(stack(), { at: 1 });
  const conversations = [await anna.talkTo(bert), await carl.talkTo(bert)];
  const mark = marker();
  const [a, c] = await Promise.all([new Client(anna).open(), new Client(carl).open()]);
  await Promise.all([
    ...texts(450, mark).map((text) => a.send(conversations[0].id, text)),
    ...texts(250, mark).map((text) => c.send(conversations[1].id, text)),
  ]);

  const socket = await bert.connect();
  /** @type {Map<string, string[]>} */
  const got = new Map(conversations.map(({ id }) => [id, []]));
  let page = await ask(socket, 'sync', {});
  let pages = 1;
  for (; ; pages += 1) {
    assert.ok(page.ok, JSON.stringify(page));
    assert.ok(JSON.stringify(page).length <= 131_072 + 1_024, 'an answer has its limit');
    for (const { conversation, entries, gone } of page.conversations) {
      assert.ok(entries.length <= 200);
      assert.deepEqual(gone, []);
      got.get(conversation.id)?.push(...entries.map((/** @type {any} */ entry) => entry.data.text));
    }
    if (!page.more) break;
    page = await ask(socket, 'sync', { since: page.since });
  }
  assert.ok(pages >= 3);
  assert.deepEqual(got.get(conversations[0].id), texts(450, mark));
  assert.deepEqual(got.get(conversations[1].id), texts(250, mark));

  const nothing = await ask(socket, 'sync', { since: page.since });
  assert.deepEqual(nothing.conversations, []);
  assert.equal(nothing.more, false);

  const { id, epoch } = conversations[0];
  const last = await ask(socket, 'sync', { cursors: [{ conversationId: id, seq: 448, epoch }] });
  const tail = last.conversations.find((/** @type {any} */ one) => one.conversation.id === id);
  assert.deepEqual(tail.entries.map((/** @type {any} */ entry) => entry.seq), [449, 450]);
  bert.leave();
  for (const client of [a, c]) client.close();
});

test('range answers what lies between, in pages', async () => {
  const { anna, id } = await pair(stack());
  const mark = marker();
  const writer = await new Client(anna).open();
  await Promise.all(texts(50, mark).map((text) => writer.send(id, text)));
  const socket = await anna.connect();
  const first = await ask(socket, 'range', { conversationId: id, from: 11, to: 30, limit: 15 });
  assert.deepEqual(first.entries.map((/** @type {any} */ e) => e.seq), Array.from({ length: 15 }, (_, n) => 11 + n));
  assert.equal(first.more, true);
  const rest = await ask(socket, 'range', { conversationId: id, from: 26, to: 30 });
  assert.deepEqual(rest.entries.map((/** @type {any} */ e) => e.data.text), texts(5, mark, 26));
  assert.equal(rest.more, false);
  anna.leave();
  writer.close();
});

test('a person without any device keeps their place until they come back', async () => {
  const { anna, bert, id } = await pair(stack());
  ok(await bert.post('/auth/logout'), 204);
  const mark = marker();
  const writer = await new Client(anna).open();
  await Promise.all(texts(20, mark).map((text) => writer.send(id, text)));
  await has(writer, id, texts(20, mark));
  await until('the writer to have acknowledged', () => writer.history(id).acked === 20);
  assert.notDeepEqual(await placesOf(stack().state.store, mark), [], 'nobody has called for it yet');

  const back = await Person.login(stack(), { email: bert.email, at: 1 });
  const reader = await new Client(back).open();
  await has(reader, id, texts(20, mark));
  await forgotten(mark);
  for (const client of [reader, writer]) client.close();
});
