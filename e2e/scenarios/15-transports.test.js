// @ts-check
// Scenario 15: long polling through the gateway, with two instances behind it; and clients that change to a websocket.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { Client } from '../lib/client.js';
import { ask } from '../lib/events.js';
import { marker, uuid7 } from '../lib/ids.js';
import { connected, Person, WAYS, pair } from '../lib/person.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { soon, until } from '../lib/wait.js';

const stack = stackForThisFile();

/**
 * A client that goes to the gateway and not to an instance.
 *
 * @param {Person} person
 * @param {readonly string[]} transports
 */
function viaGateway(person, transports) {
  const options = { auth: { token: person.token, v: 1 }, transports: [...transports], forceNew: true };
  const socket = io(stack().base, { ...options, autoConnect: false, reconnectionDelay: 50, reconnectionDelayMax: 300 });
  person.sockets.push(socket);
  return socket;
}

/** @param {import('socket.io-client').Socket} socket */
const sid = (socket) => /** @type {string} */ (/** @type {any} */ (socket.io.engine).id);

for (const [way, transports] of Object.entries(WAYS)) {
  test(`through the gateway by ${way}`, async () => {
    const { anna, bert, id } = await pair(stack());
    const [a, b] = [viaGateway(anna, transports), viaGateway(bert, transports)];
    await Promise.all([soon('ready', connected(a)), soon('ready', connected(b))]);
    const texts = Array.from({ length: 20 }, () => marker());
    /** @type {string[]} */
    const heard = [];
    b.on('message:new', (entry) => heard.push(entry.data.text));
    for (const text of texts) {
      const sent = await ask(a, 'message:send', { id: uuid7(), conversationId: id, text });
      assert.ok(sent.ok, JSON.stringify(sent));
    }
    await until('all to be heard', () => heard.length >= texts.length);
    assert.deepEqual(heard, texts);
    for (const socket of [a, b]) {
      await until(`${way} to carry it`, () => socket.io.engine.transport.name === transports.at(-1));
    }
    [anna, bert].forEach((person) => person.leave());
  });
}

test('sessions are spread over the instances, and each is found by its id', async () => {
  const people = await Promise.all(Array.from({ length: 6 }, () => Person.login(stack())));
  const sockets = people.map((person) => viaGateway(person, WAYS.polling));
  await Promise.all(sockets.map((socket) => soon('ready', connected(socket))));
  const holders = new Set(sockets.map((socket) => sid(socket).split('.')[1]));
  assert.deepEqual([...holders].sort(), SHAPE === 'split' ? ['1', '2'] : [undefined]);
  people.forEach((person) => person.leave());
});

test('a request that reaches another instance is told so', { skip: SHAPE === 'single' }, async () => {
  const own = ['chat-1', 'chat-2'].map((name) => new URL(stack().state.processes[name].health).origin);
  const opened = await fetch(`${own[0]}/socket.io/?EIO=4&transport=polling`);
  const terms = JSON.parse((await opened.text()).slice(1));
  const astray = await fetch(`${own[1]}/socket.io/?EIO=4&transport=polling&sid=${terms.sid}`);
  assert.equal(astray.status, 400);
  assert.deepEqual(await astray.json(), { code: 1, message: 'Session ID unknown' });
});

test('a client that polls comes back when its instance is gone, and has missed nothing', async () => {
  const { anna, bert, id } = await pair(stack());
  anna.at = 1;
  const writer = await new Client(anna).open();
  const reader = new Client(bert);
  reader.socket.disconnect();
  reader.socket = viaGateway(bert, WAYS.polling);
  reader.listen();
  await reader.open();
  const first = marker();
  await writer.send(id, first);
  await until('the first', () => reader.history(id).texts.includes(first));

  const holder = SHAPE === 'split' ? `chat-${sid(reader.socket).split('.')[1]}` : stack().process('restante');
  const lost = once(/** @type {any} */ (reader.socket), 'disconnect');
  await stack().kill(holder);
  await lost;
  await stack().start(holder);
  const second = marker();
  await writer.send(id, second);
  await until('the second', () => reader.history(id).texts.includes(second), { within: 30_000 });
  assert.deepEqual(reader.history(id).texts, [first, second]);
  for (const client of [writer, reader]) {
    client.assertNoWrongs();
    client.close();
  }
});
