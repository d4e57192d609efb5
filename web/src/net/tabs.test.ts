import { describe, expect, it, vi } from "vitest";
import { soon } from "@/testing/devices";
import { locksOfOneBrowser, pause } from "@/testing/weather";
import { Attention } from "./attention";
import { Backoff } from "./backoff";
import { Tabs } from "./tabs";

function tabsOf(locks: LockManager | undefined, names: string[]) {
  const leading = new Set<string>();
  const tabs = names.map(
    (name) =>
      new Tabs(async (over) => {
        leading.add(name);
        await new Promise<void>((resolve) => (over.aborted ? resolve() : over.addEventListener("abort", () => resolve())));
        leading.delete(name);
      }, locks),
  );
  for (const tab of tabs) tab.start();
  return { tabs, leading };
}

describe("tabs", () => {
  it("have one that leads, and another when that one is closed", async () => {
    const { tabs, leading } = tabsOf(locksOfOneBrowser(), ["a", "b", "c"]);
    await soon(() => expect([...leading]).toEqual(["a"]));
    tabs[0]?.close();
    await soon(() => expect([...leading]).toEqual(["b"]));
    tabs[2]?.close();
    await pause(5);
    expect([...leading]).toEqual(["b"]);
    tabs[1]?.close();
    await soon(() => expect([...leading]).toEqual([]));
  });

  it("take over from one that gives no sign of life, and it stands behind", async () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const { tabs, leading } = tabsOf(locksOfOneBrowser(), ["a", "b"]);
    await soon(() => expect([...leading]).toEqual(["a"]));
    now.mockReturnValue(9_000);
    tabs[1]?.seen();
    await pause(5);
    expect([...leading]).toEqual(["a"]);
    now.mockReturnValue(11_000);
    tabs[1]?.seen();
    await soon(() => expect([...leading]).toEqual(["b"]));
    tabs[1]?.close();
    await soon(() => expect([...leading]).toEqual(["a"]));
    tabs[0]?.close();
    now.mockRestore();
  });

  it("each lead themselves where there are no locks", async () => {
    const { tabs, leading } = tabsOf(undefined, ["a", "b"]);
    await soon(() => expect([...leading].toSorted()).toEqual(["a", "b"]));
    for (const tab of tabs) tab.close();
  });
});

describe("what tabs look at", () => {
  it("is told together, and told again on a new connection", () => {
    const said: string[] = [];
    const attention = new Attention((event, payload) => void said.push(`${event} ${Object.values(payload).join()}`));
    attention.of("one", { shows: "c", watches: ["ann"] });
    attention.of("two", { shows: "c", watches: ["bob", "ann"] });
    attention.of("one", { shows: "d", watches: [] });
    attention.of("two", null);
    expect(said).toEqual([
      "conversation:open c",
      "presence:watch ann",
      "presence:watch ann,bob",
      "conversation:open d",
      "conversation:close c",
      "presence:watch ",
    ]);
    said.length = 0;
    attention.again();
    expect(said).toEqual(["conversation:open d"]);
  });
});

describe("back-off", () => {
  it("waits 1 s, doubles to 30 s, up to half longer, and never less than it was told", () => {
    const least = new Backoff(() => 0);
    expect(Array.from({ length: 7 }, () => least.next())).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(least.next(60_000)).toBe(60_000);
    least.reset();
    expect(least.next()).toBe(1_000);
    expect(new Backoff(() => 1).next()).toBe(1_500);
  });
});
