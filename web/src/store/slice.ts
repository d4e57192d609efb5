/** A bounded stretch of a conversation around a place in it. */
import type { MessageRow, Store } from "./db";
import type { Around, MessageSlice, MessageView } from "./views";
import { isShown, light, messageView, type Light, unsent } from "./shown";

type Options = { around: Around; before: number; after: number };

export async function slice(db: Store, id: string, options: Options): Promise<MessageSlice> {
  const by = await light(db, id);
  const anchor = await find(db, id, options.around, by);
  // One more on each side tells whether there is more.
  const below = await side(
    db,
    id,
    { from: anchor?.order ?? Infinity, inclusive: anchor === null, down: true, most: options.before + 1 },
    by,
  );
  const above =
    anchor === null ? [] : await side(db, id, { from: anchor.order, inclusive: true, down: false, most: options.after + 1 }, by);
  const atStart = below.length <= options.before;
  const reachesEnd = anchor === null || above.length <= options.after;
  const shown = [...below.slice(0, options.before).reverse(), ...above.slice(0, options.after)];
  return {
    messages: reachesEnd ? [...shown, ...unsent(by)] : shown,
    anchorId: anchor?.id ?? null,
    atStart,
    atEnd: reachesEnd,
    readSeq: by.conversation?.read.seq ?? 0,
  };
}

async function find(db: Store, id: string, around: Around, by: Light): Promise<MessageRow | null> {
  switch (around.at) {
    case "end":
      return null;
    case "message": {
      const row = await db.messages.get([id, around.id]);
      return row && isShown(row) ? row : null;
    }
    case "seq":
      return firstFrom(db, id, around.seq, isShown);
    case "unread": {
      const { conversation, me } = by;
      if (!conversation || conversation.kind === "self" || conversation.head.count <= conversation.read.count) return null;
      return firstFrom(db, id, conversation.read.seq + 1, (row) => isShown(row) && row.type === "message" && row.senderId !== me);
    }
  }
}

async function firstFrom(db: Store, id: string, order: number, wanted: (row: MessageRow) => boolean): Promise<MessageRow | null> {
  const from = db.messages.where("[conversationId+order]").between([id, order], [id, Infinity]);
  return (await from.filter(wanted).first()) ?? null;
}

type Side = { from: number; inclusive: boolean; down: boolean; most: number };

/** What is shown from a place on. Rows are read a stretch at a time: one after the other takes several times as long. */
async function side(db: Store, id: string, { from, inclusive, down, most }: Side, by: Light): Promise<MessageView[]> {
  const index = db.messages.where("[conversationId+order]");
  const range = () =>
    down
      ? index.between([id, -Infinity], [id, from], true, inclusive).reverse()
      : index.between([id, from], [id, Infinity], inclusive, true);
  const views: MessageView[] = [];
  for (let passed = 0; ; passed += most) {
    // With an offset the store walks: only where some of the first stretch is not shown.
    const rows = await range().offset(passed).limit(most).toArray();
    for (const row of rows) {
      const view = isShown(row) ? messageView(row, by) : null;
      if (view) views.push(view);
    }
    if (rows.length < most || views.length >= most) return views.slice(0, most);
  }
}
