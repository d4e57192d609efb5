// @ts-check
// Engine.IO v4, rule by rule.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, next, Poller } from './lib/raw.js';
import { start } from './lib/server.js';

/** @type {Awaited<ReturnType<typeof start>>} */
let server;
before(async () => (server = await start()));
after(() => server?.stop());

const INTERVAL = 300;
const TIMEOUT = 200;
const terms = { pingInterval: INTERVAL, pingTimeout: TIMEOUT, maxPayload: 1_000_000 };

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

for (const path of ['/engine.io', '/socket.io']) {
  describe(path, () => {
    const http = () => server.http + path;
    const ws = () => server.ws + path;

    test('a session opens by polling', async () => {
      const answer = await fetch(`${http()}/?EIO=4&transport=polling`);
      assert.equal(answer.status, 200);
      const body = await answer.text();
      assert.equal(body[0], '0');
      const { sid, ...rest } = JSON.parse(body.slice(1));
      assert.equal(typeof sid, 'string');
      assert.deepEqual(rest, { upgrades: ['websocket'], ...terms });
    });

    test('a session opens by websocket', async () => {
      const socket = connect(`${ws()}/?EIO=4&transport=websocket`);
      const { data } = await next(socket, 'message');
      const { sid, ...rest } = JSON.parse(data.slice(1));
      assert.equal(typeof sid, 'string');
      assert.deepEqual(rest, { upgrades: [], ...terms });
      socket.close();
    });

    test('a handshake that is not one is refused', async () => {
      const bad = ['transport=polling', 'EIO=abc&transport=polling', 'EIO=4', 'EIO=4&transport=abc'];
      for (const query of bad) assert.equal((await fetch(`${http()}/?${query}`)).status, 400, query);
      for (const method of ['POST', 'PUT']) {
        const answer = await fetch(`${http()}/?EIO=4&transport=polling`, { method });
        assert.equal(answer.status, 400, method);
      }
      for (const query of ['transport=websocket', 'EIO=abc&transport=websocket', 'EIO=4', 'EIO=4&transport=abc']) {
        const socket = connect(`${ws()}/?${query}`);
        socket.on('error', () => {});
        await next(socket, 'close');
      }
    });

    test('pings are answered by polling', async () => {
      const poller = await Poller.open(http());
      for (let count = 0; count < 3; count += 1) {
        assert.equal(await (await poller.get()).text(), '2');
        assert.equal((await poller.post('3')).status, 200);
      }
    });

    test('pings are answered by websocket', async () => {
      const socket = connect(`${ws()}/?EIO=4&transport=websocket`);
      await next(socket, 'message');
      for (let count = 0; count < 3; count += 1) {
        assert.equal((await next(socket, 'message')).data, '2');
        socket.send('3');
      }
      socket.close();
    });

    test('whoever does not answer pings is closed', async () => {
      const socket = connect(`${ws()}/?EIO=4&transport=websocket`);
      const closed = next(socket, 'close');
      const poller = await Poller.open(http());
      await pause(INTERVAL + TIMEOUT);
      assert.equal((await poller.get()).status, 400);
      await closed;
    });

    test('a session is closed by polling', async () => {
      const poller = await Poller.open(http());
      const [answer] = await Promise.all([poller.get(), poller.post('1')]);
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), '6');
      assert.equal((await poller.get()).status, 400);
    });

    test('a session is closed by websocket', async () => {
      const socket = connect(`${ws()}/?EIO=4&transport=websocket`);
      await next(socket, 'message');
      socket.send('1');
      await next(socket, 'close');
    });

    test('after the change requests are refused', async () => {
      const poller = await Poller.open(http());
      const socket = connect(poller.websocket);
      await next(socket, 'open');
      socket.send('2probe');
      socket.send('5');
      assert.equal((await poller.get()).status, 400);
      socket.close();
    });

    test('after the change another websocket is closed, without an error', async () => {
      const poller = await Poller.open(http());
      const socket = connect(poller.websocket);
      await next(socket, 'open');
      socket.send('2probe');
      socket.send('5');
      await next(connect(poller.websocket), 'close');
      socket.close();
    });
  });
}

describe('messages', () => {
  const http = () => `${server.http}/engine.io`;
  const ws = () => `${server.ws}/engine.io/?EIO=4&transport=websocket`;

  for (const body of ['4hello', '4test1\x1e4test2\x1e4test3', '4hello\x1ebAQIDBA==', '4ä€😀']) {
    test(`${JSON.stringify(body)} goes by polling`, async () => {
      const poller = await Poller.open(http());
      const answer = await poller.post(body);
      assert.equal(answer.status, 200);
      assert.equal(await answer.text(), 'ok');
      assert.equal(await (await poller.get()).text(), body);
    });
  }

  test('text and bytes go by websocket', async () => {
    const socket = connect(ws());
    await next(socket, 'open');
    await next(socket, 'message');
    socket.send('4hello');
    assert.equal((await next(socket, 'message')).data, '4hello');
    socket.send(Uint8Array.from([1, 2, 3, 4]));
    const { data } = await next(socket, 'message');
    assert.deepEqual(new Uint8Array(data), Uint8Array.from([1, 2, 3, 4]));
    socket.close();
  });

  test('what is not a packet closes', async () => {
    const poller = await Poller.open(http());
    assert.equal((await poller.post('abc')).status, 400);
    assert.equal((await poller.get()).status, 400);
    const socket = connect(ws());
    await next(socket, 'message');
    socket.send('abc');
    await next(socket, 'close');
  });

  test('a second GET closes', async () => {
    const poller = await Poller.open(http());
    const [first, second] = await Promise.all([poller.get(), pause(5).then(() => poller.get())]);
    assert.equal(first.status, 200);
    assert.equal(await first.text(), '1');
    assert.equal(second.status, 400);
    assert.equal((await poller.get()).status, 400);
  });

  test('a GET that is given up closes', async () => {
    const poller = await Poller.open(http());
    const controller = new AbortController();
    const given = poller.get({ signal: controller.signal });
    await pause(5);
    controller.abort();
    await assert.rejects(given);
    assert.equal((await poller.get()).status, 400);
  });

  test('a session changes over', async () => {
    const poller = await Poller.open(http());
    const socket = connect(poller.websocket);
    await next(socket, 'open');
    socket.send('2probe');
    assert.equal((await next(socket, 'message')).data, '3probe');
    const answer = await poller.get();
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), '6');
    socket.send('5');
    socket.send('4hello');
    assert.equal((await next(socket, 'message')).data, '4hello');
    const late = await poller.get();
    assert.equal(late.status, 400);
    socket.send('4still');
    assert.equal((await next(socket, 'message')).data, '4still');
    socket.close();
  });
});
