// @ts-check
// The REST interface, with what api.md promises of every answer checked on every answer.

import assert from 'node:assert/strict';
import { isTime } from './ids.js';

const STATUS = {
  VALIDATION_ERROR: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  GONE: 410,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMIT_EXCEEDED: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
};

/**
 * @typedef {{ code: keyof STATUS, message: string, details: { field: string, message: string }[],
 *   retryAfter?: number, requestId: string, timestamp: string }} WireError
 * @typedef {{ status: number, headers: Headers, body: any }} Answer
 * @typedef {{ token?: string, headers?: Record<string, string>, raw?: BodyInit, within?: number }} Options
 */

/**
 * @param {any} error the value under `error`, from REST or a socket's acknowledgement
 * @param {string} context what was done, for the message
 */
export function checkError(error, context) {
  assert.ok(error && typeof error === 'object', `${context}: no error envelope`);
  assert.ok(error.code in STATUS, `${context}: ${error.code} is not a code of the contract`);
  assert.equal(typeof error.message, 'string', `${context}: no message`);
  assert.ok(error.message.length > 0, `${context}: an empty message`);
  assert.ok(Array.isArray(error.details), `${context}: details is not a list`);
  for (const detail of error.details) {
    assert.equal(typeof detail.field, 'string', `${context}: a detail without field`);
    assert.equal(typeof detail.message, 'string', `${context}: a detail without message`);
  }
  assert.ok(typeof error.requestId === 'string' && error.requestId, `${context}: no requestId`);
  assert.ok(isTime(error.timestamp), `${context}: ${error.timestamp} is no time`);
}

/**
 * One call. Fails if the answer breaks a promise that holds for all answers; its status is for the caller to judge.
 *
 * @param {string} base
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] sent as JSON
 * @param {Options} [options] `raw` is sent as it is instead of a body
 * @returns {Promise<Answer>}
 */
export async function call(base, method, path, body, options = {}) {
  const context = `${method} ${path.slice(0, 120)}`;
  /** @type {Record<string, string>} */
  const headers = {};
  if (options.token) headers.authorization = `Bearer ${options.token}`;
  if (body !== undefined || options.raw !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(base + path, {
    method,
    headers: { ...headers, ...options.headers },
    body: options.raw ?? (body === undefined ? undefined : JSON.stringify(body)),
    redirect: 'manual',
    signal: AbortSignal.timeout(options.within ?? 20_000),
  });
  const text = await response.text();
  assert.ok(response.headers.get('x-request-id'), `${context}: ${response.status} without X-Request-Id`);
  const json = text ? parse(text, response, context) : undefined;
  if (response.status >= 400) {
    checkError(json?.error, `${context}: ${response.status}`);
    const { code, requestId, retryAfter } = json.error;
    assert.equal(STATUS[/** @type {keyof STATUS} */ (code)], response.status, `${context}: ${code} with the wrong status`);
    assert.equal(response.headers.get('x-request-id'), requestId, `${context}: two request ids`);
    if (response.status === 429) {
      assert.ok(retryAfter > 0, `${context}: no retryAfter`);
      assert.equal(response.headers.get('retry-after'), String(retryAfter), `${context}: Retry-After`);
    }
  }
  return { status: response.status, headers: response.headers, body: json };
}

/**
 * @param {string} text
 * @param {Response} response
 * @param {string} context
 */
function parse(text, response, context) {
  const type = response.headers.get('content-type') ?? '';
  assert.match(type, /^application\/json/, `${context}: ${response.status} with ${type}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/**
 * The answer, if it is a refusal with that code (and about that field).
 *
 * @param {Answer} answer
 * @param {keyof STATUS} code
 * @param {string} [field]
 */
export function refused(answer, code, field) {
  const error = answer.body?.error;
  assert.equal(error?.code, code, `status ${answer.status}: ${JSON.stringify(answer.body)?.slice(0, 400)}`);
  if (field) assert.deepEqual(error.details.map((/** @type {any} */ d) => d.field), [field], error.message);
  return error;
}

/**
 * The body, if the call was answered with that status.
 *
 * @param {Answer} answer
 * @param {number} status
 */
export function ok(answer, status = 200) {
  assert.equal(answer.status, status, `answered ${JSON.stringify(answer.body)?.slice(0, 400)}`);
  return answer.body;
}
