// @vitest-environment happy-dom
import { cleanup, render, waitFor } from "@testing-library/react";
import { IntlProvider } from "use-intl";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { usePreferences } from "@/features/settings/preferences";
import { type Store, theStore, writeMeta } from "@/store/db";
import { histories, ingestPage } from "@/store/ingest";
import { at, entryOf, me, textOf, viewOf } from "@/testing/log";
import { Announcer } from "@/ui/Announcer";
import { en } from "@/ui/i18n/en";
import { newsOf } from "./news";
import { useNotifications } from "./useNotifications";
import { useTitle } from "./useTitle";

const arrive = vi.hoisted(() => ({ now: (_: { conversationId: string; messageId: string }) => {} }));
vi.mock("@/net/session", () => ({
  onArrival: (listener: typeof arrive.now) => {
    arrive.now = listener;
    return () => {};
  },
}));

/** What the browser was asked to show. */
const shown: { title: string; body: string; tag: string; click: () => void }[] = [];

class FakeNotification {
  static permission = "granted";
  onclick: () => void = () => {};
  close = vi.fn();
  constructor(title: string, { body, tag }: { body: string; tag: string }) {
    shown.push({ title, body, tag, click: () => this.onclick() });
  }
}

let db: Store;

beforeEach(async () => {
  shown.length = 0;
  db = theStore();
  await db.transaction("rw", db.tables, () => Promise.all(db.tables.map((table) => table.clear())));
  const profile = { name: null, username: null, bio: null, avatarUrl: null, createdAt: at(0) };
  await writeMeta(db, "account", { ...me, deviceToken: null, ...profile });
  const page = (id: string, change: Parameters<typeof viewOf>[1], texts: string[]) => ({
    conversation: viewOf(id, change),
    entries: texts.map((text, n) => entryOf(id, n + 1, { id: `${id}-${n + 1}`, data: textOf(text) })),
    gone: [],
  });
  const conversations = [
    page("direct", { kind: "direct", title: null }, ["one", "two"]),
    page("group", { title: "Trip" }, ["three"]),
    page("muted", { muted: true }, ["four"]),
  ];
  await ingestPage(db, me, { since: "s", removed: [], receipts: [], more: false, conversations }, await histories(db));
  vi.stubGlobal("Notification", FakeNotification);
  usePreferences.getState().set({ notify: true, preview: true });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  document.title = "";
});

const opened = vi.fn();

function Client() {
  useNotifications(opened);
  useTitle();
  return <Announcer />;
}

const start = () =>
  render(
    <IntlProvider locale="en" messages={en} timeZone="UTC">
      <Client />
    </IntlProvider>,
  );

describe("news", () => {
  it("are one for each conversation, with its last message; none of one that is muted", async () => {
    const arrived = [
      { conversationId: "direct", messageId: "direct-1" },
      { conversationId: "group", messageId: "group-1" },
      { conversationId: "muted", messageId: "muted-1" },
      { conversationId: "direct", messageId: "direct-2" },
    ];
    const news = await newsOf(arrived);
    expect(news.map(({ conversation, message, count }) => [conversation.id, message.text, count])).toEqual([
      ["group", "three", 1],
      ["direct", "two", 2],
    ]);
  });
});

describe("notifications", () => {
  it("tell of what came, gathered, and lead there", async () => {
    vi.spyOn(document, "hasFocus").mockReturnValue(false);
    const { container } = start();
    for (const messageId of ["direct-1", "direct-2"]) arrive.now({ conversationId: "direct", messageId });
    arrive.now({ conversationId: "group", messageId: "group-1" });
    arrive.now({ conversationId: "muted", messageId: "muted-1" });
    await waitFor(() => expect(shown).toHaveLength(2), { timeout: 3_000 });
    expect(shown).toMatchObject([
      { title: "ann", body: "two", tag: "direct" },
      { title: "ann in Trip", body: "three", tag: "group" },
    ]);
    expect(container.querySelector("[data-announcer]")?.textContent).toBe("3 new messages");
    shown[1]?.click();
    expect(opened).toHaveBeenCalledWith("group");
  });

  it("say only who wrote, or nothing, if that is wanted", async () => {
    vi.spyOn(document, "hasFocus").mockReturnValue(false);
    const { container } = start();
    usePreferences.getState().set({ preview: false });
    arrive.now({ conversationId: "direct", messageId: "direct-1" });
    await waitFor(() => expect(shown).toHaveLength(1), { timeout: 3_000 });
    expect(shown[0]).toMatchObject({ title: "ann", body: "New message" });
    usePreferences.getState().set({ notify: false });
    arrive.now({ conversationId: "group", messageId: "group-1" });
    await waitFor(() => expect(container.querySelector("[data-announcer]")?.textContent).toBe("New message from ann"), { timeout: 5_000 });
    expect(shown).toHaveLength(1);
  });

  it("put what is unread and not muted into the title", async () => {
    start();
    await waitFor(() => expect(document.title).toBe("(3) Restante"));
    await db.conversations.update("direct", { read: { seq: 2, count: 2 } });
    await waitFor(() => expect(document.title).toBe("(1) Restante"));
    await db.conversations.update("group", { read: { seq: 1, count: 1 } });
    await waitFor(() => expect(document.title).toBe("Restante"));
  });
});
