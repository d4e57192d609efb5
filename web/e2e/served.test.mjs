import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { policy } from "./lib/static-server.mjs";
import { World } from "./lib/world.mjs";

/** How the client's files are handed out, whatever does it: the binary, nginx, or the server of these tests. */
describe("served", { timeout: 120_000 }, () => {
  let world;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world?.stop();
  });

  const ask = async (address, { accept = "text/html,*/*;q=0.8", method = "GET" } = {}) => {
    const answer = await fetch(world.front.url + address, { method, headers: { accept } });
    return { status: answer.status, text: await answer.text(), header: (name) => answer.headers.get(name) };
  };

  test("pages are pages of the client, under its policy, and asked for again each time", async () => {
    const texts = new Map();
    for (const address of ["/", "/login", "/c", "/c/", "/c/0190/7", "/c/a.b/7", "/settings", "/settings/devices"]) {
      const page = await ask(address);
      assert.equal(page.status, 200, address);
      assert.equal(page.header("content-type"), "text/html; charset=utf-8", address);
      assert.equal(page.header("content-security-policy"), policy, address);
      assert.equal(page.header("cache-control"), "no-cache", address);
      assert.equal(page.header("x-content-type-options"), "nosniff", address);
      assert.equal(page.header("referrer-policy"), "no-referrer", address);
      texts.set(address, page.text);
    }
    assert.equal(texts.get("/c/0190/7"), texts.get("/c"));
    assert.equal(texts.get("/settings/devices"), texts.get("/settings"));
    assert.notEqual(texts.get("/"), texts.get("/c"));
  });

  test("what bears a hash in its name is kept for good, and has its media type", async () => {
    const { text } = await ask("/c");
    const names = [...text.matchAll(/(?:src|href)="(\/_next\/static\/[^"?]+)/g)].map((match) => match[1]);
    for (const [ending, type] of [
      [".js", "text/javascript; charset=utf-8"],
      [".css", "text/css; charset=utf-8"],
    ]) {
      const name = names.find((one) => one.endsWith(ending));
      const file = await ask(name, { accept: "*/*" });
      assert.equal(file.status, 200, name);
      assert.equal(file.header("content-type"), type);
      assert.equal(file.header("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(file.header("content-security-policy"), null);
    }
    for (const [address, type] of [
      ["/sw.js", "text/javascript; charset=utf-8"],
      ["/manifest.webmanifest", "application/manifest+json"],
      ["/icon.svg", "image/svg+xml"],
    ]) {
      const file = await ask(address, { accept: "*/*" });
      assert.deepEqual([file.status, file.header("content-type"), file.header("cache-control")], [200, type, "no-cache"], address);
    }
  });

  test("what is not there is a page for whoever wants one, and said as the API says it to all others", async () => {
    for (const address of ["/nothing", "/nothing/deeper", "/_next/static/none.js", "/c/x.txt"]) {
      const page = await ask(address);
      assert.equal(page.status, 404, address);
      assert.equal(page.header("content-type"), "text/html; charset=utf-8", address);
      assert.equal(page.header("content-security-policy"), policy, address);
      assert.equal(page.header("cache-control"), "no-cache", address);
      const other = await ask(address, { accept: "*/*" });
      assert.equal(other.status, 404, address);
      assert.equal(JSON.parse(other.text).error.code, "NOT_FOUND", address);
    }
    for (const address of ["/api/v1/nothing", "/metrics/x", "/dev/nothing"]) {
      const answer = await ask(address);
      assert.equal(answer.status, 404, address);
      assert.equal(JSON.parse(answer.text).error.code, "NOT_FOUND", address);
    }
    const posted = await ask("/login", { method: "POST" });
    assert.equal(posted.status, 404);
    assert.equal(JSON.parse(posted.text).error.code, "NOT_FOUND");
  });

  test("two people talk through it", async () => {
    const [anna, lena] = await world.introduced("Anna", "Lena");
    await anna.find(lena);
    await anna.say("Hello **Lena**");
    await lena.page.getByRole("link", { name: /Anna/ }).click();
    await lena.sees("Hello Lena");
    await anna.ticks("Hello Lena", "read");
    const link = new URL(anna.page.url()).pathname;
    await anna.page.goto(`${link}/${await anna.message("Hello Lena").getAttribute("data-seq")}`);
    await anna.sees("Hello Lena");
    world.assertQuiet();
  });
});
