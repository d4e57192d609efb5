// @ts-check
// Scenario 1, what runs out: codes, tries, mails and tokens. The limits are set low here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, ok, refused } from '../lib/http.js';
import { address } from '../lib/ids.js';
import { Person, refusal } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { until } from '../lib/wait.js';

const CODE_TTL_S = 5;
const ACCESS_TTL_S = 2;
const TRIES_PER_DAY = 7;
const stack = stackForThisFile({
  RESTANTE_USER__LOGIN__CODE_TTL_S: String(CODE_TTL_S),
  RESTANTE_TOKENS__ACCESS_TTL_S: String(ACCESS_TTL_S),
  RESTANTE_USER__LOGIN__SENDS_PER_MINUTE: '2',
  RESTANTE_USER__LOGIN__TRIES_PER_DAY: String(TRIES_PER_DAY),
});
const device = { name: 'Laptop', platform: 'linux' };

/** @param {string} email @param {object} [more] */
const login = (email, more) => call(stack().base, 'POST', '/api/v1/auth/login', { email, ...more });
/** @param {object} body */
const verify = (body) => call(stack().base, 'POST', '/api/v1/auth/verify', { device, ...body });

test('an expired code is refused', async () => {
  const email = address();
  const { challenge, expiresIn } = ok(await login(email), 202);
  const asked = Date.now();
  assert.equal(expiresIn, CODE_TTL_S);
  const otp = await stack().mail.code(email);
  await until('the code to be out of date', () => Date.now() > asked + expiresIn * 1000 + 100);
  refused(await verify({ challenge, otp }), 'UNAUTHORIZED', 'challenge');
});

test('an expired access token is refused, and a refresh mends it', async () => {
  const person = await Person.login(stack());
  const expired = person.token;
  await until('the token to be out of date', async () => (await person.get('/users/me')).status === 401);
  for (const at of [0, 1]) {
    refused(await call(stack().instance(at), 'GET', '/api/v1/conversations', undefined, { token: expired }), 'UNAUTHORIZED');
    assert.equal((await refusal(person.socket({ at, token: expired }))).data.code, 'UNAUTHORIZED');
  }
  await person.refresh();
  ok(await person.get('/users/me'));
});

test('a socket whose token runs out is closed', async () => {
  const person = await Person.login(stack());
  await person.refresh();
  const socket = await person.connect();
  await until('the socket to be closed', () => !socket.connected, { within: ACCESS_TTL_S * 1000 + 20_000 });
});

test('mails to one address run out, for a while', async () => {
  const email = address();
  ok(await login(email), 202);
  ok(await login(email), 202);
  const error = refused(await login(email), 'RATE_LIMIT_EXCEEDED');
  assert.ok(error.retryAfter <= 60);
  ok(await login(address()), 202);
});

test('tries for one address run out over all its challenges', async () => {
  const email = address();
  for (const tries of [5, TRIES_PER_DAY - 5]) {
    const { challenge } = ok(await login(email), 202);
    const otp = await stack().mail.code(email);
    const wrong = otp === '000000' ? '000001' : '000000';
    for (let n = 0; n < tries; n += 1) {
      refused(await verify({ challenge, otp: wrong }), 'UNAUTHORIZED', 'otp');
    }
    if (tries !== 5) refused(await verify({ challenge, otp }), 'RATE_LIMIT_EXCEEDED');
  }
});

test('a stranger cannot lock out a device that has logged in before', async () => {
  const email = address();
  const known = await Person.login(stack(), { email });
  ok(await login(email), 202);
  await stack().mail.code(email);
  refused(await login(email), 'RATE_LIMIT_EXCEEDED');

  const { deviceToken } = known;
  const { challenge } = ok(await login(email, { deviceToken }), 202);
  ok(await verify({ challenge, otp: await stack().mail.code(email), device: { id: known.device.id, ...device } }));
  refused(await login(email, { deviceToken: `${deviceToken.slice(0, -4)}AAAA` }), 'RATE_LIMIT_EXCEEDED');
});
