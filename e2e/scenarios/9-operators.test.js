// @ts-check
// What an operator and a front-end developer rely on of every service.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, ok } from '../lib/http.js';
import { Person } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';

const stack = stackForThisFile();
/** Where each service itself answers, without the gateway. */
const origins = () => stack().services.map((name) => new URL(stack().state.processes[name].health).origin);

test('every service says that it lives, and what it depends on', async () => {
  for (const origin of origins()) {
    assert.equal((await fetch(`${origin}/health/live`)).status, 200);
    const ready = await fetch(`${origin}/health/ready`);
    assert.equal(ready.status, 200);
    const { status, checks } = /** @type {any} */ (await ready.json());
    assert.equal(status, 'ok');
    assert.ok(Object.keys(checks).length > 0);
    for (const check of Object.values(checks)) assert.equal(/** @type {any} */ (check).status, 'ok');
  }
});

test('every service counts what it does', async () => {
  await Person.login(stack());
  for (const origin of origins()) {
    const answer = await fetch(`${origin}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^# TYPE \w+ (counter|gauge|histogram|summary)$/m);
  }
});

test('the interface is described where it is served', async () => {
  const paths = new Set();
  for (const origin of origins()) {
    const answer = await fetch(`${origin}/openapi.json`);
    if (answer.status === 404) continue;
    const document = /** @type {any} */ (await answer.json());
    for (const path of Object.keys(document.paths)) paths.add(path);
    const docs = await fetch(`${origin}/docs/`);
    assert.equal(docs.status, 200);
    assert.match(docs.headers.get('content-type') ?? '', /html/);
  }
  for (const path of ['/api/v1/auth/login', '/api/v1/users/me', '/api/v1/conversations/{id}/messages', '/api/v1/sync']) {
    assert.ok(paths.has(path), `${path} among ${[...paths]}`);
  }
});

test('what a client must know before log-in needs no token', async () => {
  const config = ok(await call(stack().base, 'GET', '/api/v1/client-config'));
  assert.ok(Object.keys(config).length > 0);
  const { keys } = ok(await call(stack().base, 'GET', '/.well-known/jwks.json'));
  assert.equal(keys[0].kty, 'OKP');
  assert.equal(keys[0].crv, 'Ed25519');
  assert.equal(keys[0].d, undefined, 'the public part only');
});

test('a request id is taken if it is one, and made if not', async () => {
  const path = '/api/v1/client-config';
  const own = await call(stack().base, 'GET', path, undefined, { headers: { 'x-request-id': 'mine-42' } });
  assert.equal(own.headers.get('x-request-id'), 'mine-42');
  const odd = 'x'.repeat(300);
  const made = await call(stack().base, 'GET', path, undefined, { headers: { 'x-request-id': odd } });
  assert.notEqual(made.headers.get('x-request-id'), odd);
});
