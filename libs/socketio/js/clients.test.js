// @ts-check
// The official clients, unmodified, over both transports and through the change from one to the other.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Socket as EngineSocket } from 'engine.io-client';
import { io } from 'socket.io-client';
import { start } from './lib/server.js';

/** @type {Awaited<ReturnType<typeof start>>} */
let server;
before(async () => (server = await start()));
after(() => server?.stop());

const WAYS = {
  polling: ['polling'],
  websocket: ['websocket'],
  'polling, then websocket': ['polling', 'websocket'],
};

/**
 * @param {any} emitter
 * @param {string} event
 */
const first = async (emitter, event) => (await once(emitter, event))[0];

for (const [way, transports] of Object.entries(WAYS)) {
  describe(`engine.io-client by ${way}`, () => {
    const open = () => new EngineSocket(server.http, { transports });

    test('says and hears text and bytes', async () => {
      const socket = open();
      socket.binaryType = 'arraybuffer';
      await once(/** @type {any} */ (socket), 'open');
      socket.send('häłłö 😀');
      assert.equal(await first(socket, 'message'), 'häłłö 😀');
      socket.send(Uint8Array.from([0, 30, 255]).buffer);
      const bytes = await first(socket, 'message');
      assert.deepEqual([...new Uint8Array(bytes)], [0, 30, 255]);
      const closed = first(socket, 'close');
      socket.close();
      assert.equal(await closed, 'forced close');
    });

    test('loses nothing and keeps the order', async () => {
      const socket = open();
      /** @type {string[]} */
      const heard = [];
      const done = new Promise((all) => {
        socket.on('message', (text) => {
          heard.push(/** @type {string} */ (text));
          if (heard.length === 2_000) all(undefined);
        });
      });
      await once(/** @type {any} */ (socket), 'open');
      const said = Array.from({ length: 2_000 }, (_, number) => `m${number}`);
      for (const text of said) {
        socket.send(text);
        if (Number(text.slice(1)) % 50 === 0) await new Promise((turn) => setImmediate(turn));
      }
      await done;
      assert.deepEqual(heard, said);
      assert.equal(socket.transport?.name, transports.at(-1));
      socket.close();
    });

    test('stays over many heartbeats', async () => {
      const socket = open();
      for (let count = 0; count < 4; count += 1) await once(/** @type {any} */ (socket), 'ping');
      assert.equal(socket.readyState, 'open');
      socket.close();
    });
  });

  describe(`socket.io-client by ${way}`, () => {
    /** @param {object} [more] */
    const open = (more) => io(server.http, { transports, forceNew: true, ...more });

    test('connects with what it brought', async () => {
      const socket = open({ auth: { token: 't' } });
      assert.deepEqual(await first(socket, 'auth'), { token: 't' });
      assert.equal(typeof socket.id, 'string');
      socket.disconnect();
    });

    test('is in two namespaces over one connection', async () => {
      const root = open();
      const custom = root.io.socket('/custom', {});
      await Promise.all([once(root, 'connect'), once(custom, 'connect')]);
      assert.notEqual(root.id, custom.id);
      custom.emit('message', 'c');
      assert.equal(await first(custom, 'message-back'), 'c');
      custom.disconnect();
      root.emit('message', 'r');
      assert.equal(await first(root, 'message-back'), 'r');
      root.disconnect();
    });

    test('hears that a namespace does not exist', async () => {
      const socket = io(`${server.http}/nowhere`, { transports, forceNew: true });
      const error = await first(socket, 'connect_error');
      assert.equal(error.message, 'Invalid namespace');
      socket.disconnect();
    });

    test('sends bytes, gets them back, and is acknowledged', async () => {
      const socket = open();
      const large = Buffer.alloc(200_000, 7);
      const back = first(socket, 'message-back');
      socket.emit('message', { file: large });
      assert.deepEqual(Buffer.from((await back).file), large);
      const answer = await socket.timeout(5_000).emitWithAck('message-with-ack', { deep: [Buffer.from([1, 2])] });
      assert.deepEqual([...answer.deep[0]], [1, 2]);
      socket.disconnect();
    });

    test('emits while it changes and loses nothing', async () => {
      const socket = open();
      /** @type {number[]} */
      const heard = [];
      const done = new Promise((all) => {
        socket.on('message-back', (number) => {
          heard.push(number);
          if (heard.length === 1_000) all(undefined);
        });
      });
      for (let number = 0; number < 1_000; number += 1) {
        socket.emit('message', number);
        if (number % 20 === 0) await new Promise((turn) => setImmediate(turn));
      }
      await done;
      assert.deepEqual(heard, Array.from({ length: 1_000 }, (_, number) => number));
      socket.disconnect();
    });
  });
}

test('a hundred clients change at once, and each hears its own answers in order', async () => {
  const echo = await start('echo');
  const each = Array.from({ length: 100 }, async (_, client) => {
    const socket = io(echo.http, { forceNew: true });
    const upgraded = once(socket.io, 'open').then(() => once(/** @type {any} */ (socket.io.engine), 'upgrade'));
    /** @type {string[]} */
    const heard = [];
    for (let number = 0; number < 20; number += 1) {
      heard.push(await socket.timeout(20_000).emitWithAck('echo', `${client}:${number}`));
    }
    assert.deepEqual(heard, Array.from({ length: 20 }, (_, number) => `${client}:${number}`));
    await upgraded;
    socket.disconnect();
  });
  await Promise.all(each);
  echo.stop();
});

test('a client whose session is gone begins another by itself', async () => {
  const socket = io(server.http, { transports: ['polling'], forceNew: true, reconnectionDelay: 10 });
  await once(socket, 'connect');
  const lost = first(socket, 'disconnect');
  const transport = /** @type {any} */ (socket.io.engine.transport);
  transport.query.sid = `${transport.query.sid.slice(0, -1)}-`;
  assert.equal(await lost, 'transport error');
  await once(socket, 'connect');
  socket.disconnect();
});
