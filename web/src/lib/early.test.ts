import "fake-indexeddb/auto";
import { describe, expect, it } from "vitest";
import { early, forgetEarly } from "./early";

const soon = () => new Promise((done) => setTimeout(done));

describe("what is read early", () => {
  it("is there once it is read, and is taken once", async () => {
    const take = early(async () => 7);
    await soon();
    expect([take(), take()]).toEqual([7, undefined]);
  });

  it("is not waited for, nor given later to who came too early", async () => {
    const take = early(async () => 7);
    expect(take()).toBeUndefined();
    await soon();
    expect(take()).toBeUndefined();
  });

  it("is nothing if it cannot be read", async () => {
    const take = early(async () => Promise.reject(new Error("no store")));
    await soon();
    expect(take()).toBeUndefined();
  });

  it("is forgotten with whom it was read for, also while it is read", async () => {
    const [there, coming] = [early(async () => 7), early(() => soon().then(() => 8))];
    await Promise.resolve();
    forgetEarly();
    await soon();
    await soon();
    expect([there(), coming()]).toEqual([undefined, undefined]);
  });
});
