// @ts-check
// Socket.IO v5, rule by rule, by a client that speaks frames and listens late.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, messages, next } from './lib/raw.js';
import { start } from './lib/server.js';

/** @type {Awaited<ReturnType<typeof start>>} */
let server;
before(async () => (server = await start()));
after(() => server?.stop());

const TWO = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';

/** A session that is not connected to a namespace. */
async function open() {
  const socket = connect(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
  await next(socket, 'message');
  return socket;
}

/** A client of `/`. */
async function client() {
  const socket = await open();
  socket.send('40');
  await next(socket, 'message');
  await next(socket, 'message');
  return socket;
}

/** @param {ArrayBuffer} data */
const bytes = (data) => [...new Uint8Array(data)];

describe('connecting', () => {
  for (const [said, prefix, auth] of [
    ['40', '40', '42["auth",{}]'],
    ['40{"token":"123"}', '40', '42["auth",{"token":"123"}]'],
    ['40/custom,', '40/custom,', '42/custom,["auth",{}]'],
    ['40/custom,{"token":"abc"}', '40/custom,', '42/custom,["auth",{"token":"abc"}]'],
  ]) {
    test(said, async () => {
      const socket = await open();
      socket.send(said);
      const { data } = await next(socket, 'message');
      assert.ok(data.startsWith(prefix), data);
      const answer = JSON.parse(data.slice(prefix.length));
      assert.deepEqual(Object.keys(answer), ['sid']);
      assert.equal(typeof answer.sid, 'string');
      assert.equal((await next(socket, 'message')).data, auth);
      socket.close();
    });
  }

  test('a namespace that does not exist', async () => {
    const socket = await open();
    socket.send('40/random');
    assert.equal((await next(socket, 'message')).data, '44/random,{"message":"Invalid namespace"}');
    socket.close();
  });

  test('something else instead', async () => {
    const socket = await open();
    socket.send('4abc');
    await next(socket, 'close');
  });

  test('nothing', async () => {
    const socket = connect(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
    socket.addEventListener('message', ({ data }) => data === '2' && socket.send('3'));
    await next(socket, 'close');
  });
});

describe('leaving', () => {
  test('the root: the connection stays', async () => {
    const socket = await client();
    socket.send('41');
    assert.equal((await next(socket, 'message')).data, '2');
    socket.close();
  });

  test('another namespace: the root stays', async () => {
    const socket = await client();
    await next(socket, 'message');
    socket.send('40/custom');
    await next(socket, 'message');
    await next(socket, 'message');
    socket.send('41/custom');
    socket.send('42["message","to the root"]');
    assert.equal((await next(socket, 'message')).data, '42["message-back","to the root"]');
    socket.close();
  });
});

describe('messages', () => {
  test('text', async () => {
    const socket = await client();
    socket.send('42["message",1,"2",{"3":[true]}]');
    assert.deepEqual(await messages(socket, 1), ['42["message-back",1,"2",{"3":[true]}]']);
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.deepEqual(await messages(socket, 1), ['43456[1,"2",{"3":[false]}]']);
    socket.close();
  });

  for (const [said, heard] of [
    [`452-["message",${TWO}]`, `452-["message-back",${TWO}]`],
    [`452-789["message-with-ack",${TWO}]`, `462-789[${TWO}]`],
  ]) {
    test(`with attachments: ${said}`, async () => {
      const socket = await client();
      socket.send(said);
      socket.send(Uint8Array.from([1, 2, 3]));
      socket.send(Uint8Array.from([4, 5, 6]));
      const [text, first, second] = await messages(socket, 3);
      assert.equal(text, heard);
      assert.deepEqual(bytes(first), [1, 2, 3]);
      assert.deepEqual(bytes(second), [4, 5, 6]);
      socket.close();
    });
  }

  for (const bad of ['4abc', '42{}', '42abc["message-with-ack",1]', '42[]', '42["disconnect"]', '4']) {
    test(`${bad} closes`, async () => {
      const socket = await client();
      socket.send(bad);
      await next(socket, 'close');
    });
  }
});
