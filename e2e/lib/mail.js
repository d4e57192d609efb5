// @ts-check
// The folder in which mail ends up: written by the product itself, or by the SMTP server it delivers to.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './wait.js';

/** @typedef {{ to: string, headers: string, body: string, file: string }} Mail */

export class Mailbox {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    /** @type {Set<string>} files already looked at */
    this.seen = new Set();
    /** @type {Mail[]} mails nobody has asked for yet, oldest first */
    this.unread = [];
  }

  /**
   * The oldest mail to that address that was not handed out yet; waits for it.
   *
   * @param {string} address
   * @param {{ within?: number }} [limits]
   * @returns {Promise<Mail>}
   */
  async next(address, { within = 30_000 } = {}) {
    return until(`a mail to ${address}`, () => this.take(address), { within, every: 25 });
  }

  /**
   * The code in the next mail to that address.
   *
   * @param {string} address
   */
  async code(address) {
    return codeIn(await this.next(address));
  }

  /** @param {string} address */
  async take(address) {
    await this.look();
    const at = this.unread.findIndex((mail) => mail.to.toLowerCase().includes(address.toLowerCase()));
    return at < 0 ? undefined : this.unread.splice(at, 1)[0];
  }

  async look() {
    const names = await readdir(this.folder).catch(() => /** @type {string[]} */ ([]));
    for (const name of names.sort()) {
      if (!name.endsWith('.eml') || this.seen.has(name)) continue;
      this.seen.add(name);
      this.unread.push(read(name, await readFile(join(this.folder, name), 'latin1')));
    }
  }
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {Mail}
 */
function read(file, text) {
  const unix = text.replace(/\r\n/g, '\n');
  const end = unix.indexOf('\n\n');
  assert.ok(end > 0, `${file} has no body: a mail must appear whole`);
  const headers = unix.slice(0, end).replace(/\n[ \t]+/g, ' ');
  const to = /^to:\s*(.*)$/im.exec(headers)?.[1] ?? '';
  return { to, headers, body: unix.slice(end + 2), file };
}

/**
 * The code, after checking what api.md promises of the mail that carries it.
 *
 * @param {Mail} mail
 */
export function codeIn(mail) {
  const { headers, body } = mail;
  assert.match(headers, /^content-type:\s*text\/plain/im);
  assert.doesNotMatch(headers, /^content-transfer-encoding:\s*base64/im);
  assert.match(body, /^[\x09\x0a\x20-\x7e]*$/, 'the body is ASCII');
  const numbers = body.match(/(?<!\d)\d{6}(?!\d)/g) ?? [];
  assert.equal(numbers.length, 1, 'one number of six digits');
  assert.match(body, new RegExp(`^${numbers[0]}$`, 'm'), 'alone on its line');
  return numbers[0];
}
