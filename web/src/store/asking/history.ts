/** The whole of what this device has of a conversation, from its beginning. */
import { type Store, theStore } from "../db";
import { isShown, light, messageView } from "../shown";
import type { MessageView } from "../views";

const atATime = 500;

/** Page by page, so that a long one does not have to be held whole. What is not sent, and what is not shown, is not in it. */
export async function* wholeHistory(conversationId: string, db: Store = theStore()): AsyncGenerator<MessageView[]> {
  const by = await light(db, conversationId);
  let after = Number.NEGATIVE_INFINITY;
  for (;;) {
    const rows = await db.messages
      .where("[conversationId+order]")
      .between([conversationId, after], [conversationId, Number.POSITIVE_INFINITY], after === Number.NEGATIVE_INFINITY, true)
      .limit(atATime)
      .toArray();
    const last = rows.at(-1);
    if (!last) return;
    after = last.order;
    yield rows.filter(isShown).flatMap((row) => messageView(row, by) ?? []);
  }
}
