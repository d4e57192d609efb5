// @ts-check
// Scenario 5: any process is killed in the middle of traffic and started again. What was acknowledged is there, once,
// and in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../lib/client.js';
import { call, ok } from '../lib/http.js';
import { address, marker } from '../lib/ids.js';
import { Person, pair } from '../lib/person.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();
/** Messages one writer has under way at once. */
const AT_ONCE = 8;
const CHAT = SHAPE === 'single' ? ['restante'] : ['chat-1', 'chat-2'];
const OTHERS = SHAPE === 'single' ? [] : ['user', 'mail'];

/** Writes numbered messages without a pause until told to stop. */
class Writer {
  /** @param {Client} client @param {string} conversationId */
  constructor(client, conversationId) {
    this.client = client;
    this.conversationId = conversationId;
    this.name = marker();
    this.written = 0;
    this.stopped = false;
    /** @type {import('../lib/client.js').Entry[]} */
    this.acknowledged = [];
    this.lines = Array.from({ length: AT_ONCE }, () => this.line());
  }

  async line() {
    while (!this.stopped) {
      this.written += 1;
      this.acknowledged.push(await this.client.send(this.conversationId, `${this.name} ${this.written}`));
    }
  }

  /** Waits until so many more were acknowledged. @param {number} n */
  async goesOn(n) {
    const goal = this.acknowledged.length + n;
    await until(`${n} more acknowledgements`, () => this.acknowledged.length >= goal, { within: 60_000 });
  }

  /** Stops writing; returns when all that was written is acknowledged. */
  async stop() {
    this.stopped = true;
    await Promise.all(this.lines);
  }
}

/**
 * Two pairs that write to each other in all directions, over all instances.
 *
 * @param {import('node:test').TestContext} context
 */
async function traffic(context) {
  const pairs = await Promise.all([pair(stack()), pair(stack())]);
  /** @type {{ client: Client, id: string }[]} */
  const clients = [];
  /** @type {Writer[]} */
  const writers = [];
  for (const { anna, bert, id } of pairs) {
    const both = await Promise.all([new Client(anna).open(), new Client(bert).open()]);
    clients.push(...both.map((client) => ({ client, id })));
    writers.push(...both.map((client) => new Writer(client, id)));
  }
  context.after(() => {
    for (const writer of writers) writer.stopped = true;
    for (const { client } of clients) client.close();
  });
  return { clients, writers };
}

/** @param {Awaited<ReturnType<typeof traffic>>} all */
async function settle({ clients, writers }) {
  await Promise.all(writers.map((writer) => writer.stop()));
  for (const { client, id } of clients) {
    const here = writers.filter((writer) => writer.conversationId === id);
    const total = here.reduce((sum, writer) => sum + writer.written, 0);
    const history = client.history(id);
    await until(`${total} messages`, () => history.upTo >= total, { within: 60_000 });

    client.assertNoWrongs();
    assert.equal(history.entries.size, total, 'nothing twice, nothing that nobody wrote');
    for (const writer of here) {
      const got = history.texts.filter((text) => text.startsWith(writer.name));
      const expected = Array.from({ length: writer.written }, (_, n) => `${writer.name} ${n + 1}`);
      const diary = () => writer.client.diary.join('\n');
      if (got.join() !== expected.join()) console.error(`what ${writer.name} went through:\n${diary()}`);
      assert.deepEqual(got, expected, 'each once, in the order of writing');
      for (const entry of writer.acknowledged) {
        assert.equal(history.entries.get(entry.seq)?.id, entry.id, 'where it was acknowledged to be');
      }
    }
  }
  for (const { name } of writers) {
    const gone = async () => (await placesOf(stack().state.store, name)).length === 0;
    await until('everything delivered to be forgotten', gone, { within: 30_000, every: 200 });
  }
}

for (const role of CHAT) {
  test(`${role} is killed three times while people write`, async (context) => {
    const all = await traffic(context);
    const name = stack().process(role);
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(all.writers.map((writer) => writer.goesOn(50)));
      await stack().kill(name);
      await stack().start(name);
    }
    await Promise.all(all.writers.map((writer) => writer.goesOn(50)));
    await settle(all);
    stack().assertAlive();
  });
}

for (const role of OTHERS) {
  test(`${role} is killed while people write, and they do not notice`, async (context) => {
    const all = await traffic(context);
    const name = stack().process(role);
    await Promise.all(all.writers.map((writer) => writer.goesOn(20)));
    await stack().kill(name);
    const before = all.clients.map(({ client }) => client.connections);
    await Promise.all(all.writers.map((writer) => writer.goesOn(50)));
    await stack().start(name);
    await Promise.all(all.writers.map((writer) => writer.goesOn(20)));
    const after = all.clients.map(({ client }) => client.connections);
    if (after.join() !== before.join()) console.error(all.clients.map(({ client }) => client.diary.join('\n')).join('\n\n'));
    assert.deepEqual(after, before, 'nobody had to reconnect');
    await settle(all);
  });
}

test('a code that was asked for arrives although the mail service was dead', async () => {
  const email = address();
  const mail = stack().process('mail');
  if (SHAPE === 'split') await stack().kill(mail);
  const { challenge } = ok(await call(stack().base, 'POST', '/api/v1/auth/login', { email }), 202);
  if (SHAPE === 'single') await stack().kill(mail);
  await stack().start(mail);
  const otp = await stack().mail.code(email);
  const device = { name: 'Laptop', platform: 'linux' };
  const session = ok(await call(stack().base, 'POST', '/api/v1/auth/verify', { challenge, otp, device }));
  assert.ok(session.isNewUser);
});

test('a log-in that is under way, and one that is done, outlive the user service', async () => {
  const email = address();
  const old = await Person.login(stack());
  const { challenge } = ok(await call(stack().base, 'POST', '/api/v1/auth/login', { email }), 202);
  const user = stack().process('user');
  await stack().kill(user);
  await stack().start(user);
  const otp = await stack().mail.code(email);
  const device = { name: 'Laptop', platform: 'linux' };
  ok(await call(stack().base, 'POST', '/api/v1/auth/verify', { challenge, otp, device }));
  await old.refresh();
  ok(await old.get('/users/me'));
});

test('every process in turn is killed, and a message sent before it is delivered after it', async () => {
  for (const name of stack().services) {
    const { anna, bert, id } = await pair(stack());
    const text = marker();
    const sent = ok(await anna.say(id, text), 201).entry;
    await stack().kill(name);
    await stack().start(name);
    const reader = await new Client(bert).open();
    await until(`the message, after ${name} was killed`, () => reader.history(id).entries.has(1));
    assert.deepEqual(reader.history(id).entries.get(1), sent);
    assert.deepEqual(ok(await anna.say(id, text, sent.id), 200).entry.seq, 1);
    reader.close();
  }
});
