// @ts-check
// Scenario 17: contacts and blocks. One asks, the other accepts; who blocks sees nothing of the other any more, and who is
// blocked cannot tell.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { call, ok, refused } from '../lib/http.js';
import { isTime } from '../lib/ids.js';
import { Person } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { until } from '../lib/wait.js';

const WAITING = 5;
const PER_DAY = 10;
const stack = stackForThisFile({
  RESTANTE_USER__CONTACTS__REQUESTS_WAITING: `${WAITING}`,
  RESTANTE_USER__CONTACTS__REQUESTS_PER_DAY: `${PER_DAY}`,
  RESTANTE_USER__CONTACTS__CHANGES_PER_MINUTE: '200',
});

/** @param {number} count */
async function people(count) {
  return Promise.all(Array.from({ length: count }, (_, at) => Person.login(stack(), { at })));
}

/**
 * @param {Person} from
 * @param {Person | string} to
 * @param {string} [key]
 */
async function ask(from, to, key = randomUUID()) {
  const userId = typeof to === 'string' ? to : to.id;
  return from.post('/contacts', { userId }, { headers: { 'idempotency-key': key } });
}

/** @param {Person} who @param {Person} whom */
const accept = (who, whom) => who.call('PUT', `/contacts/${whom.id}/accept`);
/** @param {Person} who @param {Person} whom */
const remove = (who, whom) => who.call('DELETE', `/contacts/${whom.id}`);
/** @param {Person} who @param {Person} whom */
const block = (who, whom) => who.call('PUT', `/contacts/${whom.id}/block`);
/** @param {Person} who @param {Person} whom */
const unblock = (who, whom) => who.call('DELETE', `/contacts/${whom.id}/block`);

/**
 * Everybody in a list, each as `state id`.
 *
 * @param {Person} who
 * @param {'' | '/pending' | '/blocked'} list
 * @returns {Promise<string[]>}
 */
async function listed(who, list) {
  const page = ok(await who.get(`/contacts${list}?limit=200`));
  assert.equal(page.nextCursor, null);
  return page.data.map((/** @type {any} */ one) => `${one.state} ${one.user.id}`);
}

/** All that somebody sees of contacts. @param {Person} who */
async function view(who) {
  const [contacts, pending, blocked] = await Promise.all([listed(who, ''), listed(who, '/pending'), listed(who, '/blocked')]);
  return { contacts, pending, blocked };
}

const NOBODY = { contacts: [], pending: [], blocked: [] };

test('a request waits until it is accepted', async () => {
  const [anna, bert] = await people(2);
  await anna.rename('Anna');
  const { contact } = ok(await ask(anna, bert), 201);
  assert.deepEqual([contact.state, contact.user.id], ['outgoing', bert.id]);
  assert.ok(isTime(contact.since));
  assert.deepEqual(await view(anna), { ...NOBODY, pending: [`outgoing ${bert.id}`] });
  assert.deepEqual(await view(bert), { ...NOBODY, pending: [`incoming ${anna.id}`] });
  const [request] = ok(await bert.get('/contacts/pending')).data;
  assert.deepEqual(request.user, ok(await bert.get(`/users/${anna.id}`)), 'the public profile');
  assert.equal(request.user.name, 'Anna');

  assert.equal(ok(await ask(anna, bert), 200).contact.state, 'outgoing', 'asked before');
  refused(await accept(anna, bert), 'NOT_FOUND', 'userId');
  assert.equal(ok(await accept(bert, anna)).contact.state, 'accepted');
  assert.equal(ok(await accept(bert, anna)).contact.state, 'accepted', 'once more');
  assert.deepEqual(await view(anna), { ...NOBODY, contacts: [`accepted ${bert.id}`] });
  assert.deepEqual(await view(bert), { ...NOBODY, contacts: [`accepted ${anna.id}`] });
  assert.equal(ok(await ask(bert, anna), 200).contact.state, 'accepted');

  ok(await remove(bert, anna), 204);
  ok(await remove(bert, anna), 204);
  assert.deepEqual([await view(anna), await view(bert)], [NOBODY, NOBODY]);
});

test('a request is taken back, declined, or met by another', async () => {
  const [anna, bert] = await people(2);
  for (const who of [anna, bert]) {
    ok(await ask(anna, bert), 201);
    ok(await remove(who, who === anna ? bert : anna), 204);
    assert.deepEqual([await view(anna), await view(bert)], [NOBODY, NOBODY]);
    refused(await accept(bert, anna), 'NOT_FOUND', 'userId');
  }
  const both = await Promise.all([ask(anna, bert), ask(bert, anna)]);
  for (const answer of both) assert.equal(answer.status, 201);
  assert.deepEqual(await listed(anna, ''), [`accepted ${bert.id}`]);
  assert.deepEqual(await listed(bert, ''), [`accepted ${anna.id}`]);
});

test('the same key gets the first answer again', async () => {
  const [anna, bert, carl] = await people(3);
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(anna, bert, key)));
  for (const answer of answers) assert.deepEqual(ok(answer, 201), answers[0].body);
  ok(await accept(bert, anna));
  ok(await remove(bert, anna), 204);
  await anna.refresh();
  assert.deepEqual(ok(await ask(anna, bert, key), 201), answers[0].body);
  assert.deepEqual(await view(bert), NOBODY, 'it is not made again');
  refused(await ask(anna, carl, key), 'CONFLICT');
  ok(await ask(carl, anna, key), 201);
});

test('who is blocked cannot tell, and who blocks sees nothing', async () => {
  const [anna, bert, carl] = await people(3);
  ok(await ask(anna, bert), 201);
  ok(await accept(bert, anna));
  const before = await view(bert);
  assert.equal(ok(await block(anna, bert)).contact.state, 'blocked');
  assert.equal(ok(await block(anna, bert)).contact.state, 'blocked');
  assert.deepEqual(await view(anna), { ...NOBODY, blocked: [`blocked ${bert.id}`] });
  assert.deepEqual(await view(bert), before, 'nothing is to be seen');

  // Bert does to Anna, who blocks him, and to Carl, who does not, the same things.
  ok(await remove(bert, anna), 204);
  /** @param {any} answer @param {Person} whom */
  const shape = ({ status, body }, whom) => JSON.stringify({ status, body }).replaceAll(whom.id, '?')
    .replace(/"(since|createdAt)":"[^"]+"/g, '"$1":"?"');
  for (const act of [ask, ask, remove, remove, accept, unblock, ask]) {
    const [blocked, free] = [await act(bert, anna), await act(bert, carl)];
    const normal = (/** @type {any} */ one) => shape(one, one === blocked ? anna : carl)
      .replace(/"requestId":"[^"]+"/, '').replace(/"timestamp":"[^"]+"/, '');
    assert.equal(normal(blocked), normal(free), act.name);
  }
  assert.deepEqual(await view(bert), { ...NOBODY, pending: [`outgoing ${carl.id}`, `outgoing ${anna.id}`] });
  assert.deepEqual(await view(anna), { ...NOBODY, blocked: [`blocked ${bert.id}`] });

  assert.match(refused(await ask(anna, bert), 'FORBIDDEN').message, /unblock/);
  refused(await accept(anna, bert), 'NOT_FOUND', 'userId');
  ok(await remove(anna, bert), 204);
  assert.deepEqual(await listed(anna, '/blocked'), [`blocked ${bert.id}`], 'a block stays');

  ok(await unblock(anna, bert), 204);
  ok(await unblock(anna, bert), 204);
  assert.deepEqual(await view(anna), NOBODY, 'nothing is restored');
  assert.deepEqual(await view(bert), { ...NOBODY, pending: [`outgoing ${carl.id}`] });
  ok(await ask(bert, anna), 201);
  assert.deepEqual(await listed(anna, '/pending'), [`incoming ${bert.id}`]);
});

test('a direct conversation is made with who blocks me, and not with whom I block', async () => {
  const [anna, bert] = await people(2);
  ok(await block(anna, bert));
  assert.match(refused(await anna.post('/conversations', { kind: 'direct', userId: bert.id }), 'FORBIDDEN').message, /unblock/);
  ok(await bert.post('/conversations', { kind: 'direct', userId: anna.id }), 201);
});

test('whoever takes messages from contacts takes them from nobody else', async () => {
  const [anna, bert] = await people(2);
  const choice = ok(await anna.call('PATCH', '/users/me/settings', { whoMayMessageMe: 'contacts' }));
  assert.equal(choice.whoMayMessageMe, 'contacts');
  const open = () => bert.post('/conversations', { kind: 'direct', userId: anna.id });
  refused(await open(), 'FORBIDDEN');
  ok(await ask(bert, anna), 201);
  refused(await open(), 'FORBIDDEN');
  ok(await accept(anna, bert));
  ok(await open(), 201);
});

test('pages go on where they ended', async () => {
  const [anna, ...others] = await people(WAITING + 1);
  for (const other of others) ok(await ask(other, anna), 201);
  for (const limit of [1, 2, WAITING]) {
    const found = [];
    let cursor = '';
    do {
      const page = ok(await anna.get(`/contacts/pending?limit=${limit}${cursor}`));
      assert.ok(page.data.length <= limit);
      found.push(...page.data.map((/** @type {any} */ one) => one.user.id));
      cursor = page.nextCursor && `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor);
    assert.deepEqual(found, others.map((other) => other.id).reverse(), `${limit} at a time, the newest first`);
  }
});

test('limits are told, blocked or not', async () => {
  const [anna, eve, ...others] = await people(WAITING + 3);
  const late = /** @type {Person} */ (others.pop());
  ok(await block(anna, eve));
  for (const other of others) ok(await ask(other, anna), 201);
  const full = [await ask(late, anna), await ask(eve, anna)].map((answer) => refused(answer, 'VALIDATION_ERROR'));
  assert.equal(full[0].message, full[1].message);
  assert.match(full[0].message, /later/);
  ok(await accept(anna, others[0]));
  ok(await ask(late, anna), 201);

  const many = await people(PER_DAY + 1);
  const bert = await Person.login(stack());
  for (const other of many.slice(0, PER_DAY)) ok(await ask(bert, other), 201);
  assert.ok(refused(await ask(bert, many[PER_DAY]), 'RATE_LIMIT_EXCEEDED').retryAfter > 3_600);
});

test('nothing of it is about oneself or nobody, and bad input is refused', async () => {
  const [anna, bert] = await people(2);
  const paths = /** @type {const} */ ([['PUT', '/accept'], ['DELETE', ''], ['PUT', '/block'], ['DELETE', '/block']]);
  for (const [method, rest] of paths) {
    refused(await anna.call(method, `/contacts/${anna.id}${rest}`), 'VALIDATION_ERROR', 'userId');
    refused(await anna.call(method, `/contacts/${randomUUID()}${rest}`), 'NOT_FOUND', 'userId');
    for (const bad of ['x', '5', `${bert.id}0`, '%00', '%ff', '$ne', '%7B%22$ne%22:%22%22%7D', 'x'.repeat(2_000)]) {
      refused(await anna.call(method, `/contacts/${bad}${rest}`), 'VALIDATION_ERROR');
    }
    refused(await call(stack().base, method, `/api/v1/contacts/${bert.id}${rest}`), 'UNAUTHORIZED');
  }
  refused(await ask(anna, anna), 'VALIDATION_ERROR', 'userId');
  refused(await ask(anna, randomUUID()), 'NOT_FOUND', 'userId');
  refused(await anna.post('/contacts', { userId: bert.id }), 'VALIDATION_ERROR', 'Idempotency-Key');

  const headers = { 'idempotency-key': randomUUID() };
  for (const key of ['', 'x', `${randomUUID()}0`, '{"$ne":""}']) {
    const answer = await anna.post('/contacts', { userId: bert.id }, { headers: { 'idempotency-key': key } });
    refused(answer, 'VALIDATION_ERROR', 'Idempotency-Key');
  }
  for (const userId of [undefined, null, 5, true, '', 'x', `${bert.id}0`, { $ne: '' }, [bert.id], 'nul\u0000nul', "' or 1=1 --"]) {
    refused(await anna.post('/contacts', { userId }, { headers }), 'VALIDATION_ERROR');
  }
  for (const body of [null, 5, 'x', [], [{ userId: bert.id }], { userId: bert.id, state: 'accepted' }]) {
    refused(await anna.post('/contacts', body, { headers }), 'VALIDATION_ERROR');
  }
  const raws = ['', '{', '{"userId":', `{"userId":"${bert.id}"}}`, '['.repeat(20_000), Buffer.from([0x7b, 0xff, 0xfe])];
  for (const raw of raws) refused(await anna.post('/contacts', undefined, { raw, headers }), 'VALIDATION_ERROR');
  const megabyte = JSON.stringify({ userId: 'x'.repeat(1_000_000) });
  refused(await anna.post('/contacts', undefined, { raw: megabyte, headers }), 'PAYLOAD_TOO_LARGE');
  const type = { ...headers, 'content-type': 'text/plain' };
  refused(await anna.post('/contacts', undefined, { raw: '{}', headers: type }), 'UNSUPPORTED_MEDIA_TYPE');

  for (const list of ['', '/pending', '/blocked']) {
    for (const [field, query] of [['limit', 'limit=0'], ['limit', 'limit=201'], ['limit', 'limit=x'], ['limit', 'limit=-1'],
      ['cursor', 'cursor=x'], ['cursor', 'cursor=%00'], ['cursor', 'cursor=1_x'],
      ['cursor', `cursor=99999999999999999999_${bert.id}`]]) {
      refused(await anna.get(`/contacts${list}?${query}`), 'VALIDATION_ERROR', field);
    }
    for (const query of ['more=1', 'limit[$gt]=0', 'limit=1&limit=1', 'cursor=%ff']) {
      refused(await anna.get(`/contacts${list}?${query}`), 'VALIDATION_ERROR');
    }
    refused(await call(stack().base, 'GET', `/api/v1/contacts${list}`), 'UNAUTHORIZED');
    const far = `cursor=${Number.MIN_SAFE_INTEGER}_${bert.id}`;
    assert.deepEqual(ok(await anna.get(`/contacts${list}?${far}`)).data, [], 'beyond the end is nothing');
  }
  assert.deepEqual([await view(anna), await view(bert)], [NOBODY, NOBODY], 'nothing was stored');
  stack().assertAlive();
});

test('chat is told of each, and sets nothing aside', async () => {
  const [anna, bert] = await people(2);
  ok(await ask(anna, bert), 201);
  ok(await block(bert, anna));
  ok(await unblock(bert, anna), 204);
  const logs = async () => Object.values(await stack().logs()).join('\n');
  for (const topic of ['contact.changed', 'user.blocked', 'user.unblocked']) {
    await until(`chat has handled ${topic}`, async () => (await logs()).split('\n')
      .some((line) => line.includes(topic) && line.includes('event handled')));
  }
  assert.doesNotMatch(await logs(), /makes no sense/);
});
