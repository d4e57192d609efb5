import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { desktop, phone, World } from "./lib/world.mjs";

/** How every page looks, in both themes and at both widths, and whether everybody can use it. Pictures go to `SHOTS`. */
describe("pages", { timeout: 300_000 }, () => {
  let world;
  let anna;
  let lena;

  before(async () => {
    world = await World.start();
    [anna, lena] = await world.introduced("Anna", "Lena");
    await furnish();
  });
  after(async () => {
    await world?.stop();
  });

  async function furnish() {
    await anna.find(lena);
    await anna.say("Good morning! Did the parcel from Lisbon arrive?");
    await lena.page.getByRole("link", { name: /Anna/ }).click();
    await lena.sees("Good morning!");
    await lena.say("Not yet. The page says **out for delivery** since Tuesday: https://example.org/parcels");
    await lena.say("I'll call them if it isn't here by noon");
    await anna.sees("by noon");
    await anna.act("by noon", "React with 👍");
    await anna.act("by noon", "Reply");
    await anna.say("Thank you! The new stamps are lovely, by the way. They printed the old post office on them, the one by the river.");
    await lena.sees("The new stamps");
    await lena.say("🎉🎉");
    await anna.sees("🎉🎉");
    await anna.say("`const late = 5 * 60;`");
    await anna.ticks("const late", "read");
  }

  async function everyWay(person, name) {
    await person.pictures(name, async (what) => {
      await person.assertAccessible(what);
      await assertFits(person.page, what);
    });
  }

  /** Nothing sticks out sideways. */
  async function assertFits(page, what) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, `${what} is wider than the window by ${over} px`);
  }

  test("landing, log-in, code, and nothing", async () => {
    const visitor = await world.person("Visitor");
    for (const [path, name] of [
      ["/", "landing"],
      ["/login", "login"],
      ["/no/such/page", "not-found"],
    ]) {
      await visitor.page.goto(path);
      await visitor.page.locator("h1").waitFor();
      await everyWay(visitor, name);
    }
    // As if the browser had cleared its storage.
    await visitor.page.evaluate(() => localStorage.setItem("restante.device", "1"));
    await visitor.page.goto("/c");
    await visitor.page.getByRole("heading", { name: /lost its history/ }).waitFor();
    await everyWay(visitor, "lost");
    await visitor.page.getByRole("button", { name: "Log in again" }).click();
    await visitor.page.waitForURL("**/login");
    await visitor.page.getByLabel("Mail address").fill(visitor.email);
    await visitor.page.getByRole("button", { name: "Send the code" }).click();
    await visitor.page.getByLabel("Six-digit code").fill("12");
    await everyWay(visitor, "code");
    await visitor.context.close();
  });

  test("list and conversation", async () => {
    await everyWay(anna, "conversation");
    await anna.page.getByRole("link", { name: /Notes to self/ }).isVisible();
    const conversation = new URL(anna.page.url()).pathname;
    await anna.page.goto("/c");
    await anna.page.getByRole("link", { name: /Lena/ }).waitFor();
    await everyWay(anna, "list");
    await anna.page.goto(conversation);
    await anna.sees("The new stamps");
  });

  test("menus and dialogs of a conversation", async () => {
    await anna.page.setViewportSize(desktop);
    await anna.message("The new stamps").last().click({ button: "right" });
    await everyWay(anna, "message-menu");
    assert.equal(await anna.page.getByRole("menuitem", { name: "Reply" }).isVisible(), true);
    await anna.page.keyboard.press("Escape");
    await anna.page.getByRole("button", { name: "Details", exact: true }).click();
    await everyWay(anna, "details");
    await anna.page.keyboard.press("Escape");
    await anna.page.getByRole("button", { name: "Emoji" }).click();
    await anna.page.getByRole("dialog").getByRole("gridcell").first().waitFor();
    await everyWay(anna, "emoji");
    await anna.page.keyboard.press("Escape");
    await anna.page.keyboard.press("Control+k");
    await anna.page.getByRole("combobox").waitFor();
    await everyWay(anna, "switcher");
    await anna.page.keyboard.press("Escape");
    await anna.page.getByRole("button", { name: "Search in this conversation" }).click();
    await anna.page.getByRole("searchbox", { name: "Search in this conversation" }).fill("stamps");
    await anna.page.locator("mark").first().waitFor();
    await everyWay(anna, "search");
    await anna.page.keyboard.press("Escape");
  });

  test("finding people, making a group", async () => {
    await anna.page.setViewportSize(desktop);
    await anna.page.getByRole("button", { name: "New conversation" }).first().click();
    await everyWay(anna, "new-conversation");
    await anna.page.getByRole("button", { name: "New group" }).click();
    await anna.page.getByLabel("Name of the group").fill("Trip to Porto");
    await everyWay(anna, "new-group");
    await anna.page.keyboard.press("Escape");
  });

  test("contacts and blocks", async () => {
    const { page } = anna;
    const kofi = await world.person("Kofi");
    await kofi.logIn();
    await kofi.introduce();
    await kofi.page.getByRole("button", { name: "New conversation" }).first().click();
    await kofi.page.getByRole("searchbox", { name: /Name, username/ }).fill(anna.username);
    await kofi.page.getByRole("button", { name: "Add Anna to contacts" }).click();
    await kofi.page.locator("dialog").getByText("Asked", { exact: true }).waitFor();
    await page.setViewportSize(desktop);
    await page.reload();
    await page.locator("[data-asking]").waitFor();
    const newConversation = page.getByRole("button", { name: /^New conversation/ }).first();
    await newConversation.click();
    await page.getByRole("button", { name: "Accept Kofi" }).waitFor();
    await everyWay(anna, "requests");
    await page.setViewportSize(desktop);
    await page.getByRole("button", { name: "Accept Kofi" }).click();
    await page.getByRole("heading", { name: "Contacts" }).waitFor();
    await everyWay(anna, "contacts");
    await page.setViewportSize(desktop);
    await page.getByRole("button", { name: /^Kofi/ }).click();
    await page.getByRole("textbox", { name: "Message to Kofi" }).waitFor();
    await page.getByRole("button", { name: "Details", exact: true }).click();
    await page.getByRole("button", { name: "Block Kofi" }).click();
    await everyWay(anna, "block");
    await page.getByRole("button", { name: "Block", exact: true }).click();
    await page.locator('dialog [data-contact="blocked"]').waitFor();
    await everyWay(anna, "details-blocked");
    await page.keyboard.press("Escape");
    await page.getByText("You blocked Kofi.").waitFor();
    await everyWay(anna, "conversation-blocked");
    await page.goto("/settings/blocked");
    await page.getByRole("button", { name: "Unblock Kofi" }).waitFor();
    await everyWay(anna, "settings-blocked");
    await kofi.context.close();
  });

  test("settings", async () => {
    for (const page of ["", "/profile", "/devices", "/privacy", "/appearance", "/notifications", "/storage"]) {
      await anna.page.goto(`/settings${page}`);
      await anna.page.locator("h1, h2").first().waitFor({ state: "attached" });
      if (page === "/devices") await anna.page.getByText("This device", { exact: true }).first().waitFor();
      await everyWay(anna, `settings${page.replace("/", "-")}`);
    }
  });

  test("from right to left", async () => {
    await anna.page.setViewportSize(desktop);
    await anna.page.goto("/settings/appearance");
    await anna.page.getByText("العربية").click();
    await anna.page.getByRole("heading", { name: "المظهر" }).waitFor();
    await everyWay(anna, "arabic-settings");
    await anna.page.goto("/c");
    await anna.page.getByRole("link", { name: /Lena/ }).click();
    await anna.sees("The new stamps");
    assert.equal(await anna.page.evaluate(() => document.documentElement.dir), "rtl");
    await everyWay(anna, "arabic-conversation");
  });

  test("on a phone: list, conversation, back", async () => {
    await lena.page.setViewportSize(phone);
    await lena.page.goto("/c");
    await lena.page.getByRole("link", { name: /Anna/ }).click();
    await lena.sees("The new stamps");
    assert.equal(await lena.page.getByRole("link", { name: /Anna/ }).isVisible(), false);
    await lena.page.getByRole("button", { name: "Back" }).click();
    await lena.page.getByRole("link", { name: /Anna/ }).waitFor();
    await lena.page.goForward();
    await lena.sees("The new stamps");
    await lena.page.goBack();
    await lena.page.getByRole("link", { name: /Anna/ }).waitFor();
  });

  test("nothing was complained about in any console", () => world.assertQuiet());
});
