// @ts-check
// As much of Redis as is needed to read everything that it holds.

import { connect } from 'node:net';

export class Redis {
  /** @param {string} url */
  constructor(url) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port || 6379), hostname);
    this.bytes = Buffer.alloc(0);
    /** @type {{ done: (reply: any) => void, fail: (error: Error) => void }[]} */
    this.waiting = [];
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('error', (error) => this.waiting.splice(0).forEach(({ fail }) => fail(error)));
  }

  /** @param {Buffer} chunk */
  take(chunk) {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    for (;;) {
      const read = reply(this.bytes, 0);
      if (!read) return;
      this.bytes = this.bytes.subarray(read.end);
      const { done, fail } = /** @type {any} */ (this.waiting.shift());
      if (read.value instanceof Error) fail(read.value);
      else done(read.value);
    }
  }

  /**
   * @param {(string | Buffer)[]} words
   * @returns {Promise<any>}
   */
  ask(...words) {
    const parts = words.map((word) => Buffer.from(word));
    const frame = parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]);
    this.socket.write(Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...frame]));
    return new Promise((done, fail) => this.waiting.push({ done, fail }));
  }

  /**
   * Every key with all that is under it.
   *
   * @returns {AsyncGenerator<{ key: Buffer, held: Buffer }>}
   */
  async *everything() {
    let cursor = '0';
    do {
      const [next, keys] = await this.ask('SCAN', cursor, 'COUNT', '500');
      cursor = next.toString();
      for (const key of keys) {
        const value = await this.under(key).catch(() => null);
        yield { key, held: Buffer.concat([key, Buffer.from(' '), ...flat(value)]) };
      }
    } while (cursor !== '0');
  }

  /** @param {Buffer} key */
  async under(key) {
    switch ((await this.ask('TYPE', key)).toString()) {
      case 'string': return this.ask('GET', key);
      case 'hash': return this.ask('HGETALL', key);
      case 'list': return this.ask('LRANGE', key, '0', '-1');
      case 'set': return this.ask('SMEMBERS', key);
      case 'zset': return this.ask('ZRANGE', key, '0', '-1', 'WITHSCORES');
      case 'stream': return this.ask('XRANGE', key, '-', '+');
      default: return null;
    }
  }

  close() {
    this.socket.destroy();
  }
}

/**
 * @param {any} value
 * @returns {Buffer[]}
 */
function flat(value) {
  if (Array.isArray(value)) return value.flatMap(flat);
  return value === null || value === undefined ? [] : [Buffer.from(value), Buffer.from(' ')];
}

/**
 * One reply, if all of it is there.
 *
 * @param {Buffer} bytes
 * @param {number} at
 * @returns {{ value: any, end: number } | undefined}
 */
function reply(bytes, at) {
  const line = bytes.indexOf('\r\n', at);
  if (line < 0) return undefined;
  const text = bytes.toString('utf8', at + 1, line);
  const next = line + 2;
  switch (String.fromCharCode(bytes[at])) {
    case '$': {
      const length = Number(text);
      if (length < 0) return { value: null, end: next };
      if (bytes.length < next + length + 2) return undefined;
      return { value: bytes.subarray(next, next + length), end: next + length + 2 };
    }
    case '*': {
      const value = [];
      let end = next;
      for (let n = 0; n < Number(text); n += 1) {
        const one = reply(bytes, end);
        if (!one) return undefined;
        value.push(one.value);
        end = one.end;
      }
      return { value, end };
    }
    case '-': return { value: new Error(text), end: next };
    default: return { value: Buffer.from(text), end: next };
  }
}
