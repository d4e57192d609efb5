import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { until } from "./lib/until.mjs";
import { World } from "./lib/world.mjs";

/** The row in the middle of the list, and where it is. */
function inSight(timeline) {
  return timeline.evaluate((list) => {
    const box = list.getBoundingClientRect();
    const rows = [...list.querySelectorAll("[data-row]")];
    const row = rows.find((one) => one.getBoundingClientRect().bottom > box.top + box.height / 2) ?? rows.at(-1);
    return { id: row.dataset.row, top: row.getBoundingClientRect().top };
  });
}

function topOf(timeline, id) {
  return timeline.evaluate((list, wanted) => list.querySelector(`[data-row="${wanted}"]`)?.getBoundingClientRect().top ?? null, id);
}

/** What people do with the client, each with a browser of their own, against the real server. */
describe("journeys", { timeout: 300_000 }, () => {
  let world;
  let anna;
  let lena;

  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world?.stop();
  });

  afterEach(async (context) => {
    if (!context.passed) await world?.picturesOfFailure(context.name);
  });

  test("two people log in by a code from the mail and talk", async () => {
    [anna, lena] = await world.introduced("Anna", "Lena");
    await anna.find(lena);
    await anna.say("Hello **Lena**");
    await anna.sees("Hello Lena");
    await lena.page.getByRole("link", { name: /Anna/ }).click();
    await lena.sees("Hello Lena");
    assert.equal(await lena.message("Hello Lena").locator("strong").textContent(), "Lena");
    await anna.ticks("Hello Lena", "read");
    await lena.say("Hello back");
    await anna.sees("Hello back");
  });

  test("a wrong code says so, and can be tried again", async () => {
    const other = await world.person("Kofi");
    await other.page.goto("/login");
    await other.page.getByLabel("Mail address").fill("nobody");
    await other.page.getByRole("button", { name: "Send the code" }).click();
    await other.page.getByText(/does not look like a mail address/).waitFor();
    await other.page.getByLabel("Mail address").fill(other.email);
    await other.page.getByRole("button", { name: "Send the code" }).click();
    const code = await world.backend.code(other.email);
    const wrong = code === "000000" ? "111111" : "000000";
    await other.page.getByLabel("Six-digit code").fill(wrong);
    await other.page.getByText(/not the code that we sent/).waitFor();
    await other.page.getByLabel("Six-digit code").fill(code);
    await other.page.getByRole("heading", { name: "Profile" }).waitFor();
    await other.context.close();
  });

  test("offline, messages are written and kept; back, they go both ways, once and in order", async () => {
    await anna.context.setOffline(true);
    await anna.say("first from the tunnel");
    await anna.say("second from the tunnel");
    await anna.ticks("second from the tunnel", "pending");
    await anna.page.getByText("You are offline.", { exact: false }).waitFor();
    await lena.say("written meanwhile");
    await anna.context.setOffline(false);
    await anna.sees("written meanwhile");
    await lena.sees("second from the tunnel");
    const texts = await lena.texts();
    const [first, second] = [texts.indexOf("first from the tunnel"), texts.indexOf("second from the tunnel")];
    assert.ok(first >= 0 && second === first + 1, `in order: ${texts}`);
    assert.equal(new Set(texts).size, texts.length, `once: ${texts}`);
  });

  test("without a connection the client opens, shows what it has, and takes what is written", async () => {
    await anna.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await anna.context.setOffline(true);
    await anna.page.reload();
    await anna.sees("Hello back");
    await anna.say("written after a start without a connection");
    await anna.ticks("written after a start", "pending");
    await anna.context.setOffline(false);
    await lena.sees("written after a start without a connection");
  });

  test("with the server gone and every tab closed, the client opens at a link, is read and written in, and sends once there is a server", async () => {
    const conversation = new URL(anna.page.url()).pathname;
    await anna.page.close();
    await world.cut();
    await anna.open(conversation);
    await anna.sees("Hello back");
    await anna.page.getByRole("searchbox", { name: "Search", exact: true }).fill("tunnel");
    await anna.page.locator("mark", { hasText: "tunnel" }).first().waitFor();
    await anna.page.getByRole("searchbox", { name: "Search", exact: true }).fill("");
    await anna.say("written to nobody yet");
    await anna.ticks("written to nobody yet", "pending");
    // A page of another address is the same file; and nothing of it is new.
    await anna.page.goto("/settings/appearance");
    await anna.page.getByRole("heading", { name: "Appearance" }).waitFor();
    await anna.page.goto(conversation);
    await anna.ticks("written to nobody yet", "pending");
    await world.mend();
    await lena.sees("written to nobody yet", 40_000);
    await anna.ticks("written to nobody yet", "read");
    assert.equal(await lena.message("written to nobody yet").count(), 1);
  });

  test("a second tab shows the same, sends, and takes over when the first is closed", async () => {
    const first = anna.page;
    const second = await anna.open(first.url());
    await anna.sees("Hello back");
    await anna.say("from the second tab");
    await lena.sees("from the second tab");
    await first.close();
    await lena.say("to the tab that is left");
    await anna.sees("to the tab that is left");
    await anna.say("and back");
    await lena.sees("and back");
    assert.equal(anna.page, second);
  });

  test("a reload in the middle of a send neither loses nor doubles it", async () => {
    await anna.say("sent and reloaded");
    // What is shown is on the device.
    await anna.sees("sent and reloaded");
    await anna.page.reload();
    await anna.ticks("sent and reloaded", "read");
    await lena.sees("sent and reloaded");
    assert.equal(await lena.message("sent and reloaded").count(), 1);
    assert.equal(await anna.message("sent and reloaded").count(), 1);
  });

  test("what has left the box is kept, and what is in it as well, however soon the page is left", async () => {
    for (const text of ["left at once", "left at once again", "left at once for the third time"]) {
      await anna.box().fill(text);
      // Within the very press that sends it.
      await anna.page.evaluate(() => addEventListener("keydown", () => location.reload(), { once: true }));
      await Promise.all([anna.page.waitForEvent("load"), anna.box().press("Enter")]);
      await anna.page.getByText(text, { exact: true }).first().waitFor();
      await anna.page.waitForFunction(() => document.querySelector("textarea")?.value === "");
    }
    await lena.sees("left at once for the third time");
    assert.deepEqual(
      (await lena.texts()).filter((text) => text.startsWith("left at once")),
      ["left at once", "left at once again", "left at once for the third time"],
    );

    await anna.box().fill("just begun");
    await anna.page.reload();
    await anna.page.waitForFunction(() => document.querySelector("textarea")?.value === "just begun");
    await anna.box().fill("");
    await anna.page.reload();
    await anna.sees("left at once for the third time");
    // What the page was left with is stored once the conversation is open again.
    await until("no draft is stored", async () => (await anna.stored("drafts")).length === 0);
  });

  test("the server is killed and started again", async () => {
    await world.backend.kill();
    await anna.say("into the dark");
    await anna.ticks("into the dark", "pending");
    await lena.say("from the other side");
    await world.backend.up();
    await lena.sees("into the dark");
    await anna.sees("from the other side");
    assert.equal(await lena.message("into the dark").count(), 1);
  });

  test("a draft survives a reload and shows in the list", async () => {
    await anna.box().fill("not finished yet");
    await anna.page.getByRole("link", { name: /Notes to self/ }).click();
    await anna.page.getByRole("link", { name: /Draft: ?not finished yet/ }).waitFor();
    await anna.page.reload();
    await anna.page.getByRole("link", { name: /Lena/ }).click();
    await anna.page.waitForFunction(() => document.querySelector("textarea")?.value === "not finished yet");
    await anna.box().fill("");
  });

  test("replying, reacting, changing, deleting", async () => {
    await anna.say("the original");
    await lena.sees("the original");
    await lena.act("the original", "Reply");
    await lena.say("the answer");
    await anna.message("the answer").getByText("the original").waitFor();
    await anna.act("the answer", "React with 👍");
    await lena
      .message("the answer")
      .getByRole("button", { name: /👍, 1 person/ })
      .waitFor();
    await anna.say("a mistake");
    await anna.ticks("a mistake", "read");
    await anna.box().press("ArrowUp");
    await anna.page.getByText("Editing a message").waitFor();
    await anna.box().fill("no mistake");
    await anna.box().press("Enter");
    await lena.message("no mistake").getByText("edited", { exact: true }).waitFor();
    await anna.act("no mistake", "Delete");
    await anna.page.getByRole("button", { name: "Delete for everyone" }).click();
    await lena.page.getByText("This message was deleted").first().waitFor();
    assert.equal(await lena.message("no mistake").count(), 0);
  });

  test("a link to a message leads there, through the log-in as well", async () => {
    await anna.say("the linked one");
    await anna.ticks("the linked one", "read");
    const seq = await anna.message("the linked one").getAttribute("data-seq");
    const link = `${new URL(anna.page.url()).pathname.split("/").slice(0, 3).join("/")}/${seq}`;
    await anna.page.goto(link);
    await anna.sees("the linked one");
    const stranger = await world.person("Nour");
    await stranger.page.goto(link);
    await stranger.page.waitForURL("**/login");
    await stranger.page.getByLabel("Mail address").fill(stranger.email);
    await stranger.page.getByRole("button", { name: "Send the code" }).click();
    await stranger.page.getByLabel("Six-digit code").fill(await world.backend.code(stranger.email));
    await stranger.page.waitForURL(`**${link}`);
    await stranger.page.getByText("This conversation is not here").waitFor();
    await stranger.context.close();
  });

  test("searching finds words in messages", async () => {
    await anna.page.getByRole("searchbox", { name: "Search", exact: true }).fill("tunnel");
    await anna.page.locator("mark", { hasText: "tunnel" }).first().waitFor();
    await anna.page.getByRole("searchbox", { name: "Search", exact: true }).fill("");
  });

  test("typing shows, and goes", async () => {
    await lena.box().pressSequentially("hm");
    await anna.page.locator("[data-typing]").waitFor();
    await lena.box().fill("");
    await anna.page.locator("[data-typing]").waitFor({ state: "detached" });
  });

  test("a long conversation: nothing moves under the reader, and the end is one press away", async () => {
    for (let n = 1; n <= 160; n += 1) await lena.say(`line ${n} ${"and more ".repeat(n % 7)}`);
    // One goes when the one before has its answer.
    await anna.sees("line 160", 60_000);
    await anna.page.goto(new URL(anna.page.url()).pathname.split("/").slice(0, 3).join("/"));
    await anna.sees("line 160");
    const timeline = anna.page.locator("[data-timeline]");
    await timeline.hover();
    const torn = [];
    for (let turn = 0; turn < 60; turn += 1) {
      const before = await inSight(timeline);
      await anna.page.mouse.wheel(0, -300);
      await anna.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const now = await topOf(timeline, before.id);
      // The row that was read went down by what the wheel turned, or less at the top; never up, never further.
      if (now !== null && (now - before.top < -1 || now - before.top > 620)) torn.push([turn, before, now]);
    }
    assert.deepEqual(torn, []);
    assert.ok((await anna.page.locator("[data-row]").count()) <= 202, "no more rows than are kept");

    const reading = await inSight(timeline);
    for (const text of ["one more", "and another", "and a third"]) await lena.say(text);
    await anna.page.getByRole("button", { name: /To the latest message, 3 new/ }).waitFor();
    assert.ok(Math.abs((await topOf(timeline, reading.id)) - reading.top) <= 1, "the reader's row stayed");
    await anna.page.getByRole("button", { name: /To the latest message/ }).click();
    await anna.sees("and a third");
    await anna.ticksOf(lena, "and a third", "read");
  });

  test("unread messages are counted, and divided from the rest", async () => {
    await anna.page.getByRole("link", { name: /Notes to self/ }).click();
    await lena.say("are you there?");
    await lena.say("never mind");
    await anna.page.getByRole("link", { name: /Lena.*2 unread messages/ }).click();
    await anna.page.locator("[data-unread-divider]").waitFor();
    await anna.sees("never mind");
    await anna.page.locator("[data-unread]").waitFor({ state: "detached" });
  });

  test("a group: made, talked in, left out of", async () => {
    const kofi = await world.person("Kofi");
    await kofi.logIn();
    await kofi.introduce();
    const { page } = anna;
    await page.getByRole("button", { name: "New conversation" }).first().click();
    await page.getByRole("button", { name: "New group" }).click();
    await page.getByLabel("Name of the group").fill("Trip to Porto");
    for (const person of [lena, kofi]) {
      await page.getByRole("searchbox", { name: /Name, username/ }).fill(person.username);
      await page.locator("dialog label", { hasText: person.name }).click();
    }
    await page.getByRole("button", { name: "Make the group" }).click();
    await page.getByRole("textbox", { name: "Message to Trip to Porto" }).waitFor();
    await anna.say("welcome all");
    await kofi.page.getByRole("link", { name: /Trip to Porto/ }).click();
    await kofi.sees("welcome all");
    await kofi.say("thanks");
    await lena.page.getByRole("link", { name: /Trip to Porto/ }).click();
    await lena.sees("thanks");
    await kofi.page.getByRole("link", { name: /Notes to self/ }).click();
    await anna.box().pressSequentially("over to you, @ko");
    await page.getByRole("option", { name: /Kofi/ }).waitFor();
    await anna.box().press("Enter");
    await anna.box().press("Enter");
    await anna.sees(`@${kofi.username}`);
    await kofi.page.getByRole("link", { name: /You were named/ }).click();
    assert.equal(await kofi.message("over to you").locator("strong").textContent(), `@${kofi.username}`);
    await page.getByRole("button", { name: "Details", exact: true }).click();
    await page.getByRole("button", { name: "Actions for Kofi" }).click();
    await page.getByRole("menuitem", { name: "Remove Kofi" }).click();
    await page.getByRole("button", { name: "Remove Kofi" }).click();
    await lena.page.getByText(/removed Kofi/).waitFor();
    await page.keyboard.press("Escape");
  });

  test("nothing was complained about in any console", () => world.assertQuiet());
});
