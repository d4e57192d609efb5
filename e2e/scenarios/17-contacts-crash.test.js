// @ts-check
// Scenario 17, killed: whatever is under way when the user service dies, what two people are to each other fits together.

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ok } from '../lib/http.js';
import { Person } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { until } from '../lib/wait.js';

const PAIRS = 6;
const KILLS = 4;
const MANY = '1000000';
/** MongoDB ends a transaction whose client was killed after a minute; until then its rows take no change. */
const GIVEN_UP = 100_000;
const stack = stackForThisFile({
  RESTANTE_USER__CONTACTS__REQUESTS_PER_DAY: MANY,
  RESTANTE_USER__CONTACTS__CHANGES_PER_MINUTE: MANY,
});

/** What the other's row says when one's own says this. */
const MIRROR = /** @type {Record<string, string>} */ ({
  none: 'none', outgoing: 'incoming', incoming: 'outgoing', accepted: 'accepted',
});

/**
 * What the other is to somebody.
 *
 * @param {Person} who
 * @param {Person} other
 * @returns {Promise<string>}
 */
async function state(who, other) {
  const lists = await Promise.all(['', '/pending', '/blocked'].map((list) => who.get(`/contacts${list}`)));
  const found = lists.flatMap((list) => ok(list).data).filter((one) => one.user.id === other.id);
  assert.ok(found.length <= 1, 'in one list at most');
  return found[0]?.state ?? 'none';
}

/**
 * Something that one of the two does, at random.
 *
 * @param {Person} who
 * @param {Person} other
 */
async function act(who, other) {
  const path = `/contacts/${other.id}`;
  const headers = { 'idempotency-key': randomUUID() };
  const acts = [
    () => who.post('/contacts', { userId: other.id }, { headers }),
    () => who.post('/contacts', { userId: other.id }, { headers }),
    () => who.call('PUT', `${path}/accept`),
    () => who.call('DELETE', path),
    () => who.call('PUT', `${path}/block`),
    () => who.call('DELETE', `${path}/block`),
  ];
  return acts[randomInt(acts.length)]();
}

test('killed in the middle of changes, both sides of every two people fit', { timeout: 300_000 }, async () => {
  const people = await Promise.all(Array.from({ length: 2 * PAIRS }, () => Person.login(stack())));
  const pairs = Array.from({ length: PAIRS }, (_, n) => [people[2 * n], people[2 * n + 1]]);
  let running = true;
  let done = 0;
  let broken = 0;
  const loops = pairs.flatMap(([one, two]) => [[one, two], [two, one]]).map(async ([who, other]) => {
    while (running) {
      // While nobody answers, or a gateway says so, there is nothing to check.
      const answer = await act(who, other).catch(() => undefined);
      if (answer && answer.status < 500) done += 1;
      else broken += 1;
    }
  });
  const user = stack().process('user');
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const before = done;
    await until('changes are made', () => done > before + 40);
    await stack().kill(user);
    await stack().start(user);
  }
  running = false;
  await Promise.all(loops);
  assert.ok(broken > 0, 'something was under way');

  for (const [one, two] of pairs) {
    const states = await Promise.all([state(one, two), state(two, one)]);
    // Who blocks says nothing of the other; without a block each is the other's mirror, and no block is left over.
    if (!states.includes('blocked')) assert.equal(states[1], MIRROR[states[0]], states.join(' and '));
    for (const [who, other] of [[one, two], [two, one]]) {
      for (const path of [`/contacts/${other.id}/block`, `/contacts/${other.id}`]) {
        const gone = async () => (await who.call('DELETE', path)).status === 204;
        await until('the rows take changes again', gone, { within: GIVEN_UP });
      }
    }
    // What was deleted may have been nothing, which writes nothing: a row may still be held.
    const headers = { 'idempotency-key': randomUUID() };
    const asked = async () => (await one.post('/contacts', { userId: two.id }, { headers })).status === 201;
    await until('a request is taken again', asked, { within: GIVEN_UP });
    assert.deepEqual([await state(one, two), await state(two, one)], ['outgoing', 'incoming']);
  }
});
