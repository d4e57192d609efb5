// @ts-check
// Scenario 7, what is said: whatever comes in, the answer is a clear error in the envelope, and nothing is stored.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ask } from '../lib/events.js';
import { call, checkError, ok, refused } from '../lib/http.js';
import { address, marker, uuid7 } from '../lib/ids.js';
import { Person, pair } from '../lib/person.js';
import { RawSocket, writeAndVanish } from '../lib/raw.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { placesOf } from '../lib/store.js';
import { soon } from '../lib/wait.js';

const stack = stackForThisFile();

/** No field of any request takes these. */
const NEVER = [{ $ne: '' }, { $gt: 0 }, [{ $ne: '' }], [['x']], true, 'nul\u0000nul', '\u0000'];
/** What fields say that take any text: "not this one" as well as "not such a one". */
const NOT_THIS = {
  otp: ['VALIDATION_ERROR', 'UNAUTHORIZED'],
  refreshToken: ['VALIDATION_ERROR', 'UNAUTHORIZED'],
  token: ['VALIDATION_ERROR', 'UNAUTHORIZED'],
  epoch: ['VALIDATION_ERROR', 'CONFLICT'],
};
const NO_ID = ['', 'x', '1', `${randomUUID()}0`, 'zzzzzzzz-zzzz-7zzz-8zzz-zzzzzzzzzzzz', "' or 1=1 --", '../../etc/passwd', 5];
const NO_POSITION = [-1, 1.5, '1', 2 ** 53, 1e308, -0.5, null];

/**
 * Everybody that takes part, and what must not change.
 *
 * @returns {Promise<{ anna: Person, bert: Person, carl: Person, id: string, epoch: string, unchanged: () => Promise<void> }>}
 */
async function scene() {
  const { anna, bert, id, conversation } = await pair(stack());
  const carl = await Person.login(stack(), { at: 1 });
  ok(await anna.say(id, 'the only message'), 201);
  const look = async () => ({
    log: await anna.entries(id),
    conversation: ok(await anna.get(`/conversations/${id}`)).conversation,
    hers: ok(await bert.get(`/conversations/${id}`)).conversation,
    unread: await bert.unread(),
    me: ok(await anna.get('/users/me')),
    settings: ok(await anna.get('/users/me/settings')),
  });
  const before = await look();
  const unchanged = async () => assert.deepEqual(await look(), before, 'nothing was stored');
  return { anna, bert, carl, id, epoch: conversation.epoch, unchanged };
}

/**
 * Every call with a body: how a right one looks, and which values each field must refuse beside those of `NEVER`.
 *
 * @param {Awaited<ReturnType<typeof scene>>} scene
 * @returns {{ method: string, path: string, body: () => Record<string, unknown>, bad: Record<string, unknown[]> }[]}
 */
function calls({ bert, id, epoch }) {
  const noText = ['', 5, 'x'.repeat(11_000), null];
  return [
    {
      method: 'POST',
      path: '/auth/login',
      body: () => ({ email: address() }),
      bad: {
        email: ['', 'x', '@', 'a@', '@b', 'a@b@c.org', 'a b@example.org', `${'x'.repeat(300)}@example.org`,
          'a@example.org\r\nBcc: b@example.org', 'a@example.org\nx', 'a@exa\tmple.org', '<a@example.org>', 5, null],
        deviceToken: [5],
      },
    },
    {
      method: 'POST',
      path: '/auth/verify',
      body: () => ({ challenge: randomUUID(), otp: '123456', device: { name: 'x', platform: 'web' } }),
      bad: {
        challenge: [...NO_ID, null],
        otp: ['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', 123456, null],
        device: ['x', 5, null, {}, { name: 'x' }, { name: '', platform: 'web' }, { name: 'x'.repeat(1_000), platform: 'web' },
          { name: 'x', platform: 'x'.repeat(33) }, { name: { $ne: '' }, platform: 'web' },
          { name: 'x', platform: { $ne: '' } }, { id: { $ne: '' }, name: 'x', platform: 'web' },
          { id: 'x', name: 'x', platform: 'web' }, { name: 'x', platform: 'web', admin: true }],
      },
    },
    { method: 'POST', path: '/auth/refresh', body: () => ({ refreshToken: 'x' }), bad: { refreshToken: [5, null] } },
    {
      method: 'PATCH',
      path: '/users/me',
      body: () => ({}),
      bad: {
        name: [5, 'x'.repeat(65), 'a\r\nb'],
        username: [5, 'x', 'x'.repeat(33), 'with space', 'ümlaut', '$ne', 'a\nb'],
        bio: [5, 'x'.repeat(281)],
      },
    },
    {
      method: 'PATCH',
      path: '/users/me/settings',
      body: () => ({}),
      bad: { readReceipts: ['yes', 1], lastSeen: ['yes'], discoverableByMail: [1], whoMayMessageMe: ['nobody-knows', 5] },
    },
    {
      method: 'POST',
      path: '/conversations',
      body: () => ({ kind: 'direct', userId: bert.id }),
      bad: { kind: ['', 'Direct', 'party', 5, null], userId: [...NO_ID, null] },
    },
    {
      method: 'POST',
      path: `/conversations/${id}/messages`,
      body: () => ({ id: uuid7(), text: marker() }),
      bad: {
        id: [...NO_ID, randomUUID(), null],
        text: noText,
        formatting: ['x', [5], [{ style: 'blink', start: 0, end: 1 }], [{ style: 'bold', start: -1, end: 1 }],
          [{ style: 'bold', start: 2, end: 1 }], [{ style: 'bold', start: 0, end: 10_000 }], [{ style: 'bold' }]],
        replyTo: ['x', 5, {}, { id: { $ne: '' } }, { id: 'x', senderId: bert.id, excerpt: 'x' }],
        mentions: ['x', [5], ['x'], [{ $ne: '' }]],
        attachmentIds: ['x', [5], ['x'], [{ $ne: '' }]],
      },
    },
    {
      method: 'POST',
      path: `/conversations/${id}/delivered`,
      body: () => ({ seq: 1, epoch }),
      bad: { seq: [...NO_POSITION, 2, 1_000_000], epoch: [5, null] },
    },
    {
      method: 'POST',
      path: `/conversations/${id}/read`,
      body: () => ({ seq: 1, count: 1 }),
      bad: { seq: [...NO_POSITION, 2, 1_000_000], count: [...NO_POSITION, 2] },
    },
    {
      method: 'POST',
      path: '/sync',
      body: () => ({}),
      bad: {
        since: [5, 'x', 'AAAA', 'x'.repeat(10_000)],
        cursors: ['x', [5], [{}], [{ conversationId: 'x', seq: 1, epoch }], [{ conversationId: id, seq: -1, epoch }],
          [{ conversationId: id, seq: 1 }], [{ conversationId: { $ne: '' }, seq: 1, epoch }],
          [{ conversationId: id, seq: { $gt: 0 }, epoch }], [{ conversationId: id, seq: 1, epoch: { $ne: '' } }]],
      },
    },
  ];
}

/** Events of the same meaning: name, payload, and values to be refused. @param {Awaited<ReturnType<typeof scene>>} scene */
function events(scene) {
  const { id, epoch } = scene;
  const rest = new Map(calls(scene).map((one) => [one.path, one.bad]));
  const conversationId = [...NO_ID, null];
  const cursor = { conversationId: id, seq: 1, epoch };
  return [
    {
      event: 'message:send',
      payload: () => ({ id: uuid7(), conversationId: id, text: marker() }),
      bad: { ...rest.get(`/conversations/${id}/messages`), conversationId },
    },
    {
      event: 'message:delivered',
      payload: () => ({ cursors: [cursor] }),
      bad: {
        cursors: ['x', 5, null, [5], [{}], ...NO_POSITION.map((seq) => [{ ...cursor, seq }]), [{ ...cursor, seq: 2 }],
          [{ ...cursor, seq: { $gt: 0 } }], [{ ...cursor, epoch: { $ne: '' } }], [{ ...cursor, conversationId: { $ne: '' } }],
          [{ ...cursor, more: 1 }]],
      },
    },
    {
      event: 'message:read',
      payload: () => ({ conversationId: id, seq: 1, count: 1 }),
      bad: { ...rest.get(`/conversations/${id}/read`), conversationId },
    },
    { event: 'sync', payload: () => ({}), bad: rest.get('/sync') ?? {} },
    {
      event: 'range',
      payload: () => ({ conversationId: id, from: 1, to: 1 }),
      bad: { conversationId, from: [-1, 1.5, '1', 1e308, null], to: [-1, 1.5, '1', 1e308, null], limit: [-1, 0, 1.5, '1', 1e308] },
    },
    { event: 'auth:refresh', payload: () => ({ token: scene.anna.token }), bad: { token: [null, 5] } },
  ];
}

/**
 * Fails unless the error refuses that value of that field.
 *
 * @param {any} error
 * @param {string} field
 * @param {unknown} value
 * @param {string} context
 */
function assertRefuses(error, field, value, context) {
  const anyText = typeof value === 'string' ? NOT_THIS[/** @type {keyof NOT_THIS} */ (field)] : undefined;
  const said = `${context} with ${field} ${JSON.stringify(value).slice(0, 80)}: ${JSON.stringify(error)}`;
  assert.ok((anyText ?? ['VALIDATION_ERROR']).includes(error?.code), said);
  if (anyText) return;
  const fields = error.details.map((/** @type {any} */ d) => d.field);
  assert.ok(fields.length > 0, `which field is it? ${said}`);
  assert.ok(fields.every((/** @type {string} */ f) => f.startsWith(field)), said);
}

test('every field of every call refuses what it cannot mean', async () => {
  const all = await scene();
  for (const { method, path, body, bad } of calls(all)) {
    for (const [field, values] of Object.entries(bad)) {
      for (const value of [...NEVER, ...values]) {
        if (value === true && ['readReceipts', 'lastSeen', 'discoverableByMail'].includes(field)) continue;
        const answer = await all.anna.call(method, path, { ...body(), [field]: value });
        // A device token that is none is like no device token.
        if (field === 'deviceToken' && typeof value === 'string') assert.ok(answer.status < 500);
        else assertRefuses(answer.body?.error, field, value, `${method} ${path}`);
      }
    }
  }
  await all.unchanged();
  stack().assertAlive();
});

test('every field of every event refuses what it cannot mean', async () => {
  const all = await scene();
  const socket = await all.anna.connect();
  for (const { event, payload, bad } of events(all)) {
    for (const [field, values] of Object.entries(bad)) {
      for (const value of [...NEVER, ...values]) {
        const answer = await ask(socket, event, { ...payload(), [field]: value });
        assert.equal(answer.ok, false, `${event} with ${field} ${JSON.stringify(value)}: ${JSON.stringify(answer)}`);
        checkError(answer.error, event);
        if (field === 'cursors') assert.equal(answer.error.code, 'VALIDATION_ERROR', JSON.stringify(answer));
        else assertRefuses(answer.error, field, value, event);
      }
    }
  }
  assert.ok(socket.connected, 'none of it costs the connection');
  all.anna.leave();
  await all.unchanged();
});

test('unknown fields are refused and named', async () => {
  const all = await scene();
  for (const { method, path, body } of calls(all)) {
    for (const field of ['senderId', '$where', '__proto__x']) {
      const error = refused(await all.anna.call(method, path, { ...body(), [field]: all.bert.id }), 'VALIDATION_ERROR');
      assert.ok(JSON.stringify(error).includes(field), `${path}: ${JSON.stringify(error)}`);
    }
  }
  const socket = await all.anna.connect();
  for (const { event, payload } of events(all)) {
    const answer = await ask(socket, event, { ...payload(), senderId: all.bert.id });
    assert.equal(answer.error?.code, 'VALIDATION_ERROR', `${event}: ${JSON.stringify(answer)}`);
  }
  all.anna.leave();
  await all.unchanged();
});

test('missing fields are refused', async () => {
  const all = await scene();
  for (const { method, path, body } of calls(all)) {
    for (const field of Object.keys(body())) {
      const { [field]: _, ...rest } = body();
      refused(await all.anna.call(method, path, rest), 'VALIDATION_ERROR');
    }
  }
  const socket = await all.anna.connect();
  for (const { event, payload } of events(all)) {
    const fields = Object.keys(payload());
    const payloads = fields.length ? [...fields.map((f) => ({ ...payload(), [f]: undefined })), {}] : [];
    for (const bad of [...payloads, null, 5, 'x', []]) {
      const answer = await ask(socket, event, bad);
      assert.equal(answer.error?.code, 'VALIDATION_ERROR', `${event} ${JSON.stringify(bad)}: ${JSON.stringify(answer)}`);
    }
  }
  const unknown = await ask(socket, 'message:explode', {});
  assert.equal(unknown.ok, false, 'an event nobody knows is answered too');
  checkError(unknown.error, 'message:explode');
  all.anna.leave();
  await all.unchanged();
});

test('bodies that are no JSON are refused', async () => {
  const all = await scene();
  const text = marker();
  const good = JSON.stringify({ id: uuid7(), text });
  const bodies = {
    'nothing': '',
    'half': good.slice(0, -5),
    'more after the end': `${good}}`,
    'a list': `[${good}]`,
    'an empty list': '[]',
    'null': 'null',
    'a number': '5',
    'a byte-order mark': `\ufeff${good}`,
    'NUL bytes': `\u0000${good}`,
    'a field twice': good.replace('{', `{"text":"x",`),
    'half a character': good.replace(text, '\\ud800'),
    'invalid UTF-8': Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('"}')]),
    'UTF-16': Buffer.from(good, 'utf16le'),
    'deep lists': '['.repeat(20_000) + ']'.repeat(20_000),
    'deep objects': '{"text":'.repeat(5_000) + '1' + '}'.repeat(5_000),
    'deep inside a field': `{"id":"${uuid7()}","text":"x","replyTo":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    'a huge number': `{"id":"${uuid7()}","text":1${'0'.repeat(1_000)}}`,
    'not a number': `{"id":"${uuid7()}","text":NaN}`,
  };
  for (const { method, path } of calls(all)) {
    for (const [what, raw] of Object.entries(bodies)) {
      const answer = await all.anna.call(method, path, undefined, { raw });
      assert.equal(answer.body?.error?.code, 'VALIDATION_ERROR', `${path} with ${what}: ${JSON.stringify(answer.body)}`);
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', '']) {
      const answer = await all.anna.call(method, path, undefined, { raw: good, headers: { 'content-type': type } });
      refused(answer, 'UNSUPPORTED_MEDIA_TYPE');
    }
  }
  await all.unchanged();
  assert.deepEqual(await placesOf(stack().state.store, text), []);
});

test('a megabyte is refused by every call, at the gateway and behind it', async () => {
  const all = await scene();
  const text = marker();
  const raw = JSON.stringify({ id: uuid7(), text: text + 'x'.repeat(1_000_000) });
  const doors = calls(all);
  const { state } = stack();
  const direct = (/** @type {string} */ path) => {
    const role = /^\/(auth|users)/.test(path) ? 'user' : 'chat-1';
    return new URL(state.processes[stack().process(role)].health).origin;
  };
  for (const { method, path } of doors) {
    for (const base of [stack().base, direct(path)]) {
      const answer = await call(base, method, `/api/v1${path}`, undefined, { raw, token: all.anna.token });
      refused(answer, 'PAYLOAD_TOO_LARGE');
    }
  }
  if (SHAPE === 'split') {
    const huge = raw + ' '.repeat(3_000_000);
    const answer = await call(stack().base, 'POST', `/api/v1/conversations/${all.id}/messages`, undefined, { raw: huge });
    refused(answer, 'PAYLOAD_TOO_LARGE');
  }
  await all.unchanged();
  assert.deepEqual(await placesOf(state.store, text), []);
});

test('a text of 10 000 characters is the longest', async () => {
  const { anna, id, unchanged } = await scene();
  const over = '👍'.repeat(10_001);
  const error = refused(await anna.say(id, over), 'VALIDATION_ERROR', 'text');
  assert.match(error.message + JSON.stringify(error.details), /10.?000/, 'names the limit');
  refused(await anna.say(id, 'x'.repeat(11_000)), 'VALIDATION_ERROR', 'text');
  const socket = await anna.connect();
  const answer = await ask(socket, 'message:send', { id: uuid7(), conversationId: id, text: 'x'.repeat(11_000) });
  assert.equal(answer.error?.code, 'VALIDATION_ERROR', JSON.stringify(answer));
  anna.leave();
  await unchanged();
});

test('ids and numbers in addresses are checked', async () => {
  const { anna, id, unchanged } = await scene();
  for (const bad of ['x', '5', `${id}0`, '%00', '%ff', '$ne', '%7B%22$ne%22:%22%22%7D', 'x'.repeat(2_000)]) {
    for (const [method, path] of [['GET', ''], ['GET', '/entries?after=0'], ['POST', '/messages'], ['POST', '/delivered'], ['POST', '/read']]) {
      const body = method === 'POST' ? { id: uuid7(), text: 'x' } : undefined;
      const answer = await anna.call(method, `/conversations/${bad}${path}`, body);
      refused(answer, 'VALIDATION_ERROR');
    }
    refused(await anna.get(`/users/${bad}`), 'VALIDATION_ERROR');
    refused(await anna.call('DELETE', `/devices/${bad}`), 'VALIDATION_ERROR');
    refused(await anna.call('DELETE', `/auth/sessions/${bad}`), 'VALIDATION_ERROR');
  }
  for (const query of ['after=-1', 'after=x', 'after=1.5', 'after=99999999999999999999999', 'after[$gt]=0', 'limit=0',
    'limit=-1', 'limit=x', 'limit=1000000000', 'after=0&more=1', 'after=0&after=1', 'after=%ff']) {
    refused(await anna.get(`/conversations/${id}/entries?${query}`), 'VALIDATION_ERROR');
  }
  for (const query of ['limit=0', 'limit=x', 'cursor=x', 'cursor=%00', 'cursor[$ne]=x']) {
    refused(await anna.get(`/conversations?${query}`), 'VALIDATION_ERROR');
  }
  for (const query of ['q[$ne]=x', 'q=aa&limit=0', 'q=aa&limit=x', 'q=aa&more=1', `q=${'x'.repeat(5_000)}`, 'q=%00%00']) {
    refused(await anna.get(`/users?${query}`), 'VALIDATION_ERROR');
  }
  // A position that is not there yet is no error for a reader: there is nothing above it.
  assert.deepEqual(ok(await anna.get(`/conversations/${id}/entries?after=${2 ** 52}`)).data, []);
  await unchanged();
});

test('addresses that do not exist are answered with the envelope too', async () => {
  const anna = await Person.login(stack());
  for (const path of ['/api/v1/nothing', '/api/v1/conversations/x/y/z', '/api/v2/users/me', '/api/v1/users/me/../../../etc/passwd',
    '/api/v1/conversations/%2e%2e%2fusers/me', '/nothing.php']) {
    refused(await call(stack().base, 'GET', path, undefined, { token: anna.token }), 'NOT_FOUND');
  }
  const wrongMethod = await anna.call('DELETE', '/unread');
  assert.ok(wrongMethod.status >= 400 && wrongMethod.status < 500, `${wrongMethod.status}`);
});

test('somebody who is not a member learns and changes nothing', async () => {
  const all = await scene();
  const { carl, anna, id, epoch } = all;
  const text = marker();
  const nowhere = randomUUID();
  for (const target of [id, nowhere]) {
    refused(await carl.get(`/conversations/${target}`), 'NOT_FOUND');
    refused(await carl.get(`/conversations/${target}/entries?after=0`), 'NOT_FOUND');
    refused(await carl.say(target, text), 'NOT_FOUND');
    refused(await carl.post(`/conversations/${target}/delivered`, { seq: 1, epoch }), 'NOT_FOUND');
    refused(await carl.post(`/conversations/${target}/read`, { seq: 1, count: 1 }), 'NOT_FOUND');
  }
  const socket = await carl.connect();
  for (const conversationId of [id, nowhere]) {
    const asked = {
      'message:send': { id: uuid7(), conversationId, text },
      'message:delivered': { cursors: [{ conversationId, seq: 1, epoch }] },
      'message:read': { conversationId, seq: 1, count: 1 },
      'range': { conversationId, from: 1, to: 1 },
    };
    for (const [event, payload] of Object.entries(asked)) {
      const answer = await ask(socket, event, payload);
      assert.equal(answer.error?.code, 'NOT_FOUND', `${event}: ${JSON.stringify(answer)}`);
      checkError(answer.error, event);
    }
  }
  // Someone else's id in a list: nothing of it, and nothing about it.
  const synced = await ask(socket, 'sync', { cursors: [{ conversationId: id, seq: 0, epoch }] });
  assert.ok(!JSON.stringify(synced).includes('the only message'), JSON.stringify(synced));
  assert.ok(!JSON.stringify(synced).includes(anna.id), JSON.stringify(synced));
  const { since } = await ask(await anna.connect(), 'sync', {});
  const foreign = await ask(socket, 'sync', { since });
  assert.ok(!JSON.stringify(foreign).includes('the only message'), 'another person\'s place to go on from');

  refused(await carl.call('DELETE', `/devices/${anna.device.id}`), 'NOT_FOUND');
  carl.leave();
  anna.leave();
  await all.unchanged();
  assert.deepEqual(await placesOf(stack().state.store, text), []);
});

test('frames that are no packets cost at most the connection they came on', async () => {
  const all = await scene();
  const bystander = await all.bert.connect();
  const send = (/** @type {object} */ payload) => `420["message:send",${JSON.stringify(payload)}]`;
  const text = marker();
  const frames = {
    'nothing': '',
    'no packet type': 'x',
    'an unknown packet type': '9',
    'an unknown inner type': '49',
    'half an event': '42["message:send",{',
    'an event without name': '42[]',
    'a name that is none': '42[{"$ne":""},{}]',
    'no list': '42{"a":1}',
    'a reserved name': '42["disconnect"]',
    'a second hello': `40${JSON.stringify({ token: all.anna.token })}`,
    'another namespace': '42/admin,["message:send",{}]',
    'an acknowledgement nobody asked for': '43999[1]',
    'a huge acknowledgement number': `42${'9'.repeat(400)}["sync",{}]`,
    'a lot of attachments': '45999999999-["message:send",{"_placeholder":true,"num":0}]',
    'an attachment out of nowhere': '451-["message:send",{"_placeholder":true,"num":5}]',
    'deep JSON': `42["message:send",${'['.repeat(20_000)}${']'.repeat(20_000)}]`,
    'a megabyte': send({ id: uuid7(), conversationId: all.id, text: text + 'x'.repeat(1_000_000) }),
    'invalid UTF-8': Buffer.concat([Buffer.from('42["message:send",{"text":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}]')]),
    'NUL': '42["message:send",{"text":"\u0000"}]',
  };
  for (const [what, frame] of Object.entries(frames)) {
    const raw = await RawSocket.open(all.anna.base, all.anna.token);
    raw.send(frame);
    // Either it is closed, or it goes on answering.
    raw.send('4277["sync",{}]');
    const goesOn = raw.hears((packet) => packet.startsWith('4377[')).then(() => 'goes on', () => 'closed');
    await soon(`an end after ${what}`, Promise.race([goesOn, raw.closed]));
    raw.vanish();
  }
  await writeAndVanish(all.anna.base, 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgra');
  await writeAndVanish(all.anna.base, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
  const raw = await RawSocket.open(all.anna.base, all.anna.token);
  // Promises a frame of 1000 bytes, sends three, and is gone.
  /** @type {any} */ (raw.ws)._socket.write(Buffer.from([0x81, 0xfe, 0x03, 0xe8, 1, 2, 3, 4, 5, 6, 7]));
  raw.vanish();

  assert.ok((await ask(bystander, 'sync', {})).ok, 'others did not notice');
  all.bert.leave();
  await all.unchanged();
  assert.deepEqual(await placesOf(stack().state.store, text), []);
  stack().assertAlive();
});

test('somebody who speaks no token is shown out', async () => {
  const raw = await RawSocket.open(stack().base);
  raw.send('42["message:send",{}]');
  await soon('the connection to be closed', raw.closed);
});
