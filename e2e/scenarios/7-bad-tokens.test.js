// @ts-check
// Scenario 7, who is it: a token that the user service has not signed for this purpose opens nothing.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { ask } from '../lib/events.js';
import { call, ok, refused } from '../lib/http.js';
import { Person, pair, refusal } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { altered, claims, header, signedByHmac, signedByStranger, unsigned } from '../lib/token.js';

const stack = stackForThisFile();

/**
 * Tokens that must be refused, by what is wrong with them.
 *
 * @param {Person} person
 * @param {Person} victim
 * @returns {Promise<Record<string, string>>}
 */
async function forgeries(person, victim) {
  const head = header(person.token);
  const body = claims(person.token);
  const [jwk] = ok(await call(stack().base, 'GET', '/.well-known/jwks.json')).keys;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const [first, second, signature] = person.token.split('.');
  return {
    'a stranger\'s signature': signedByStranger(head, body),
    'a stranger\'s signature without key id': signedByStranger({ alg: head.alg, typ: head.typ }, body),
    'an unknown key id': signedByStranger({ ...head, kid: 'another' }, body),
    'a key of its own': signedByStranger({ ...head, jwk }, body),
    'HMAC with the public key\'s bytes': signedByHmac(head, body, Buffer.from(jwk.x, 'base64url')),
    'HMAC with the public key\'s text': signedByHmac(head, body, jwk.x),
    'HMAC with the public key as PEM': signedByHmac(head, body, key.export({ type: 'spki', format: 'pem' })),
    'HMAC with the public key as DER': signedByHmac(head, body, key.export({ type: 'spki', format: 'der' })),
    'HMAC with nothing': signedByHmac(head, body, ''),
    'no signature': unsigned(head, body),
    'no signature, None': unsigned(head, body, 'None'),
    'no signature, but the right algorithm': unsigned(head, body, head.alg),
    'somebody else\'s name': altered(person.token, { sub: victim.id }),
    'a longer life': altered(person.token, { exp: body.exp + 3600 }),
    'another head': [Buffer.from(JSON.stringify({ ...head, alg: 'none' })).toString('base64url'), second, signature].join('.'),
    'half a signature': [first, second, signature.slice(0, 40)].join('.'),
    'two tokens in one': `${person.token}.${person.token}`,
    'a refresh token': person.refreshToken,
    'no token': 'x',
    'dots': '..',
    'very long': 'a'.repeat(6_000),
  };
}

test('a forged token is refused everywhere, and looks like any other refusal', async () => {
  const { anna, bert, id } = await pair(stack());
  for (const [what, token] of Object.entries(await forgeries(anna, bert))) {
    for (const at of [0, 1]) {
      const base = stack().instance(at);
      for (const path of ['/users/me', '/conversations', `/conversations/${id}/entries?after=0`]) {
        refused(await call(base, 'GET', `/api/v1${path}`, undefined, { token }), 'UNAUTHORIZED');
      }
      const body = { id: '0192f3b0-0000-7000-8000-000000000000', text: what };
      const sent = await call(base, 'POST', `/api/v1/conversations/${id}/messages`, body, { token });
      refused(sent, 'UNAUTHORIZED');
      const error = await refusal(anna.socket({ at, token }));
      assert.equal(error.data?.code, 'UNAUTHORIZED', what);
    }
  }
  assert.deepEqual(await anna.entries(id), []);
});

test('without a token, or with it in the wrong place, nobody is let in', async () => {
  const anna = await Person.login(stack());
  const path = '/api/v1/conversations';
  const { base } = stack();
  refused(await call(base, 'GET', path), 'UNAUTHORIZED');
  refused(await call(base, 'GET', `/api/v1/users/me?token=${anna.token}`), 'UNAUTHORIZED');
  for (const authorization of ['', 'Bearer', 'Bearer ', `Basic ${anna.token}`, anna.token, `Bearer ${anna.token} x`]) {
    refused(await call(base, 'GET', path, undefined, { headers: { authorization } }), 'UNAUTHORIZED');
  }
  const wrong = [null, '', 5, {}, [anna.token], { $ne: '' }].map((token) => ({ token, v: 1 }));
  for (const auth of [...wrong, {}, { v: 1 }]) {
    const error = await refusal(anna.socket({ options: { auth } }));
    assert.equal(error.data?.code, 'UNAUTHORIZED', JSON.stringify(auth));
  }
  ok(await anna.get('/conversations'));
});

test('a socket\'s token is renewed only by one of the same session', async () => {
  const { anna, bert } = await pair(stack());
  const socket = await anna.connect();
  for (const token of Object.values(await forgeries(anna, bert))) {
    const answer = await ask(socket, 'auth:refresh', { token });
    assert.equal(answer.error?.code, 'UNAUTHORIZED', JSON.stringify(answer));
  }
  const others = await ask(socket, 'auth:refresh', { token: bert.token });
  assert.equal(others.ok, false, 'another person\'s token');
  await anna.refresh();
  assert.ok((await ask(socket, 'auth:refresh', { token: anna.token })).ok);
  anna.leave();
});
