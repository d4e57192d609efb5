// @ts-check
// Scenario 18: more connections than one person, or one address, may have are refused, and there is room again when one goes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person, connected, refusal } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile({
  RESTANTE_CHAT__SOCKETS__PER_ADDRESS: '4',
  RESTANTE_CHAT__LIMITS__SOCKETS_PER_PERSON: '2',
});

/** Connects as soon as there is room. @param {Person} person */
async function connectsAgain(person) {
  return until('room for one more', async () => {
    const socket = person.socket();
    const ready = connected(socket).then(() => true, () => false);
    if (await ready) return socket;
    socket.disconnect();
    return undefined;
  });
}

test('a person has so many sockets, and no more', async () => {
  const anna = await Person.login(stack());
  const [first] = [await anna.connect(), await anna.connect()];
  const error = await refusal(anna.socket());
  assert.equal(error.data?.code, 'RATE_LIMIT_EXCEEDED', String(error));
  assert.ok(error.data.retryAfter > 0);
  first.disconnect();
  await connectsAgain(anna);
  anna.leave();
});

test('an address has so many connections, and no more', async () => {
  const people = await Promise.all(Array.from({ length: 3 }, () => Person.login(stack())));
  /** @type {import('socket.io-client').Socket[]} */
  const sockets = [];
  for (let n = 0; n < 4; n += 1) sockets.push(await connectsAgain(people[n % 2]));
  const handshake = `${stack().instance(0)}/socket.io/?EIO=4&transport=polling`;
  const answer = await fetch(handshake);
  assert.equal(answer.status, 429);
  assert.equal(/** @type {any} */ (await answer.json()).message, 'Too many connections');
  const error = await refusal(people[2].socket());
  assert.equal(error.data, undefined, 'refused before anybody asked who it is');
  sockets[0].disconnect();
  await connectsAgain(people[2]);
  for (const person of people) person.leave();
});
