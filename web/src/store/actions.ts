/**
 * What views do. What goes into the log (send, edit, react, delete), what is read and what is set about a conversation works
 * without a connection: it is in the store when the promise ends, shown at once, and sent in order when there is one.
 * The rest asks the server and throws an `ActionError`. `db` is given by tests.
 */
export { ActionError } from "@/lib/errors";
export * from "./acting/account";
export * from "./acting/browser";
export * from "./acting/contacts";
export * from "./acting/conversations";
export * from "./acting/messages";
export * from "./acting/people";
export * from "./acting/reading";
