/**
 * What this browser keeps: one IndexedDB for everything, so that whoever throws a part of it away throws all of it away, the
 * device's id included, and the browser is then a new device. Tables and indices are only ever added.
 *
 * Times are RFC 3339 strings as the server gives them. Rows are as the server's log says; what a person has done and the
 * server has not confirmed is in `outbox` and `personal`, and `queries.ts` lays it over.
 */
import { Dexie, type Table } from "dexie";
import type {
  ContactRow,
  ConversationRow,
  DraftRow,
  HiddenRow,
  MessageRow,
  Meta,
  MetaName,
  MetaRow,
  OutboxRow,
  PersonalRow,
  PersonRow,
  PresenceRow,
  ReceiptRow,
  SearchRow,
  TypingRow,
} from "./rows";

export type * from "./rows";

export class Store extends Dexie {
  declare meta: Table<MetaRow, string>;
  declare conversations: Table<ConversationRow, string>;
  declare messages: Table<MessageRow, [string, string]>;
  declare outbox: Table<OutboxRow, number>;
  declare personal: Table<PersonalRow, [string, string]>;
  declare drafts: Table<DraftRow, string>;
  declare people: Table<PersonRow, string>;
  declare contacts: Table<ContactRow, string>;
  declare receipts: Table<ReceiptRow, [string, string]>;
  declare typing: Table<TypingRow, [string, string]>;
  declare presence: Table<PresenceRow, string>;
  declare hidden: Table<HiddenRow, [string, string]>;
  declare searches: Table<SearchRow, number>;

  constructor(name: string) {
    // Chrome completes a write before it is on disk unless told otherwise, and what is acknowledged may be the last copy.
    super(name, { chromeTransactionDurability: "strict" });
    this.version(1).stores({
      meta: "name",
      conversations: "id, activityAt",
      messages: "[conversationId+id], [conversationId+order], [conversationId+replyTo.id], *words",
      outbox: "++n, &id, conversationId, messageId",
      personal: "[conversationId+what]",
      drafts: "conversationId",
      people: "id, username",
      receipts: "[conversationId+userId], conversationId",
      typing: "[conversationId+userId]",
      presence: "userId",
      hidden: "[conversationId+messageId]",
      searches: "++n, query",
    });
    this.version(2).stores({ contacts: "userId, state" });
  }
}

let opened: Store | undefined;

/** This page's store. Opened at first use, so that nothing happens while pages are built. */
export function theStore(): Store {
  opened ??= new Store("restante");
  return opened;
}

/**
 * Writes all of it at once. The commit is asked for together with the writes, without waiting for their answers: a page that is left
 * now takes fewer of them with it than one with a transaction still open. Ends when it is stored for certain; views are told no sooner.
 */
export async function writeAtOnce(db: Store, tables: Table[], write: () => PromiseLike<unknown>[]): Promise<void> {
  await db.transaction("rw", tables, (transaction) => {
    const writes = write();
    transaction.idbtrans.commit();
    return Promise.all(writes);
  });
}

export async function readMeta<K extends MetaName>(db: Store, name: K): Promise<Meta[K] | undefined> {
  const row = await db.meta.get(name);
  return row?.value as Meta[K] | undefined;
}

export async function writeMeta<K extends MetaName>(db: Store, name: K, value: Meta[K]): Promise<void> {
  await db.meta.put({ name, value });
}
