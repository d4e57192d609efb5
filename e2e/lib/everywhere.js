// @ts-check
// Looks for words in everything that the product leaves anywhere: every byte of every file in the stack's folder (database,
// write-ahead log, mail, logs of all processes), every document of every collection, every key of Redis, and every byte that
// the broker has on disk. MongoDB's own journal and oplog are left out, as docs/operations.md says.

import { randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { BSON, MongoClient } from 'mongodb';
import { Redis } from './redis.js';
import { ROOT } from './stack.js';

/** Words that stand nowhere else and begin alike, each for one field. */
export class Words {
  constructor() {
    this.start = `zq${randomBytes(10).toString('hex')}`;
    /** @type {Map<string, string>} by the word, the field it was written into */
    this.fields = new Map();
  }

  /** @param {string} field */
  for(field) {
    const word = `${this.start}x${this.fields.size}x`;
    this.fields.set(word, field);
    return word;
  }

  /**
   * The fields of the words that stand there, however they are encoded.
   *
   * @param {Buffer} bytes
   */
  in(bytes) {
    const found = new Set();
    if (bytes.includes(this.start)) {
      for (const [word, field] of this.fields) if (bytes.includes(word)) found.add(field);
    }
    for (const encoded of encodings(this.start)) if (bytes.includes(encoded)) found.add('something, encoded');
    return [...found];
  }
}

/** @param {string} text */
function encodings(text) {
  const hex = Buffer.from(text).toString('hex');
  const base64 = [0, 1, 2].map((shift) => {
    const shifted = Buffer.from(' '.repeat(shift) + text).toString('base64');
    // Without what depends on the bytes before and after.
    return shifted.slice(shift ? 4 : 0, -4).replace(/=+$/, '');
  });
  return [hex, hex.toUpperCase(), Buffer.from(text, 'utf16le'), ...base64];
}

/**
 * Where the words stand: by field, the sorted list of places. And how much was looked at, so that nobody looks at nothing.
 *
 * @param {import('./stack.js').Stack} stack
 * @param {Words} words
 */
export async function everywhere(stack, words) {
  /** @type {Record<string, string[]>} */
  const found = {};
  const looked = { files: 0, documents: 0, keys: 0, broker: 0 };
  /** @param {string} place @param {Buffer} bytes */
  const look = (place, bytes) => {
    for (const field of words.in(bytes)) {
      const places = (found[field] ??= []);
      if (!places.includes(place)) places.push(place);
    }
  };
  const { store, redis, amqp, mail } = /** @type {any} */ (stack.state);
  for await (const { name, bytes } of filesOf(stack.dir)) {
    looked.files += 1;
    look(`file ${name}`, bytes);
  }
  if (!mail.startsWith(stack.dir)) for await (const { bytes } of filesOf(mail)) look('mail', bytes);
  if (store.kind === 'mongodb') looked.documents = await documents(store.url, look);
  if (redis) looked.keys = await keys(redis, look);
  if (amqp) looked.broker = await broker(amqp, look);
  for (const places of Object.values(found)) places.sort();
  return { found, looked };
}

/**
 * @param {string} folder
 * @returns {AsyncGenerator<{ name: string, bytes: Buffer }>}
 */
async function* filesOf(folder) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // Some go while one looks.
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes) yield { name: relative(folder, path), bytes };
  }
}

/**
 * All documents of all databases of the stack, as the driver reads them.
 *
 * @param {string} url
 * @param {(place: string, bytes: Buffer) => void} look
 */
async function documents(url, look) {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 10_000, readConcern: { level: 'majority' } });
  let count = 0;
  try {
    const family = client.db().databaseName.replace(/_chat$/, '');
    const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
    for (const { name } of databases.filter((one) => one.name.startsWith(`${family}_`))) {
      const db = client.db(name);
      for (const collection of await db.listCollections({}, { nameOnly: true }).toArray()) {
        for await (const document of db.collection(collection.name).find({}, { promoteBuffers: false })) {
          count += 1;
          look(`documents ${name.slice(family.length + 1)}.${collection.name}`, Buffer.from(BSON.serialize(document)));
        }
      }
    }
  } finally {
    await client.close();
  }
  return count;
}

/** @param {string} url @param {(place: string, bytes: Buffer) => void} look */
async function keys(url, look) {
  const redis = new Redis(url);
  let count = 0;
  try {
    for await (const { key, held } of redis.everything()) {
      count += 1;
      look(`redis ${key.toString().replace(/[0-9a-f-]{36}/g, '*')}`, held);
    }
  } finally {
    redis.close();
  }
  return count;
}

/**
 * Everything that was published to a durable queue went through the broker's files.
 *
 * @param {string} url
 * @param {(place: string, bytes: Buffer) => void} look
 */
async function broker(url, look) {
  const services = JSON.parse(await readFile(join(ROOT, '.run/services/services.json'), 'utf8'));
  const own = Object.values(services).find((service) => service.url === url);
  let size = 0;
  for await (const { bytes } of filesOf(own.place.folder)) {
    size += bytes.length;
    look('broker', bytes);
  }
  return size;
}
