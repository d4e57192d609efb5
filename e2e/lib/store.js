// @ts-check
// Looks into the store behind the product's back: what is said to be forgotten must not be there.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BSON, MongoClient } from 'mongodb';

const run = promisify(execFile);

/** @typedef {{ kind: 'sqlite', path: string } | { kind: 'mongodb', url: string }} StoreAddress */

// Prints the tables of which a row holds the text, in any column and any encoding of it as text or bytes.
const LOOK_INTO_SQLITE = `
import sqlite3, sys
path, text = sys.argv[1], sys.argv[2].encode()
db = sqlite3.connect("file:" + path + "?mode=ro", uri=True, timeout=10)
db.text_factory = bytes
tables = [row[0].decode() for row in db.execute("select name from sqlite_master where type = 'table'")]
for table in tables:
    for row in db.execute('select * from "%s"' % table.replace('"', '""')):
        if any(isinstance(value, bytes) and text in value for value in row):
            print(table)
            break
`;

/**
 * The tables or collections in which the text is stored now.
 *
 * @param {StoreAddress} store
 * @param {string} text
 * @returns {Promise<string[]>}
 */
export async function placesOf(store, text) {
  return store.kind === 'sqlite' ? inSqlite(store.path, text) : inMongo(store.url, text);
}

/**
 * @param {string} path
 * @param {string} text
 */
async function inSqlite(path, text) {
  const { stdout } = await run('python3', ['-c', LOOK_INTO_SQLITE, path, text], { timeout: 20_000 });
  return stdout.split('\n').filter(Boolean);
}

/**
 * @param {string} url
 * @param {string} text
 */
async function inMongo(url, text) {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 10_000, readConcern: { level: 'majority' } });
  try {
    const db = client.db();
    const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map((c) => c.name);
    const found = [];
    for (const name of names) {
      if (await someDocumentHas(db.collection(name), text)) found.push(name);
    }
    return found;
  } finally {
    await client.close();
  }
}

/**
 * @param {import('mongodb').Collection} collection
 * @param {string} text
 */
async function someDocumentHas(collection, text) {
  for await (const document of collection.find({}, { promoteBuffers: false })) {
    if (Buffer.from(BSON.serialize(document)).includes(text)) return true;
  }
  return false;
}

/**
 * How many conversations have content that everybody has stored and that is not forgotten yet.
 *
 * @param {StoreAddress} store
 * @returns {Promise<number>}
 */
export async function unfinished(store) {
  if (store.kind === 'sqlite') {
    const count = 'import sqlite3, sys; print(sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, timeout=10).execute("select count(*) from chat_delivery where unfinished = 1").fetchone()[0])';
    return Number((await run('python3', ['-c', count, store.path], { timeout: 20_000 })).stdout);
  }
  const client = new MongoClient(store.url, { serverSelectionTimeoutMS: 10_000, readConcern: { level: 'majority' } });
  try {
    return await client.db().collection('delivery').countDocuments({ dirty: true });
  } finally {
    await client.close();
  }
}

/**
 * Writes a SQLite file anew, as docs/operations.md advises for the last traces of what was forgotten: when SQLite moves a row
 * to another page it leaves the old place as it was, until that is used again.
 *
 * @param {{ path: string }} store
 */
export async function vacuum(store) {
  const anew = 'import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None).execute("VACUUM")';
  await run('python3', ['-c', anew, store.path], { timeout: 20_000 });
}
