/** Searching what this device has stored: by the index of words first, then by looking at the text. */
import { hitsOf, keysOf, termsOf, type Terms } from "@/lib/words";
import { itemsOf } from "./conversations";
import type { MessageRow, Store } from "./db";
import { nobody, peopleOf } from "./people";
import type { SearchHit } from "./views";
import { isShown, light, type Light, messageView } from "./shown";

/** Rows looked at together. */
const chunk = 100;

type Options = { conversationId?: string; limit: number; before?: { id: string } };
type Key = [string, string];

export async function search(db: Store, query: string, options: Options): Promise<{ hits: SearchHit[]; more: boolean }> {
  const terms = termsOf(query);
  // What the views are told of: something was said somewhere.
  await db.conversations.orderBy("activityAt").last();
  const keys = await candidates(db, terms, options);
  const found: { row: MessageRow; hits: [number, number][] }[] = [];
  for (let at = 0; at < keys.length && found.length <= options.limit; at += chunk) {
    const rows = await db.messages.bulkGet(keys.slice(at, at + chunk));
    for (const row of rows) {
      const hits = row && isShown(row) && !row.deleted ? hitsOf(row.text, terms) : [];
      if (row && hits.length > 0) found.push({ row, hits });
    }
  }
  return { hits: await dressed(db, found.slice(0, options.limit)), more: found.length > options.limit };
}

/** Messages that have all the words, the newest first: ids rise with time. */
async function candidates(db: Store, terms: Terms, { conversationId, before }: Options): Promise<Key[]> {
  const words = keysOf(terms).sort((a, b) => b.length - a.length);
  let left = null as Map<string, Key> | null;
  for (const word of words) {
    const known = left;
    left = new Map();
    for (const key of await keysWith(db, word)) {
      const [where, id] = key;
      if ((conversationId && where !== conversationId) || (before && id >= before.id)) continue;
      // A message's id is its own in all conversations.
      if (known === null || known.has(id)) left.set(id, key);
    }
    if (left.size === 0) return [];
  }
  return [...(left ?? new Map<string, Key>()).values()].sort(([, a], [, b]) => (a < b ? 1 : -1));
}

/**
 * Past Dexie: a live query notes every key that it was given, which takes longer than finding them where a word is frequent.
 * That something was said is read from the conversations.
 */
async function keysWith(db: Store, word: string): Promise<Key[]> {
  if (!db.isOpen()) await db.open();
  const index = db.backendDB().transaction("messages").objectStore("messages").index("words");
  const request = index.getAllKeys(IDBKeyRange.bound(word, `${word}\uffff`));
  return new Promise((found, failed) => {
    request.onsuccess = () => found(request.result as unknown as Key[]);
    request.onerror = () => failed(request.error);
  });
}

async function dressed(db: Store, found: { row: MessageRow; hits: [number, number][] }[]): Promise<SearchHit[]> {
  const conversations = await itemsOf(
    db,
    found.map(({ row }) => row.conversationId),
  );
  const people = await peopleOf(
    db,
    found.map(({ row }) => row.senderId),
  );
  const lights = new Map<string, Light>();
  for (const id of conversations.keys()) lights.set(id, await light(db, id));
  return found.flatMap(({ row, hits }) => {
    const conversation = conversations.get(row.conversationId);
    const by = lights.get(row.conversationId);
    const message = by && messageView(row, by);
    // What is being changed is found by what it will say.
    const stands = message && message.text === row.text ? hits : [];
    return conversation && message
      ? [{ message, conversation, sender: people.get(row.senderId) ?? nobody(row.senderId), hits: stands }]
      : [];
  });
}
