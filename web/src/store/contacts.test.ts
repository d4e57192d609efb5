import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { at } from "@/testing/log";
import { freshStore } from "@/testing/stores";
import * as actions from "./actions";
import { type Store, writeMeta } from "./db";
import * as queries from "./queries";

type State = "outgoing" | "incoming" | "accepted" | "blocked";

/** What the server knows of each person, and what it was asked. */
let states: Map<string, State>;
let asked: string[];
/** Called while an answer is on its way. */
let meanwhile: () => Promise<void>;

const view = (id: string, state: string) => ({ user: { id, name: `Name of ${id}`, createdAt: at(0) }, state, since: at(1) });
const json = (status: number, body?: unknown) => new Response(body === undefined ? null : JSON.stringify(body), { status });

function answer(method: string, url: URL): Response {
  const [, , , , id = "", what] = url.pathname.split("/");
  const lists: Record<string, State[]> = { "": ["accepted"], pending: ["outgoing", "incoming"], blocked: ["blocked"] };
  if (method === "GET") {
    const all = [...states].filter(([, state]) => lists[id]?.includes(state)).map(([who, state]) => view(who, state));
    // A page holds one, so that there are several.
    const from = Number(url.searchParams.get("cursor") ?? 0);
    return json(200, { data: all.slice(from, from + 1), nextCursor: from + 1 < all.length ? String(from + 1) : null });
  }
  if (method === "DELETE") {
    states.delete(id);
    return json(204);
  }
  const now: State = method === "POST" ? "outgoing" : what === "block" ? "blocked" : "accepted";
  if (what === "accept" && states.get(id) !== "incoming")
    return json(404, { error: { code: "NOT_FOUND", message: "they have not asked" } });
  states.set(id || "ann", now);
  return json(200, { contact: view(id || "ann", now) });
}

async function loggedIn(): Promise<Store> {
  const db = await freshStore();
  await writeMeta(db, "tokens", { access: "a", refresh: "r", expiresAt: Date.now() + 900_000 });
  return db;
}

beforeEach(() => {
  states = new Map();
  asked = [];
  meanwhile = async () => {};
  vi.stubGlobal("location", new URL("http://restante.test"));
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    asked.push(`${init.method} ${url.pathname}`);
    const given = answer(String(init.method), url);
    await meanwhile();
    return given;
  });
});
afterEach(() => vi.unstubAllGlobals());

const known = async (db: Store) => Object.fromEntries(await queries.contactStates(db));

describe("contacts", () => {
  it("are what the server's lists say, page by page, and no more", async () => {
    const db = await loggedIn();
    await db.contacts.put({ userId: "gone", state: "accepted", since: at(0) });
    states = new Map<string, State>([
      ["ann", "accepted"],
      ["bob", "accepted"],
      ["cem", "incoming"],
      ["dan", "outgoing"],
      ["eve", "blocked"],
    ]);
    await actions.refreshContacts(db);
    expect(await known(db)).toEqual(Object.fromEntries(states));
    expect((await queries.contactsWho("accepted", db)).map((person) => person.name)).toEqual(["Name of ann", "Name of bob"]);
  });

  it("change with what a person does", async () => {
    const db = await loggedIn();
    await actions.askContact("ann", db);
    expect(await queries.contactState("ann", db)).toBe("outgoing");
    await actions.removeContact("ann", db);
    expect(await queries.contactState("ann", db)).toBeNull();
    await actions.setBlocked("ann", true, db);
    expect(await queries.contactState("ann", db)).toBe("blocked");
    await actions.setBlocked("ann", false, db);
    expect(await queries.contactState("ann", db)).toBeNull();
    expect(asked).toEqual([
      "POST /api/v1/contacts",
      "DELETE /api/v1/contacts/ann",
      "PUT /api/v1/contacts/ann/block",
      "DELETE /api/v1/contacts/ann/block",
    ]);
  });

  it("stay as they were when the server refuses", async () => {
    const db = await loggedIn();
    await db.contacts.put({ userId: "ann", state: "outgoing", since: at(0) });
    await expect(actions.acceptContact("ann", db)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await queries.contactState("ann", db)).toBe("outgoing");
  });

  it("are not overwritten by a list that was read before a change", async () => {
    const db = await loggedIn();
    const refresh = actions.refreshContacts(db);
    await actions.setBlocked("ann", true, db);
    await refresh;
    expect(await known(db)).toEqual({ ann: "blocked" });
  });

  it("are not left behind for whoever logs in while they are fetched", async () => {
    const db = await loggedIn();
    states.set("ann", "accepted");
    meanwhile = async () => void (await db.meta.delete("account"));
    await actions.refreshContacts(db);
    await actions.setBlocked("bob", true, db).catch(() => {});
    expect(await known(db)).toEqual({});
  });

  it("come first among the people whom one knows", async () => {
    const db = await loggedIn();
    states.set("zoe", "accepted");
    await actions.refreshContacts(db);
    await db.people.put({ id: "ann", name: "Ann", username: null, bio: null, avatarUrl: null, createdAt: null, fetchedAt: 0 });
    expect((await queries.knownPeople("", 10, db)).map((person) => person.id)).toEqual(["zoe", "ann"]);
  });
});
