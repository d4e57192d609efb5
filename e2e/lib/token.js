// @ts-check
// Tokens: reading them, and making ones that must be refused.

import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

/** @param {unknown} value */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** @param {string} part */
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

/**
 * What the token says, unchecked.
 *
 * @param {string} token
 * @returns {Record<string, any>}
 */
export function claims(token) {
  return decode(token.split('.')[1]);
}

/**
 * What the token says of itself.
 *
 * @param {string} token
 * @returns {Record<string, any>}
 */
export function header(token) {
  return decode(token.split('.')[0]);
}

/**
 * Signed by a key nobody has published.
 *
 * @param {Record<string, any>} head
 * @param {Record<string, any>} body
 */
export function signedByStranger(head, body) {
  const { privateKey } = generateKeyPairSync('ed25519');
  const content = `${encode(head)}.${encode(body)}`;
  return `${content}.${sign(null, Buffer.from(content), privateKey).toString('base64url')}`;
}

/**
 * Signed with HMAC, with what is public as the secret.
 *
 * @param {Record<string, any>} head
 * @param {Record<string, any>} body
 * @param {Buffer | string} secret
 */
export function signedByHmac(head, body, secret) {
  const content = `${encode({ ...head, alg: 'HS256' })}.${encode(body)}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

/**
 * Not signed at all.
 *
 * @param {Record<string, any>} head
 * @param {Record<string, any>} body
 * @param {string} [alg]
 */
export function unsigned(head, body, alg = 'none') {
  return `${encode({ ...head, alg })}.${encode(body)}.`;
}

/**
 * Other claims under the old signature.
 *
 * @param {string} token
 * @param {Record<string, any>} change
 */
export function altered(token, change) {
  const [head, body, signature] = token.split('.');
  return [head, encode({ ...decode(body), ...change }), signature].join('.');
}
