import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, describe, test } from "node:test";
import { World } from "./lib/world.mjs";

/** What a device keeps, loses, gives away and takes back. */
describe("keeping", { timeout: 180_000 }, () => {
  let world;
  let anna;
  let lena;

  before(async () => {
    world = await World.start();
    [anna, lena] = await world.introduced("Anna", "Lena");
    await anna.find(lena);
    await anna.say("the first");
    await lena.page.getByRole("link", { name: /Anna/ }).click();
    await lena.sees("the first");
  });
  after(async () => {
    await world?.stop();
  });
  afterEach(async (context) => {
    if (!context.passed) await world?.picturesOfFailure(context.name);
  });

  async function deleteForMe(person, text) {
    await person.act(text, "Delete");
    await person.page.getByRole("button", { name: "Delete for me" }).click();
    await person.message(text).waitFor({ state: "detached" });
  }

  test("what was deleted for oneself can be taken back before it is sent", async () => {
    await lena.say("stays");
    await lena.say("goes");
    await anna.sees("goes");
    await deleteForMe(anna, "stays");
    await anna.page.getByRole("button", { name: "Undo" }).waitFor();
    await anna.picture("undo-light-desktop");
    await anna.page.getByRole("button", { name: "Undo" }).click();
    await anna.sees("stays");
    await deleteForMe(anna, "goes");
    await anna.page.getByRole("button", { name: "Undo" }).waitFor({ state: "detached" });
    await anna.page.waitForFunction(
      () =>
        new Promise((done) => {
          const open = indexedDB.open("restante");
          open.onsuccess = () => {
            const count = open.result.transaction("outbox").objectStore("outbox").count();
            count.onsuccess = () => {
              open.result.close();
              done(count.result === 0);
            };
          };
        }),
    );
    await anna.page.reload();
    await anna.sees("stays");
    assert.equal(await anna.message("goes").count(), 0);
    assert.equal(await lena.message("goes").count(), 1);
  });

  test("a history is saved as text and as data", async () => {
    const { page } = anna;
    await page.getByRole("button", { name: "Details", exact: true }).click();
    const saved = async (name) => {
      const waits = page.waitForEvent("download");
      await page.getByRole("button", { name }).click();
      const file = await waits;
      return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
    };
    const text = await saved("Save the history as text");
    assert.match(text.name, /^Lena-\d{4}-\d\d-\d\d\.txt$/);
    assert.match(text.text, /\d\d:\d\d You: the first\n(.*\n)*.*\d\d:\d\d Lena: stays\n/);
    assert.doesNotMatch(text.text, /goes/);
    const data = JSON.parse((await saved("Save the history as data (JSON)")).text);
    assert.deepEqual(
      data.messages.map((message) => message.text),
      ["the first", "stays"],
    );
    assert.ok(data.people.some((person) => person.name === "Lena"));
    await page.keyboard.press("Escape");
  });

  test("a link to a message that is not here says so", async () => {
    const { page } = anna;
    const conversation = new URL(page.url()).pathname.split("/").slice(0, 3).join("/");
    await page.goto(`${conversation}/99999`);
    await page.getByText("This message is not on this device.").waitFor();
    await anna.sees("stays");
    await page.goto(conversation);
  });

  test("from anywhere in a conversation the first unread message is one press away", async () => {
    const { page } = anna;
    const link = new URL(page.url()).pathname;
    const seq = await anna.message("the first").getAttribute("data-seq");
    await page.getByRole("link", { name: /Notes to self/ }).click();
    for (let n = 1; n <= 90; n += 1) await lena.say(`unread ${n} ${"and more ".repeat(n % 5)}`);
    await page.getByRole("link", { name: /Lena.*90 unread messages/ }).waitFor({ timeout: 60_000 });
    // By a link to something older.
    await page.goto(`${link}/${seq}`);
    await anna.sees("the first");
    const toEnd = page.getByRole("button", { name: /To the latest message/ });
    const toUnread = page.getByRole("button", { name: "To the first unread message" });
    await toEnd.click();
    await anna.sees("unread 90");
    await toUnread.waitFor();
    await anna.pictures("unread-jump");
    await toUnread.click();
    await toUnread.waitFor({ state: "detached" });
    const top = await page.locator("[data-unread-divider]").evaluate((divider) => {
      return divider.getBoundingClientRect().top - divider.closest("[data-timeline]").getBoundingClientRect().top;
    });
    assert.ok(top >= -40 && top < 200, `the divider is at the top: ${top}`);
    await toEnd.click();
    await anna.sees("unread 90");
  });

  test("a browser that has lost its history says so, and what comes back", async () => {
    const { page } = anna;
    const conversation = page.url();
    // On a page of the same site that has not opened the store.
    await page.goto("/icon.svg");
    await page.evaluate(
      () =>
        new Promise((done, failed) => {
          const gone = indexedDB.deleteDatabase("restante");
          gone.onsuccess = done;
          gone.onerror = failed;
        }),
    );
    await page.goto(conversation);
    await page.getByRole("heading", { name: "This browser has lost its history" }).waitFor();
    await page.getByRole("button", { name: "Log in again" }).click();
    await page.waitForURL("**/login");
    await page.getByLabel("Mail address").fill(anna.email);
    await page.getByRole("button", { name: "Send the code" }).click();
    await page.getByLabel("Six-digit code").fill(await world.backend.code(anna.email));
    await anna.box().waitFor();
    await lena.say("are you back?");
    await anna.sees("are you back?");
    assert.equal(await anna.message("the first").count(), 0);
  });

  test("who logs out has lost nothing", async () => {
    const { page } = anna;
    await page.goto("/settings/storage");
    await page.getByRole("button", { name: "Log out on this device" }).click();
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.waitForURL("**/login");
    await page.goto("/c");
    await page.waitForURL("**/login");
    assert.equal(await page.getByText("lost its history").count(), 0);
  });

  test("nothing was complained about in any console", () => world.assertQuiet());
});
