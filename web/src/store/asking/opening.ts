/** What a conversation opens with. */
import { type Account, readMeta, type Store, theStore } from "../db";
import { oneConversation } from "../conversations";
import { slice } from "../slice";
import type { Around, ConversationView, MessageSlice } from "../views";

export type Opening<S> = {
  conversation: ConversationView | null;
  account: Account | null;
  /** Everything that waited for this device has come: what is not here now is not there. */
  synced: boolean;
  /** The stretch that was asked for, and what is in it. */
  first: { stretch: S; slice: MessageSlice } | null;
};

/** A conversation, whose it is, and (unless null) the stretch of messages that `where` names: so that it is drawn once. */
export async function opening<S extends { around: Around; before: number; after: number }>(
  id: string,
  where: ((conversation: ConversationView) => S) | null,
  db: Store = theStore(),
): Promise<Opening<S>> {
  const [conversation, account, synced] = await Promise.all([oneConversation(db, id), readMeta(db, "account"), readMeta(db, "synced")]);
  const stretch = conversation && where ? where(conversation) : null;
  return {
    conversation,
    account: account ?? null,
    synced: synced === true,
    first: stretch && { stretch, slice: await slice(db, id, stretch) },
  };
}
