// @ts-check
// Scenario 14: a process is killed between the acknowledgement that frees content and its removal. Whoever killed it, and
// when: a minute later everything delivered is gone, and everything undelivered is there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { test } from 'node:test';
import { Client } from '../lib/client.js';
import { Words, everywhere } from '../lib/everywhere.js';
import { Person } from '../lib/person.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { placesOf, unfinished, vacuum } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();
const CHAT = SHAPE === 'single' ? ['restante'] : ['chat-1', 'chat-2'];
/** Within this everything delivered is gone after a crash: `chat.delivery.sweep_ms` is ten seconds. */
const GONE_MS = 60_000;
/** Messages of one writer under way at once. */
const AT_ONCE = 8;
const PAIRS = 4;

/**
 * People who write to each other without a pause; every message is freed as soon as both have acknowledged it. Beside them one
 * writes to somebody who stays away.
 *
 * @param {import('node:test').TestContext} context
 */
async function traffic(context) {
  const words = new Words();
  const [delivered, undelivered] = [words.for('delivered'), words.for('undelivered')];
  let stopped = false;
  /** @type {Client[]} */
  const clients = [];
  context.after(() => {
    stopped = true;
    for (const client of clients) client.close();
  });
  const writers = [];
  let acknowledged = 0;
  for (let n = 0; n < PAIRS; n += 1) {
    const [one, two] = await Promise.all([Person.login(stack(), { at: n }), Person.login(stack(), { at: n + 1 })]);
    const { id } = await one.talkTo(two);
    const both = await Promise.all([new Client(one).open(), new Client(two).open()]);
    clients.push(...both);
    for (const client of both) {
      for (let line = 0; line < AT_ONCE; line += 1) {
        writers.push((async () => {
          while (!stopped) {
            await client.send(id, `${delivered} ${'.'.repeat(100)}`);
            acknowledged += 1;
          }
        })());
      }
    }
  }
  const [anna, away] = await Promise.all([Person.login(stack()), Person.login(stack(), { at: 1 })]);
  const { id } = await anna.talkTo(away);
  await away.connect();
  away.leave();
  const writer = await new Client(anna).open();
  clients.push(writer);
  const kept = Array.from({ length: 50 }, (_, n) => writer.send(id, `${undelivered} ${n}`));
  const goesOn = async (/** @type {number} */ n) => {
    const goal = acknowledged + n;
    await until(`${n} more messages`, () => acknowledged >= goal, { within: 60_000 });
  };
  const stop = async () => {
    stopped = true;
    await Promise.all([...writers, ...kept]);
  };
  return { words, delivered, undelivered, clients, away, id, goesOn, stop, count: () => acknowledged };
}

/**
 * Nothing delivered is in any byte of any file, but for the few rows that SQLite has moved: `VACUUM` takes those.
 *
 * @param {Awaited<ReturnType<typeof traffic>>} all
 */
async function leavesNoTrace(all) {
  const { path } = /** @type {{ path: string }} */ (stack().state.store);
  const found = async () => (await everywhere(stack(), all.words)).found.delivered ?? [];
  const database = `file ${relative(stack().dir, path)}`;
  const nowhereElse = async () => (await found()).every((place) => place === database);
  await until('no other file to hold it', nowhereElse, { within: GONE_MS, every: 500 });
  const left = (await readFile(path, 'latin1')).split(all.delivered).length - 1;
  assert.ok(left <= all.count() / 100, `${left} of ${all.count()} texts are left in the file`);
  await vacuum({ path });
  await until('no file to hold it', async () => (await found()).length === 0, { within: GONE_MS, every: 500 });
}

for (const role of CHAT) {
  test(`${role} is killed six times while content is delivered and forgotten`, async (context) => {
    const all = await traffic(context);
    const name = stack().process(role);
    let left = 0;
    for (let round = 0; round < 6; round += 1) {
      // At a random moment of the short time between an acknowledgement and its consequences.
      await all.goesOn(20 + Math.floor(Math.random() * 60));
      await stack().kill(name);
      left += await unfinished(stack().state.store);
      await stack().start(name);
    }
    const restarted = Date.now();
    await all.stop();
    for (const client of all.clients) {
      const done = () => [...client.histories.values()].every((history) => history.acked >= history.upTo && !history.hasGap);
      await until('everybody to have everything', () => client.online && done(), { within: 60_000 });
    }
    const gone = async () => (await placesOf(stack().state.store, all.delivered)).length === 0;
    await until('everything delivered to be gone', gone, { within: GONE_MS, every: 200 });
    await until('nothing to be unfinished', async () => (await unfinished(stack().state.store)) === 0, { within: GONE_MS, every: 200 });
    const seconds = (Date.now() - restarted) / 1_000;
    context.diagnostic(`${all.count()} messages, six kills that left ${left} conversations unfinished; all delivered content gone ${seconds.toFixed(1)} s after the last restart`);
    if (SHAPE === 'single') await leavesNoTrace(all);

    assert.notDeepEqual(await placesOf(stack().state.store, all.undelivered), [], 'nothing undelivered is forgotten');
    const reader = await new Client(all.away).open();
    context.after(() => reader.close());
    await until('what waited', () => reader.history(all.id).texts.length === 50, { within: 30_000 });
    const expected = Array.from({ length: 50 }, (_, n) => `${all.undelivered} ${n}`);
    assert.deepEqual(reader.history(all.id).texts, expected);
    for (const client of [...all.clients, reader]) client.assertNoWrongs();
    stack().assertAlive();
  });
}
