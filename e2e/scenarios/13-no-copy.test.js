// @ts-check
// Scenario 13: what people write is in the store until everybody has it, and then nowhere: not in a preview, a queue, a log,
// a cache, or in the unused bytes of a file. What they say of themselves is where it belongs, and nowhere else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../lib/client.js';
import { ask } from '../lib/events.js';
import { Words, everywhere } from '../lib/everywhere.js';
import { call, ok } from '../lib/http.js';
import { address, uuid7 } from '../lib/ids.js';
import { Person, pair } from '../lib/person.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { placesOf, vacuum } from '../lib/store.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile({ RESTANTE_TELEMETRY__FILTER: 'debug' });
/** Emptying the write-ahead log of SQLite takes its time; everything else takes seconds. */
const WITHIN = 60_000;
const DATABASE = ['file data/restante.db', 'file data/restante.db-wal'];

/**
 * @param {Words} words
 * @param {(found: Record<string, string[]>) => boolean} fits
 */
async function untilEverywhere(words, fits) {
  let last = await everywhere(stack(), words);
  const fit = () => until('the words to be where they belong', async () => {
    last = await everywhere(stack(), words);
    return fits(last.found);
  }, { within: WITHIN, every: 500 });
  const onlyInDatabase = () => Object.values(last.found).flat().every((place) => DATABASE.includes(place));
  try {
    await fit().catch(async (error) => {
      if (SHAPE === 'split' || !onlyInDatabase()) throw error;
      // SQLite has moved a row in time; what is left in its old place goes with this.
      await vacuum(/** @type {any} */ (stack().state.store));
      await fit();
    });
  } catch (error) {
    throw new Error(`${error.message}: ${JSON.stringify(last.found)}`);
  }
  return last;
}

test('message content is in the store alone, and once everybody has it nowhere', async (context) => {
  const { anna, bert, id } = await pair(stack());
  const late = await bert.onAnotherDevice({ at: 1 });
  const clients = await Promise.all([new Client(anna).open(), new Client(bert).open()]);
  context.after(() => clients.forEach((client) => client.close()));
  // Known to the server, and away: content waits for it.
  await late.connect();
  late.leave();

  const words = new Words();
  const socket = await anna.connect({ at: 1 });
  /** @param {object} message */
  const post = (message) => anna.post(`/conversations/${id}/messages`, { id: uuid7(), ...message });
  const quoted = { id: uuid7(), senderId: bert.id };
  const link = `https://example.org/${words.for('link')}`;
  const entries = [
    ok(await post({ text: words.for('text over HTTP') }), 201).entry,
    (await ask(socket, 'message:send', { id: uuid7(), conversationId: id, text: words.for('text over a socket') })).entry,
    ok(await post({ text: link, formatting: [{ style: 'link', start: 0, end: link.length }] }), 201).entry,
    ok(await post({ text: 'yes', replyTo: { ...quoted, excerpt: words.for('excerpt') } }), 201).entry,
    ok(await post({ text: words.for('forwarded'), forwardedFrom: quoted }), 201).entry,
    ok(await post({ text: `${words.for('text of 10 000')} ${'a'.repeat(9_900)}` }), 201).entry,
  ];
  const first = { conversationId: id, messageId: entries[0].id };
  for (const [event, more] of /** @type {[string, object][]} */ ([
    ['message:edit', { text: words.for('edit') }],
    ['reaction:add', { emoji: '👍' }],
  ])) {
    const answer = await ask(socket, event, { id: uuid7(), ...first, ...more });
    assert.ok(answer.ok, JSON.stringify(answer));
    entries.push(answer.entry);
  }
  const kept = [...words.fields.values()];

  // What is refused was never stored, and must not stand in a log either.
  const refused = new Words();
  await post({ text: `${refused.for('too long')} ${'a'.repeat(10_001)}` });
  await post({ text: 'x', [refused.for('unknown field')]: 1 });
  await post({ text: { [refused.for('wrong type')]: 1 } });
  await post({ id: refused.for('a word as an id'), text: 'x' });
  await post({ id: entries[0].id, text: refused.for('another text under the same id') });
  await post({ text: 'x', replyTo: { ...quoted, excerpt: refused.for('excerpt too long').repeat(100) } });
  await anna.post(`/conversations/${uuid7()}/messages`, { id: uuid7(), text: refused.for('to nowhere') });
  await anna.call('POST', `/conversations/${id}/messages`, undefined, {
    raw: `{"id":"${uuid7()}","text":"${refused.for('broken JSON')}`,
    headers: { 'content-type': 'application/json' },
  });
  for (const payload of [
    { id: uuid7(), conversationId: id, text: `${refused.for('too long, over a socket')} ${'a'.repeat(10_001)}` },
    { id: uuid7(), conversationId: id, text: 'x', extra: refused.for('unknown field, over a socket') },
    { id: uuid7(), conversationId: id, text: [refused.for('wrong type, over a socket')] },
    refused.for('not an object'),
  ]) {
    assert.equal((await ask(socket, 'message:send', payload)).ok, false);
  }
  assert.equal((await ask(socket, refused.for('name of an event'), {})).ok, false);

  for (const client of clients) {
    await until('both to have everything', () => client.history(id).acked >= entries.length);
  }
  // The search can fail: everything is found where it waits for the late one, and nowhere else.
  const before = await everywhere(stack(), words);
  assert.deepEqual(Object.keys(before.found).sort(), kept.toSorted());
  for (const [field, places] of Object.entries(before.found)) {
    const allowed = SHAPE === 'single' ? DATABASE : ['documents chat.messages'];
    assert.deepEqual(places.filter((place) => !allowed.includes(place)), [], `${field} stands elsewhere`);
  }
  assert.ok(before.looked.files > 3, JSON.stringify(before.looked));
  if (SHAPE === 'split') {
    for (const [what, count] of Object.entries(before.looked)) assert.ok(count > 0, `no ${what} were looked at`);
  }

  const reader = await new Client(late).open();
  clients.push(reader);
  await until('the late one to have everything', () => reader.history(id).acked >= entries.length);
  await untilEverywhere(words, (found) => Object.keys(found).length === 0);
  const left = await everywhere(stack(), refused);
  assert.deepEqual(left.found, {}, 'what was refused stands somewhere');
  for (const client of clients) client.assertNoWrongs();
});

test('what people say of themselves is where it belongs, and nowhere else', async () => {
  const words = new Words();
  const device = { name: words.for('name of a device'), platform: 'linux' };
  const anna = await Person.login(stack(), { device });
  ok(await anna.call('PATCH', '/users/me', { name: words.for('name'), bio: words.for('bio') }));
  const username = words.for('username');
  ok(await anna.call('PATCH', '/users/me', { username }));
  const bert = await Person.login(stack(), { at: 1 });
  await anna.talkTo(bert);
  ok(await bert.get(`/conversations`));
  ok(await bert.get(`/users?q=${words.for('search')}`));
  ok(await bert.get(`/users/${anna.id}`));

  /** @type {Record<string, string[]>} */
  const belongs = SHAPE === 'single'
    ? { 'name of a device': ['user_devices'], name: ['user_words', 'users'], bio: ['users'], username: ['user_words', 'users'] }
    : { 'name of a device': ['documents user.devices'], name: ['documents user.users'], bio: ['documents user.users'], username: ['documents user.usernames', 'documents user.users'] };
  const { found } = await everywhere(stack(), words);
  if (SHAPE === 'split') return assert.deepEqual(found, belongs);
  assert.deepEqual(Object.keys(found).sort(), Object.keys(belongs).sort());
  for (const [word, field] of words.fields) {
    const places = (found[field] ?? []).filter((place) => !DATABASE.includes(place));
    assert.deepEqual(places, [], `${field} stands beside the database`);
    assert.deepEqual((await placesOf(stack().state.store, word)).sort(), belongs[field] ?? [], field);
  }
});

test('the title of a group is with the group alone, and the one before it nowhere', async (context) => {
  const { anna, bert } = await pair(stack());
  const clients = await Promise.all([new Client(anna).open(), new Client(bert).open()]);
  context.after(() => clients.forEach((client) => client.close()));
  const words = new Words();
  const group = { id: uuid7(), kind: 'group', title: words.for('title before'), memberIds: [bert.id] };
  const { id } = ok(await anna.post('/conversations', group), 201).conversation;
  const headers = { 'idempotency-key': uuid7() };
  ok(await anna.call('PATCH', `/conversations/${id}`, { title: words.for('title') }, { headers }));
  const now = [...words.fields.keys()].at(-1) ?? '';
  const place = SHAPE === 'single' ? ['chat_conversations'] : ['documents chat.conversations'];
  await untilEverywhere(words, (found) => Object.keys(found).join() === 'title');
  const { found } = await everywhere(stack(), words);
  if (SHAPE === 'split') return assert.deepEqual(found, { title: place });
  assert.deepEqual(found.title.filter((one) => !DATABASE.includes(one)), []);
  assert.deepEqual(await placesOf(stack().state.store, now), place);
});

test('a code that was mailed stands in the mail alone, and its address in no log', async () => {
  const words = new Words();
  const email = `${words.for('address')}@example.org`;
  await Person.login(stack(), { email });
  const { found } = await everywhere(stack(), words);
  const places = found.address.filter((place) => place.endsWith('.log') || place.startsWith('redis'));
  assert.deepEqual(places, []);
  // What goes through the broker is found there: the search sees it.
  if (SHAPE === 'split') assert.ok(found.address.includes('broker'), String(found.address));

  const other = address();
  const { challenge } = ok(await call(stack().base, 'POST', '/api/v1/auth/login', { email: other }), 202);
  const code = await stack().mail.code(other);
  for (const [name, log] of Object.entries(await stack().logs())) {
    const line = log.split('\n').find((text) => new RegExp(`(?<![0-9a-f.])${code}(?![0-9a-f])`).test(text));
    assert.equal(line, undefined, `the code stands in the log of ${name}`);
  }
  assert.ok(challenge);
});
