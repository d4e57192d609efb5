// @ts-check
// Scenario 8: one trace id leads from the request through every process that had a part in answering it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Heard, ask } from '../lib/events.js';
import { call, ok } from '../lib/http.js';
import { address, marker, uuid7 } from '../lib/ids.js';
import { pair } from '../lib/person.js';
import { stackForThisFile } from '../lib/stack.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile({ RESTANTE_TELEMETRY__FORMAT: 'json', RESTANTE_TELEMETRY__FILTER: 'info,restante_chat=debug' });

function newTrace() {
  const id = randomBytes(16).toString('hex');
  return { id, headers: { traceparent: `00-${id}-${randomBytes(8).toString('hex')}-01` } };
}

/**
 * The processes and crates that have logged something under that trace id.
 *
 * @param {string} traceId
 */
async function loggedBy(traceId) {
  const found = new Set();
  for (const [name, log] of Object.entries(await stack().logs())) {
    for (const line of log.split('\n')) {
      if (!line.includes(traceId)) continue;
      const { target } = JSON.parse(line);
      found.add(name).add(String(target).split('::')[0]);
    }
  }
  return found;
}

/**
 * @param {string} traceId
 * @param {string[]} names
 */
async function reaches(traceId, names) {
  await until(`${traceId} in the logs of ${names}`, async () => {
    const found = await loggedBy(traceId);
    return names.every((name) => found.has(name));
  }, { every: 200 });
}

test('a log-in leads to the mail service', async () => {
  const trace = newTrace();
  const email = address();
  ok(await call(stack().base, 'POST', '/api/v1/auth/login', { email }, { headers: trace.headers }), 202);
  await stack().mail.code(email);
  await reaches(trace.id, [stack().process('user'), stack().process('mail'), 'restante_mail']);
  for (const log of Object.values(await stack().logs())) assert.ok(!log.includes(email), 'no address in a log');
});

test('a message leads to the instance that passes it on', async () => {
  const { anna, bert, id } = await pair(stack());
  const heard = new Heard(await bert.connect());
  const trace = newTrace();
  const text = marker();
  ok(await anna.post(`/conversations/${id}/messages`, { id: uuid7(), text }, { headers: trace.headers }), 201);
  await heard.first('message:new');
  await reaches(trace.id, [stack().process('chat-1'), stack().process('chat-2'), 'restante_chat']);
  for (const log of Object.values(await stack().logs())) assert.ok(!log.includes(text), 'no text in a log');
  bert.leave();
});

test('a new conversation leads to the user service', async () => {
  const trace = newTrace();
  const { anna, bert } = await pair(stack());
  const { anna: carl } = await pair(stack());
  ok(await anna.post('/conversations', { kind: 'direct', userId: carl.id }, { headers: trace.headers }), 201);
  await reaches(trace.id, [stack().process('chat-1'), stack().process('user')]);
  bert.leave();
});

test('a socket continues the trace it was opened under', async () => {
  const { anna, bert, id } = await pair(stack());
  const heard = new Heard(await bert.connect());
  const trace = newTrace();
  const socket = await anna.connect({ options: { extraHeaders: trace.headers } });
  assert.ok((await ask(socket, 'message:send', { id: uuid7(), conversationId: id, text: 'x' })).ok);
  await heard.first('message:new');
  await reaches(trace.id, [stack().process('chat-1')]);
  anna.leave();
  bert.leave();
});
