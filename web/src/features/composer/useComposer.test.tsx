// @vitest-environment happy-dom
import "fake-indexeddb/auto";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { saveDraft } from "@/store/actions";
import { theStore } from "@/store/db";
import { draft, type MessageView } from "@/store/queries";
import { excerptOf, useComposer } from "./useComposer";

const message = { id: "m", senderId: "s", text: "was bold", formatting: [{ style: "bold", start: 4, end: 8 }] } as unknown as MessageView;

const nobody: never[] = [];

describe("useComposer", () => {
  beforeEach(async () => {
    await theStore().drafts.clear();
    await theStore().outbox.clear();
  });
  afterEach(cleanup);

  async function opened() {
    const { result } = renderHook(() => useComposer("c", vi.fn(), nobody));
    await waitFor(() => expect(result.current.ready).toBe(true));
    return result;
  }

  it("begins with the draft, and keeps what is written", async () => {
    await saveDraft("c", { text: "half a" });
    const box = await opened();
    expect(box.current.state.text).toBe("half a");
    act(() => box.current.onText("half a sentence"));
    await waitFor(async () => expect((await draft("c"))?.text).toBe("half a sentence"));
  });

  it("puts aside what was written while a message is changed", async () => {
    const box = await opened();
    act(() => box.current.onText("unfinished"));
    act(() => box.current.edit(message));
    expect(box.current.state).toEqual({ text: "was **bold**", replyTo: null, editing: "m" });
    act(() => box.current.cancel());
    expect(box.current.state).toEqual({ text: "unfinished", replyTo: null, editing: null });
  });

  it("writes what is in it when the page is hidden or left, also that it is empty", async () => {
    await saveDraft("c", { text: "half a" });
    const box = await opened();
    act(() => box.current.onText(""));
    dispatchEvent(new Event("pagehide"));
    await waitFor(async () => expect(await draft("c")).toBeNull(), { timeout: 200 });
    act(() => box.current.onText("again"));
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    await waitFor(async () => expect((await draft("c"))?.text).toBe("again"), { timeout: 200 });
    vi.restoreAllMocks();
  });

  it("is empty once a message is sent, and has it again if the store does not take it", async () => {
    const box = await opened();
    act(() => box.current.onText("first"));
    await act(() => box.current.send());
    expect(box.current.state.text).toBe("");
    expect(await theStore().outbox.count()).toBe(1);

    act(() => box.current.onText("second"));
    theStore().close();
    const refused = act(async () => {
      const sent = box.current.send();
      box.current.onText("third");
      await expect(sent).rejects.toThrow();
    });
    await refused;
    await theStore().open();
    expect(box.current.state.text).toBe("second\nthird");
    expect(await theStore().outbox.count()).toBe(1);
  });

  it("answers with the beginning of what is answered", async () => {
    const box = await opened();
    act(() => box.current.reply(message));
    expect(box.current.state.replyTo).toEqual({ id: "m", senderId: "s", excerpt: "was bold" });
    act(() => box.current.cancel());
    expect(box.current.state.replyTo).toBeNull();
  });
});

describe("excerptOf", () => {
  it("counts what the server counts, and breaks no pair", () => {
    expect(excerptOf("short")).toBe("short");
    expect([...excerptOf("😀".repeat(400))]).toHaveLength(300);
  });
});
