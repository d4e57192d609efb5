// @vitest-environment happy-dom
import "fake-indexeddb/auto";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sendMessage } from "@/store/actions";
import { theStore } from "@/store/db";
import { forgetLeft, keepLeft, readLeft } from "./left";
import { useComposer } from "./useComposer";

const nobody: never[] = [];

async function opened() {
  const { result } = renderHook(() => useComposer("c", vi.fn(), nobody));
  await waitFor(() => expect(result.current.ready).toBe(true));
  return result;
}

const waiting = async () => (await theStore().outbox.toArray()).map(({ id, body }) => [id, body.text]);

describe("what a page is left with", () => {
  beforeEach(async () => {
    sessionStorage.clear();
    await Promise.all(theStore().tables.map((table) => table.clear()));
  });
  afterEach(cleanup);

  it("is what the store has not confirmed: what is being sent, and what is in the box", async () => {
    const box = await opened();
    act(() => box.current.onText("sent"));
    const sent = box.current.send();
    act(() => box.current.onText("begun"));
    dispatchEvent(new Event("pagehide"));
    expect(readLeft("c")).toMatchObject({ sending: [{ text: "sent" }], draft: { text: "begun" } });
    await act(() => sent);
    await waitFor(async () => expect(await theStore().drafts.count()).toBe(1));
    dispatchEvent(new Event("pagehide"));
    expect(readLeft("c")).toBeNull();
  });

  it("is stored by the next page, and not twice", async () => {
    const there = await sendMessage("c", { text: "stored after all" });
    const sending = [
      { id: there, text: "stored after all" },
      { id: "lost", text: "lost with the page" },
    ];
    keepLeft("c", { sending, draft: { text: "begun", replyTo: null, editing: null } });
    const box = await opened();
    expect(box.current.state.text).toBe("begun");
    expect(await waiting()).toEqual([
      [there, "stored after all"],
      ["lost", "lost with the page"],
    ]);
    expect(readLeft("c")).toBeNull();
    await waitFor(async () => expect(await theStore().drafts.get("c")).toMatchObject({ text: "begun" }));
  });

  it("is nobody else's", () => {
    keepLeft("c", { sending: [], draft: { text: "begun", replyTo: null, editing: null } });
    forgetLeft();
    expect(readLeft("c")).toBeNull();
  });
});
