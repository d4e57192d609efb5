// What every journey stands in: a real server, the client in front of it, a browser, and people in it.
//
// Parameters: RESTANTE_BIN (the server's binary), WEB_OUT (the built client, default ../out), or WEB_BUILTIN=1 when the
// binary serves the client itself, or WEB_FRONT=nginx for nginx before it; SHAPE=split for separate services behind nginx;
// CHROMIUM; SHOTS (where pictures go).
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { Backend } from "./backend.mjs";
import { serveByNginx } from "./nginx.mjs";
import { Split } from "./split.mjs";
import { serveStatic } from "./static-server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const binary = process.env.RESTANTE_BIN ?? path.join(root, "target/debug/restante");
/** Separate services behind nginx, instead of one process. */
const split = process.env.SHAPE === "split";
const out = path.resolve(process.env.WEB_OUT ?? path.join(root, "web/out"));
export const shots = path.resolve(process.env.SHOTS ?? path.join(root, ".run/shots"));
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 375, height: 740 };

/** What serves the pages and passes on the rest. */
async function front(backend, root, port = 0) {
  if (process.env.WEB_BUILTIN || split) return { url: backend.url, close: async () => {} };
  const serve = process.env.WEB_FRONT === "nginx" ? serveByNginx : serveStatic;
  return serve({ root, backend: backend.url, port });
}

export class World {
  /** `out`: another build of the client than the usual one. */
  static async start(options = {}) {
    const world = new World();
    world.out = options.out ? path.resolve(options.out) : out;
    world.backend = split ? await Split.start(root) : await Backend.start(binary);
    world.front = await front(world.backend, world.out);
    world.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
    world.people = [];
    return world;
  }

  /** People of these names, each with a browser of their own, logged in. */
  async introduced(...names) {
    const people = [];
    for (const name of names) people.push(await this.person(name));
    for (const person of people) {
      await person.logIn();
      await person.introduce();
    }
    return people;
  }

  /** A person with a browser of their own, who has opened nothing yet. */
  async person(name, options = {}) {
    const context = await this.browser.newContext({
      baseURL: this.front.url,
      viewport: desktop,
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
      ...options,
    });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    context.setDefaultTimeout(20_000);
    const person = new Person(this, name, context);
    this.people.push(person);
    await person.open();
    return person;
  }

  /** Nothing answers any more, neither the server nor whatever serves the pages. */
  async cut() {
    await this.backend.kill();
    await this.front.close();
  }

  async mend() {
    await this.backend.up();
    this.front = await front(this.backend, this.out, Number(new URL(this.front.url).port));
  }

  async stop() {
    await this.browser?.close();
    await this.front?.close();
    await this.backend?.stop();
  }

  /** What everybody sees now, for whoever looks for the cause of a failure. */
  async picturesOfFailure(name) {
    for (const person of this.people) {
      if (!person.page.isClosed())
        await person.picture(`failed-${name.replace(/\W+/g, "-").slice(0, 40)}-${person.name}`).catch(() => undefined);
    }
  }

  /** Nothing was said in any console, and no policy was violated, in the whole run. */
  assertQuiet() {
    assert.deepEqual(
      this.people.flatMap((person) => person.complaints),
      [],
    );
  }
}

export class Person {
  constructor(world, name, context) {
    this.world = world;
    this.name = name;
    this.email = `${name.toLowerCase()}-${Math.random().toString(36).slice(2, 8)}@example.org`;
    this.username = `${name.toLowerCase()}_${Math.random().toString(36).slice(2, 8)}`;
    this.context = context;
    this.complaints = [];
  }

  /** Another tab, which becomes the one that is used. */
  async open(address) {
    this.page = await this.context.newPage();
    this.page.on("pageerror", (error) => this.complaints.push(`${this.name}: ${error.stack ?? error}`));
    this.page.on("console", (message) => {
      // A request that fails while the server is away is no fault of the page.
      if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) {
        this.complaints.push(`${this.name}: ${message.text()}`);
      }
    });
    if (address) await this.page.goto(address);
    return this.page;
  }

  async logIn(at = "/login") {
    const { page } = this;
    await page.goto(at);
    await page.getByLabel("Mail address").fill(this.email);
    await page.getByRole("button", { name: "Send the code" }).click();
    await page.getByLabel("Six-digit code").fill(await this.world.backend.code(this.email));
    await page.waitForURL(/\/(c|settings)/);
  }

  /** Name and username, as others find this person. */
  async introduce(bio) {
    const { page } = this;
    await page.goto("/settings/profile");
    await page.getByLabel("Name", { exact: true }).fill(this.name);
    await page.getByLabel("Username").fill(this.username);
    if (bio) await page.getByLabel("About you").fill(bio);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved").waitFor();
    await page.goto("/c");
    await page.getByRole("heading", { name: "Restante", level: 2 }).waitFor();
  }

  async find(other) {
    const { page } = this;
    await page.getByRole("button", { name: "New conversation" }).first().click();
    await page.getByRole("searchbox", { name: /Name, username/ }).fill(other.username);
    await page.getByRole("button", { name: new RegExp(`^${other.name}`) }).click();
    // Not the box of what was open before.
    await page.getByRole("textbox", { name: `Message to ${other.name}` }).waitFor();
  }

  box() {
    return this.page.getByRole("textbox", { name: /^Message to/ });
  }

  async say(text) {
    await this.box().fill(text);
    await this.box().press("Enter");
  }

  /** The bubble with exactly this text. */
  message(text) {
    return this.page.locator("[data-row]").filter({ hasText: text });
  }

  async sees(text, within) {
    await this.message(text)
      .first()
      .waitFor(within ? { timeout: within } : {});
  }

  async ticks(text, progress) {
    await this.message(text).first().locator(`[data-progress="${progress}"]`).waitFor();
  }

  /** How far what somebody else wrote has come, as they see it. */
  async ticksOf(other, text, progress) {
    await other.ticks(text, progress);
  }

  /** What the bubbles say, in order. */
  texts() {
    return this.page.locator("[data-row] p[dir=auto]").evaluateAll((all) => all.map((one) => one.firstChild?.textContent?.trim() ?? ""));
  }

  /** The rows of a table of this browser's store. */
  stored(table) {
    return this.page.evaluate(
      (name) =>
        new Promise((done, fail) => {
          const opening = indexedDB.open("restante");
          opening.onerror = () => fail(opening.error);
          opening.onsuccess = () => {
            const db = opening.result;
            const rows = db.transaction(name).objectStore(name).getAll();
            rows.onerror = () => fail(rows.error);
            rows.onsuccess = () => {
              db.close();
              done(rows.result);
            };
          };
        }),
      table,
    );
  }

  /** Does something with a message by its menu. */
  async act(text, item) {
    await this.message(text).last().click({ button: "right" });
    await this.page
      .locator("[popover]:popover-open")
      .getByRole(item.startsWith("React") ? "button" : "menuitem", { name: item, exact: true })
      .click();
  }

  /** A finger that stays for a while, and lets go. */
  async hold(what) {
    const box = await what.boundingBox();
    const finger = { x: box.x + box.width * 0.6, y: box.y + box.height / 2 };
    const session = await this.context.newCDPSession(this.page);
    await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [finger] });
    await this.page.locator("[popover]:popover-open").waitFor();
    await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await session.detach();
    // Whatever letting go would close, it has closed by then.
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  /** Nothing that axe finds wrong, by WCAG 2.2 A and AA. */
  async assertAccessible(what) {
    await this.page.evaluate(() => document.fonts.ready);
    // The page's policy forbids foreign scripts; the debugger may run one.
    const session = await this.context.newCDPSession(this.page);
    await session.send("Runtime.evaluate", { expression: await readFile(axe, "utf8") });
    await session.detach();
    const found = await this.page.evaluate(() =>
      window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
    );
    const wrong = found.violations.map(
      (rule) => `${rule.id}: ${rule.help}\n${rule.nodes.map((node) => `   ${node.html}\n   ${node.failureSummary}`).join("\n")}`,
    );
    assert.deepEqual(wrong, [], `${what}\n${wrong.join("\n")}`);
  }

  /** In both themes and at both widths. */
  async pictures(name, each = async () => {}, themes = () => ["light", "dark"]) {
    for (const [width, size] of Object.entries({ desktop, phone })) {
      for (const theme of themes(width)) {
        await this.page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await this.page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme);
        await this.page.setViewportSize(size);
        await this.picture(`${name}-${theme}-${width}`);
        await each(`${name}, ${theme}, ${width}`);
      }
    }
    await this.page.setViewportSize(desktop);
  }

  /** As the settings of another tab would choose it: whatever is open stays open. Pages without settings hear it when loaded anew. */
  async speak(language, byReload = false) {
    await this.page.evaluate((wanted) => {
      const key = "restante.preferences";
      const stored = JSON.parse(localStorage.getItem(key) ?? '{"state":{},"version":0}');
      stored.state.language = wanted;
      localStorage.setItem(key, JSON.stringify(stored));
      dispatchEvent(new StorageEvent("storage", { key }));
    }, language);
    if (byReload) await this.page.reload();
    await this.page.waitForFunction((wanted) => document.documentElement.lang === wanted, language);
    // The words come after the language, in the same breath.
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  async picture(name) {
    await mkdir(shots, { recursive: true });
    await this.page.screenshot({ path: path.join(shots, `${name}.png`) });
  }
}
