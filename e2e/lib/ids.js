// @ts-check
// Ids as clients make them.

import { randomBytes } from 'node:crypto';

let made = 0;
let last = 0;

/** A UUID of version 7, above those made before: the time in milliseconds, a count within it, then random bits. */
export function uuid7() {
  const bytes = randomBytes(16);
  const now = Math.max(Date.now(), last);
  made = now === last ? made + 1 : 0;
  if (made > 0xfff) throw new Error('more than 4096 ids in a millisecond');
  last = now;
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt16BE(0x7000 | made, 6);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A word that occurs nowhere else, to look for later. */
export function marker() {
  return `mark${randomBytes(12).toString('hex')}`;
}

/** A mail address nobody has used before. */
export function address() {
  return `p${randomBytes(8).toString('hex')}@example.org`;
}

/** @param {unknown} value */
export function isUuid(value) {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

/** @param {unknown} value RFC 3339, UTC, milliseconds */
export function isTime(value) {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
}
