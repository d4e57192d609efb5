// An IndexedDB for tests that run in Node. Must come before Dexie is read.
import "fake-indexeddb/auto";
