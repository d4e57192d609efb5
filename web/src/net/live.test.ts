/** The data layer against the real server: `RESTANTE_BINARY=…/restante npx vitest run src/net/live.test.ts`. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as actions from "@/store/actions";
import { readMeta, Store, writeMeta } from "@/store/db";
import * as queries from "@/store/queries";
import { newId } from "@/lib/ids";
import { type Line, recording } from "@/testing/recorded";
import { locksOfOneBrowser } from "@/testing/weather";
import { logOut, requestCode, verifyCode } from "./account";
import { Page } from "./page";
import { connectSocket } from "./socket";
import { accessToken } from "./token";

const binary = process.env.RESTANTE_BINARY;

type Backend = {
  url: string;
  code: (address: string) => Promise<string>;
  kill: () => Promise<void>;
  up: () => Promise<void>;
  stop: () => Promise<void>;
};

/** A browser with any number of tabs. */
class Browser {
  readonly db = new Store(`live-${newId()}`);
  readonly lines: Line[] = [];
  readonly pages: Page[] = [];
  private readonly locks = locksOfOneBrowser();

  async logIn(backend: Backend, address: string): Promise<boolean> {
    const challenge = await requestCode(this.db, address);
    return (await verifyCode(this.db, challenge, await backend.code(address))).isNewUser;
  }

  tab(): Page {
    const page = new Page(new Store(this.db.name), () => {}, recording(connectSocket, this.lines), this.locks);
    this.pages.push(page);
    page.start([]);
    return page;
  }

  async me(): Promise<string> {
    return (await readMeta(this.db, "account"))?.userId ?? "";
  }

  async texts(id: string): Promise<string[]> {
    const { messages } = await queries.messageSlice(id, { around: { at: "end" }, before: 100, after: 0 }, this.db);
    return messages.filter((message) => message.type === "message").map((message) => (message.deleted ? "-" : message.text));
  }

  async last(id: string) {
    return (await queries.messageSlice(id, { around: { at: "end" }, before: 1, after: 0 }, this.db)).messages.at(-1);
  }

  close(): void {
    for (const page of this.pages) page.close();
  }
}

/** As soon as it does not throw any more. */
async function soon<T>(look: () => Promise<T> | T, patience = 15_000): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((again) => setTimeout(again, 25));
    }
  }
}

describe.skipIf(!binary)("with the real server", () => {
  let backend: Backend;
  const [ann, bob, phone] = [new Browser(), new Browser(), new Browser()];
  let direct = "";

  beforeAll(async () => {
    const { Backend } = (await import("../../e2e/lib/backend.mjs" as string)) as {
      Backend: { start: (binary: string) => Promise<Backend> };
    };
    backend = await Backend.start(binary as string);
    Object.assign(globalThis, { location: new URL(backend.url) });
  }, 60_000);

  afterAll(async () => {
    if (process.env.RECORD) writeFileSync(process.env.RECORD, `${JSON.stringify(bob.lines, null, 1)}\n`);
    for (const browser of [ann, bob, phone]) browser.close();
    await backend?.stop();
  });

  it("logs in, and says which field is wrong", { timeout: 30_000 }, async () => {
    const challenge = await requestCode(ann.db, "ann@example.org");
    await expect(verifyCode(ann.db, challenge, "000000")).rejects.toMatchObject({ code: "UNAUTHORIZED", field: "otp" });
    expect(await verifyCode(ann.db, challenge, await backend.code("ann@example.org"))).toEqual({ isNewUser: true });
    await bob.logIn(backend, "bob@example.org");
    for (const browser of [ann, bob]) browser.tab();
    await soon(() => expect([ann.pages[0]?.connection.phase, bob.pages[0]?.connection.phase]).toEqual(["online", "online"]));
    await actions.saveProfile({ name: "Bob", username: "bob" }, bob.db);
    expect(await queries.me(bob.db)).toMatchObject({ name: "Bob", username: "bob" });
    await expect(actions.saveProfile({ username: "bob" }, ann.db)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  it("writes and ticks", { timeout: 30_000 }, async () => {
    const [found] = await actions.findPeople("bob", ann.db);
    direct = await actions.openDirect(found?.id ?? "", ann.db);
    const id = await actions.sendMessage(direct, { text: "Hello *Bob*", formatting: [{ style: "bold", start: 6, end: 11 }] }, ann.db);
    await soon(async () => expect(await bob.texts(direct)).toEqual(["Hello *Bob*"]));
    await soon(async () => expect(await ann.last(direct)).toMatchObject({ id, progress: "delivered" }));
    expect(await queries.conversationById(direct, bob.db)).toMatchObject({ unread: 1, kind: "direct" });
    await actions.markRead(direct, undefined, bob.db);
    await soon(async () => expect(await ann.last(direct)).toMatchObject({ id, progress: "read" }));
    await soon(async () => expect(await bob.db.personal.count()).toBe(0));
  });

  it("changes, reacts, answers, takes back", { timeout: 30_000 }, async () => {
    const first = (await bob.last(direct))?.id ?? "";
    await actions.react(direct, first, "👍", true, bob.db);
    const replyTo = { id: first, senderId: await ann.me(), excerpt: "Hello" };
    const answer = await actions.sendMessage(direct, { text: "Hi", replyTo }, bob.db);
    await actions.editMessage(direct, answer, { text: "Hi Ann" }, bob.db);
    await soon(async () => expect(await ann.texts(direct)).toEqual(["Hello *Bob*", "Hi Ann"]));
    await soon(async () =>
      expect(await queries.messageById(direct, first, ann.db)).toMatchObject({ reactions: [{ emoji: "👍", mine: false }] }),
    );
    expect(await ann.last(direct)).toMatchObject({ replyTo: { id: first, excerpt: "Hello" }, editedAt: expect.any(String) });
    await actions.removeForEveryone(direct, first, ann.db);
    await soon(async () => expect(await bob.texts(direct)).toEqual(["-", "Hi Ann"]));
    await soon(async () => expect(await bob.last(direct)).toMatchObject({ replyTo: { excerpt: "" } }));
    await actions.removeForMe(direct, answer, ann.db);
    await soon(async () => expect(await ann.db.outbox.count()).toBe(0));
    expect(await ann.texts(direct)).toEqual(["-"]);
    expect(await bob.texts(direct)).toEqual(["-", "Hi Ann"]);
  });

  it("keeps the person's devices alike", { timeout: 30_000 }, async () => {
    await phone.logIn(backend, "ann@example.org");
    phone.tab();
    await soon(() => expect(phone.pages[0]?.connection.phase).toBe("online"));
    await actions.setSwitches(direct, { muted: true, pinned: true }, ann.db);
    await soon(async () => expect(await queries.conversationById(direct, phone.db)).toMatchObject({ muted: true, pinned: true }));
    const notes = await soon(async () => {
      const id = await queries.selfConversationId(ann.db);
      expect(id).not.toBeNull();
      return id as string;
    });
    await actions.sendMessage(notes, { text: "milk" }, phone.db);
    await soon(async () => expect(await ann.texts(notes)).toEqual(["milk"]));
    expect(await queries.conversationById(notes, ann.db)).toMatchObject({ unread: 0 });
    expect((await actions.loadDevices(ann.db)).length).toBe(2);
    expect((await actions.loadSessions(ann.db)).filter((session) => session.current).length).toBe(1);
  });

  it("makes groups, names them, and leaves them", { timeout: 30_000 }, async () => {
    const id = await actions.createGroup({ id: newId(), title: "Walk", memberIds: [await bob.me()] }, ann.db);
    await soon(async () =>
      expect(await queries.conversationById(id, bob.db)).toMatchObject({ title: "Walk", memberCount: 2, role: "member" }),
    );
    await actions.rename(id, "Long walk", ann.db);
    await soon(async () => expect(await queries.conversationById(id, bob.db)).toMatchObject({ title: "Long walk" }));
    await actions.setRole(id, await bob.me(), "admin", ann.db);
    await soon(async () => expect(await queries.conversationById(id, bob.db)).toMatchObject({ role: "admin" }));
    await actions.leave(id, bob.db);
    await soon(async () => expect(await queries.conversationById(id, ann.db)).toMatchObject({ memberCount: 1 }));
    expect(await queries.conversationById(id, bob.db)).toMatchObject({ left: true });
    await actions.addMembers(id, [await bob.me()], ann.db);
    await soon(async () => expect(await queries.conversationById(id, bob.db)).toMatchObject({ left: false, memberCount: 2 }));
    await actions.sendMessage(id, { text: "welcome back" }, ann.db);
    await soon(async () => expect(await bob.texts(id)).toContain("welcome back"));
  });

  it("goes on when the server was killed, in order", { timeout: 60_000 }, async () => {
    await backend.kill();
    for (let i = 1; i <= 20; i += 1) await actions.sendMessage(direct, { text: `while away ${i}` }, i % 2 ? ann.db : phone.db);
    await backend.up();
    for (const browser of [ann, bob, phone]) browser.pages[0]?.hurry();
    const of = (texts: string[], odd: number) =>
      texts.map((text) => Number(/^while away (\d+)$/u.exec(text)?.[1] ?? 0)).filter((n) => n > 0 && n % 2 === odd);
    await soon(async () => {
      const texts = await bob.texts(direct);
      expect(of(texts, 1)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
      expect(of(texts, 0)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    }, 40_000);
    await soon(async () => expect([await ann.db.outbox.count(), await phone.db.outbox.count()]).toEqual([0, 0]));
  });

  it("has what somebody wrote before they were blocked, on a device that comes after it, and nothing of what is withheld", {
    timeout: 60_000,
  }, async () => {
    for (const page of phone.pages.splice(0)) page.close();
    await actions.sendMessage(direct, { text: "before the block" }, bob.db);
    await soon(async () => expect(await ann.texts(direct)).toContain("before the block"));
    await actions.setBlocked(await bob.me(), true, ann.db);
    // It holds once the blocker may not write there either.
    await soon(async () => {
      const id = await actions.sendMessage(direct, { text: "does it hold?" }, ann.db);
      await soon(async () => expect(await queries.outboxState(id, ann.db)).not.toMatchObject({ state: "waiting" }));
      expect(await queries.outboxState(id, ann.db)).toMatchObject({ failure: { code: "FORBIDDEN" } });
      await actions.discardSend(id, ann.db);
    });
    await actions.sendMessage(direct, { text: "while blocked" }, bob.db);
    await soon(async () => expect(await bob.last(direct)).toMatchObject({ text: "while blocked", progress: "sent" }));
    const { head } = (await bob.db.conversations.get(direct)) ?? {};
    await actions.refreshContacts(phone.db);
    phone.tab();
    for (const browser of [phone, ann]) {
      await soon(async () => expect(await browser.db.conversations.get(direct)).toMatchObject({ whole: head?.seq }));
      const texts = await browser.texts(direct);
      expect(texts).toContain("before the block");
      expect(texts).not.toContain("while blocked");
      expect(await queries.conversationById(direct, browser.db)).toMatchObject({ unread: 0, preview: { text: texts.at(-1) } });
    }
    await actions.setBlocked(await bob.me(), false, ann.db);
    await soon(async () => {
      const text = `after it ${newId()}`;
      await actions.sendMessage(direct, { text }, bob.db);
      await soon(async () => expect(await phone.texts(direct)).toContain(text), 1_000);
    });
    expect(await phone.texts(direct)).not.toContain("while blocked");
  });

  it("lets one tab refresh for all", { timeout: 30_000 }, async () => {
    const before = await readMeta(ann.db, "tokens");
    if (!before) throw new Error("no tokens");
    await writeMeta(ann.db, "tokens", { ...before, expiresAt: 0 });
    const tokens = await Promise.all(Array.from({ length: 8 }, () => accessToken(new Store(ann.db.name))));
    expect(new Set(tokens).size).toBe(1);
    expect((await readMeta(ann.db, "tokens"))?.refresh).not.toBe(before.refresh);
    expect((await actions.loadSessions(ann.db)).length).toBeGreaterThan(0);
  });

  it("has a second tab without a socket, that takes over", { timeout: 30_000 }, async () => {
    const second = ann.tab();
    await soon(() => expect(second.connection).toMatchObject({ phase: "online", leads: false }));
    await actions.sendMessage(direct, { text: "from the second tab" }, ann.db);
    await soon(async () => expect(await bob.texts(direct)).toContain("from the second tab"));
    ann.pages[0]?.close();
    await soon(() => expect(second.connection).toMatchObject({ phase: "online", leads: true }));
    await actions.sendMessage(direct, { text: "after the hand-over" }, ann.db);
    await soon(async () => expect(await bob.texts(direct)).toContain("after the hand-over"));
  });

  it("finds what was written, and leaves nothing behind when logged out", { timeout: 30_000 }, async () => {
    const { hits } = await queries.searchMessages("hand", { limit: 10 }, ann.db);
    expect(hits.map((hit) => hit.message.text)).toEqual(["after the hand-over"]);
    await logOut(ann.db);
    for (const table of ann.db.tables) expect([table.name, await table.count()]).toEqual([table.name, 0]);
    await soon(() => expect(ann.pages[1]?.connection.phase).toBe("signed-out"));
    await actions.endSession((await actions.loadSessions(phone.db)).find((session) => session.current)?.id ?? "", phone.db);
    await soon(() => expect(phone.pages[0]?.connection.phase).toBe("expired"), 25_000);
    expect(await phone.texts(direct)).toContain("after the hand-over");
  });
});
