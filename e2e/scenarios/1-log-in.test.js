// @ts-check
// Scenario 1: people log in with a code from the mail, stay logged in, and log out everywhere at once.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Heard, ask } from '../lib/events.js';
import { call, ok, refused } from '../lib/http.js';
import { address, isTime, isUuid } from '../lib/ids.js';
import { Person, refusal } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { claims } from '../lib/token.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();
const device = { name: 'Laptop', platform: 'linux' };

/** @param {string} email @param {object} [more] */
const login = (email, more) => call(stack().base, 'POST', '/api/v1/auth/login', { email, ...more });
/** @param {object} body */
const verify = (body) => call(stack().base, 'POST', '/api/v1/auth/verify', { device, ...body });
/** @param {string} refreshToken */
const refresh = (refreshToken) => call(stack().base, 'POST', '/api/v1/auth/refresh', { refreshToken });
/** A code that is not that one. @param {string} otp */
const other = (otp) => String((Number(otp) + 1) % 1_000_000).padStart(6, '0');

test('a code arrives by mail and opens a session', async () => {
  const email = address();
  const asked = ok(await login(email), 202);
  assert.deepEqual(Object.keys(asked).sort(), ['challenge', 'expiresIn', 'resendIn']);
  assert.ok(asked.expiresIn > 0 && asked.resendIn >= 0);

  const otp = await stack().mail.code(email);
  const session = ok(await verify({ challenge: asked.challenge, otp }));
  assert.ok(session.isNewUser);
  assert.ok(isUuid(session.user.id) && isUuid(session.device.id));
  assert.ok(isTime(session.user.createdAt));
  assert.equal(session.user.name, null, 'nothing is derived from the address');
  assert.equal(session.user.username, null);
  assert.equal(session.device.name, device.name);
  assert.equal(session.device.platform, device.platform);
  assert.ok(session.expiresIn > 0);
  assert.ok(!JSON.stringify(session).includes(email), 'the address is not part of the answer');

  const me = ok(await call(stack().base, 'GET', '/api/v1/users/me', undefined, { token: session.accessToken }));
  assert.equal(me.id, session.user.id);
  const who = claims(session.accessToken);
  assert.equal(who.sub, session.user.id);
  assert.equal(who.did, session.device.id);
});

test('a person keeps their identity, a device its own, and nobody gets the device of somebody else', async () => {
  const email = address();
  const first = await Person.login(stack(), { email });
  const again = await Person.login(stack(), { email, device: { id: first.device.id, ...device } });
  assert.equal(again.id, first.id);
  assert.equal(again.device.id, first.device.id);
  assert.equal(again.isNew, false);

  const phone = await first.onAnotherDevice();
  assert.equal(phone.id, first.id);
  assert.notEqual(phone.device.id, first.device.id);

  const stranger = await Person.login(stack(), { device: { id: first.device.id, ...device } });
  assert.notEqual(stranger.device.id, first.device.id);
});

test('the address is taken as people write it', async () => {
  const email = address();
  const person = await Person.login(stack(), { email });
  const { challenge } = ok(await login(` ${email.toUpperCase()} `), 202);
  const session = ok(await verify({ challenge, otp: await stack().mail.code(email) }));
  assert.equal(session.user.id, person.id);
});

test('a wrong code is refused and the right one still works', async () => {
  const email = address();
  const { challenge } = ok(await login(email), 202);
  const otp = await stack().mail.code(email);
  refused(await verify({ challenge, otp: other(otp) }), 'UNAUTHORIZED', 'otp');
  ok(await verify({ challenge, otp }));
});

test('a used code is refused, also when both come at once', async () => {
  const email = address();
  const { challenge } = ok(await login(email), 202);
  const otp = await stack().mail.code(email);
  const both = await Promise.all([verify({ challenge, otp }), verify({ challenge, otp })]);
  both.sort((a, b) => a.status - b.status);
  ok(both[0]);
  refused(both[1], 'UNAUTHORIZED', 'challenge');
  refused(await verify({ challenge, otp }), 'UNAUTHORIZED', 'challenge');
});

test('after five wrong tries the sixth is refused although it is right', async () => {
  const email = address();
  const { challenge } = ok(await login(email), 202);
  const otp = await stack().mail.code(email);
  for (let tries = 0; tries < 5; tries += 1) {
    refused(await verify({ challenge, otp: other(otp) }), 'UNAUTHORIZED', 'otp');
  }
  refused(await verify({ challenge, otp }), 'UNAUTHORIZED', 'challenge');
});

test('a code counts for its own challenge only', async () => {
  const email = address();
  const first = ok(await login(email), 202);
  const firstOtp = await stack().mail.code(email);
  const second = ok(await login(email), 202);
  const secondOtp = await stack().mail.code(email);
  assert.notEqual(first.challenge, second.challenge);
  if (firstOtp !== secondOtp) {
    refused(await verify({ challenge: first.challenge, otp: secondOtp }), 'UNAUTHORIZED', 'otp');
  }
  ok(await verify({ challenge: first.challenge, otp: firstOtp }));
  ok(await verify({ challenge: second.challenge, otp: secondOtp }));
});

test('an unknown challenge is refused', async () => {
  refused(await verify({ challenge: randomUUID(), otp: '123456' }), 'UNAUTHORIZED', 'challenge');
});

test('known and unknown addresses get the same answer', async () => {
  const { email } = await Person.login(stack());
  const known = await login(email);
  const unknown = await login(address());
  assert.equal(known.status, unknown.status);
  assert.deepEqual({ ...known.body, challenge: '' }, { ...unknown.body, challenge: '' });
});

test('refreshing rotates, a lost reply logs nobody out, and a stolen token ends the family', async () => {
  const person = await Person.login(stack());
  const first = person.refreshToken;
  const second = ok(await refresh(first)).refreshToken;
  assert.notEqual(second, first);

  // The reply was lost: the same token once more, before its successor was used.
  const repeated = ok(await refresh(first));
  ok(await call(stack().base, 'GET', '/api/v1/users/me', undefined, { token: repeated.accessToken }));

  const third = ok(await refresh(repeated.refreshToken));
  // Now the first is a used one: whoever has it is not the person.
  refused(await refresh(first), 'UNAUTHORIZED');
  refused(await refresh(third.refreshToken), 'UNAUTHORIZED');
  await until('the access token to be refused', async () => {
    const answer = await call(stack().base, 'GET', '/api/v1/users/me', undefined, { token: third.accessToken });
    return answer.status === 401;
  });
});

test('two tabs that refresh at once both stay logged in', async () => {
  const person = await Person.login(stack());
  const tabs = await Promise.all([refresh(person.refreshToken), refresh(person.refreshToken)]);
  const next = tabs.map((tab) => ok(tab).refreshToken);
  assert.equal(next[0], next[1]);
  ok(await refresh(next[0]));
});

test('a made-up refresh token is refused', async () => {
  const person = await Person.login(stack());
  const spoilt = person.refreshToken.slice(0, -4) + (person.refreshToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
  refused(await refresh(spoilt), 'UNAUTHORIZED');
  refused(await refresh('not-a-token'), 'UNAUTHORIZED');
  ok(await refresh(person.refreshToken));
});

test('logging out closes the sockets of this session on every instance and nobody else\'s', async () => {
  const laptop = await Person.login(stack());
  const phone = await laptop.onAnotherDevice({ at: 1 });
  const here = await laptop.connect({ at: 0 });
  const there = await laptop.connect({ at: 1 });
  const phoneSocket = await phone.connect();
  const heard = [new Heard(here), new Heard(there)];

  ok(await laptop.post('/auth/logout'), 204);
  await until('both sockets to be closed', () => !here.connected && !there.connected, { within: 2_000 });
  for (const one of heard) assert.equal(one.of('session:revoked').length, 1);

  for (const at of [0, 1]) {
    refused(await call(stack().instance(at), 'GET', '/api/v1/conversations', undefined, laptop), 'UNAUTHORIZED');
    refused(await call(stack().instance(at), 'GET', '/api/v1/users/me', undefined, laptop), 'UNAUTHORIZED');
    assert.equal((await refusal(laptop.socket({ at }))).data.code, 'UNAUTHORIZED');
  }
  refused(await refresh(laptop.refreshToken), 'UNAUTHORIZED');

  assert.ok((await ask(phoneSocket, 'sync', {})).ok, 'the other device goes on');
  phone.leave();
});

test('a session can be seen and ended from another device', async () => {
  const laptop = await Person.login(stack());
  const phone = await laptop.onAnotherDevice({ at: 1 });
  const socket = await phone.connect();
  const sessions = ok(await laptop.get('/auth/sessions')).data;
  assert.equal(sessions.length, 2);

  ok(await laptop.call('DELETE', `/auth/sessions/${claims(phone.token).sid}`), 204);
  await until('the socket to be closed', () => !socket.connected, { within: 2_000 });
  refused(await phone.get('/users/me'), 'UNAUTHORIZED');
  assert.equal(ok(await laptop.get('/auth/sessions')).data.length, 1);

  const stranger = await Person.login(stack());
  refused(await stranger.call('DELETE', `/auth/sessions/${claims(laptop.token).sid}`), 'NOT_FOUND');
  ok(await laptop.get('/users/me'));
});

test('a device can be forgotten, which ends its session', async () => {
  const laptop = await Person.login(stack());
  const phone = await laptop.onAnotherDevice({ at: 1 });
  const socket = await phone.connect();
  const ids = ok(await laptop.get('/devices')).data.map((/** @type {any} */ d) => d.id);
  assert.deepEqual(ids.sort(), [laptop.device.id, phone.device.id].sort());

  ok(await laptop.call('DELETE', `/devices/${phone.device.id}`), 204);
  await until('the socket to be closed', () => !socket.connected, { within: 2_000 });
  refused(await refresh(phone.refreshToken), 'UNAUTHORIZED');
  assert.deepEqual(ok(await laptop.get('/devices')).data.map((/** @type {any} */ d) => d.id), [laptop.device.id]);
});
