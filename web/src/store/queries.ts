/**
 * What views read. Every function is for `useLiveQuery(() => …)`: it reads this browser's store alone, never the network, and
 * runs again when what it read changes, in whatever tab. `db` is given by tests.
 */
export * from "./asking/account";
export * from "./asking/conversations";
export * from "./asking/history";
export * from "./asking/messages";
export * from "./asking/opening";
export * from "./asking/people";
export type * from "./views";
