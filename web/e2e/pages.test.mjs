import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { furnished, groupName, longGroupName } from "./lib/furnish.mjs";
import { desktop, phone, World } from "./lib/world.mjs";

/**
 * How every page looks, in both themes, at both widths and in both directions of writing, and whether everybody can use it.
 * Pictures go to `SHOTS`.
 */
describe("pages", { timeout: 600_000 }, () => {
  let world;
  let anna;
  let lena;
  let kofi;
  let sara;

  before(async () => {
    world = await World.start();
    ({ anna, lena, kofi, sara } = await furnished(world));
  });
  after(async () => {
    await world?.stop();
  });
  afterEach(async (context) => {
    if (!context.passed) await world?.picturesOfFailure(context.name);
  });

  /** `again` brings back what was said in the language that was spoken when it happened. */
  async function everyWay(person, name, { byReload = false, again = async () => {} } = {}) {
    const { page } = person;
    const looked = async (what) => {
      await person.assertAccessible(what);
      await assertFits(page, what);
      await assertTargets(page, what);
    };
    await person.pictures(name, looked);
    await person.speak("ar", byReload);
    await again();
    // Colours are the same in both directions: each theme once.
    await person.pictures(`arabic-${name}`, looked, (width) => (width === "phone" ? ["light"] : ["dark"]));
    await person.speak("en", byReload);
  }

  /** Nothing sticks out sideways. */
  async function assertFits(page, what) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, `${what} is wider than the window by ${over} px`);
  }

  /** Whatever can be pressed is at least as large as WCAG 2.2 wants it (2.5.8), whether it has room around it or not. */
  async function assertTargets(page, what) {
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("button, a, input, [role=button], [role=menuitem], [role=option]")]
        .filter((one) => one.checkVisibility({ opacityProperty: true }) && !one.closest("p, .sr-only") && !one.matches(".sr-only"))
        .map((one) => ({ box: one.getBoundingClientRect(), html: one.outerHTML.slice(0, 200) }))
        .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
        .map(({ box, html }) => `${Math.round(box.width)}×${Math.round(box.height)} ${html}`),
    );
    assert.deepEqual(small, [], `${what} has targets under 24 px`);
  }

  async function openConversation(person, name) {
    await person.page.setViewportSize(desktop);
    await person.page.goto("/c");
    await person.page.getByRole("link", { name }).first().click();
    await person.page.locator("[data-row]").first().waitFor();
  }

  const details = (person) => person.page.getByRole("button", { name: "Details", exact: true }).click();
  const close = (person) => person.page.keyboard.press("Escape");
  test("landing, log-in, code, and nothing", async () => {
    const visitor = await world.person("Visitor");
    const { page } = visitor;
    for (const [path, name] of [
      ["/", "landing"],
      ["/login", "login"],
      ["/no/such/page", "not-found"],
    ]) {
      await page.goto(path);
      await page.locator("h1").waitFor();
      await everyWay(visitor, name, { byReload: true });
    }
    // As if the browser had cleared its storage.
    await page.evaluate(() => localStorage.setItem("restante.device", "1"));
    await page.goto("/c");
    await page.getByRole("heading", { name: /lost its history/ }).waitFor();
    await everyWay(visitor, "lost");
    await page.getByRole("button", { name: "Log in again" }).click();
    await page.waitForURL("**/login");
    await page.getByLabel("Mail address").fill("nobody");
    await page.getByRole("button", { name: "Send the code" }).click();
    await everyWay(visitor, "login-error", { again: () => page.locator("[type=submit]").click() });
    await page.getByLabel("Mail address").fill(visitor.email);
    await page.getByRole("button", { name: "Send the code" }).click();
    const code = await world.backend.code(visitor.email);
    await page.getByLabel("Six-digit code").fill("12");
    await everyWay(visitor, "code");
    const mistype = async () => {
      await page.locator("[autocomplete=one-time-code]").fill(code === "000000" ? "111111" : "000000");
      await page.locator("[role=alert]", { hasText: /\S/ }).waitFor();
    };
    await mistype();
    await page.getByText(/not the code that we sent/).waitFor();
    await everyWay(visitor, "code-error", { again: mistype });
    await page.getByLabel("Six-digit code").fill(code);
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await everyWay(visitor, "settings-profile-new");
    await page.goto("/c");
    await page.getByRole("link", { name: /Notes to self/ }).waitFor();
    await everyWay(visitor, "list-new");
    await page.getByRole("link", { name: /Notes to self/ }).click();
    await visitor.box().waitFor();
    await everyWay(visitor, "conversation-empty");
    await page.goto("/c/0190a5b2-0000-7000-8000-000000000000");
    await page.getByText("This conversation is not here").waitFor();
    await everyWay(visitor, "conversation-missing");
    await visitor.context.close();
  });

  test("list and conversation", async () => {
    const { page } = anna;
    await kofi.say("I will bring coffee");
    await page.getByRole("link", { name: new RegExp(`${groupName}.*unread`) }).waitFor();
    await everyWay(anna, "conversation");
    await page.goto("/c");
    await page.getByRole("link", { name: /Lena/ }).waitFor();
    await everyWay(anna, "list");
    await page.getByRole("link", { name: /Notes to self/ }).click({ button: "right" });
    await everyWay(anna, "list-menu");
    await close(anna);
    await page.getByRole("button", { name: "Menu", exact: true }).click();
    await everyWay(anna, "menu");
    await close(anna);
    await openConversation(anna, /سارة/);
    await everyWay(anna, "conversation-both-directions");
    await openConversation(anna, new RegExp(groupName));
    await everyWay(anna, "conversation-group");
    await anna.box().fill("Thank you @");
    await page.getByRole("option", { name: /Kofi/ }).waitFor();
    await everyWay(anna, "composer-people");
    await anna.box().fill("");
    await openConversation(anna, new RegExp(longGroupName.slice(0, 20)));
    await everyWay(anna, "conversation-long-name");
    await page.goto("/c");
    await page.getByRole("button", { name: "Menu", exact: true }).click();
    await page.getByRole("menuitem", { name: "Archived" }).click();
    await page.getByText("Nothing archived").waitFor();
    await everyWay(anna, "archive-empty");
  });

  test("menus and dialogs of a conversation", async () => {
    const { page } = anna;
    await openConversation(anna, /Lena/);
    await anna.sees("The new stamps");
    await anna.message("The new stamps").last().click({ button: "right" });
    await everyWay(anna, "message-menu");
    assert.equal(await page.getByRole("menuitem", { name: "Reply" }).isVisible(), true);
    await close(anna);
    await anna.act("The new stamps", "Reply");
    await page.getByRole("button", { name: "Formatting" }).click();
    await anna.box().fill("They are! **Really**");
    await everyWay(anna, "composer-reply");
    await close(anna);
    await anna.box().fill("x".repeat(10_050));
    await everyWay(anna, "composer-too-long");
    await anna.box().fill("so :smi");
    await page.getByRole("listbox").waitFor();
    await everyWay(anna, "composer-suggestions");
    await close(anna);
    await anna.box().fill("");
    await anna.act("mended", "Edit");
    await everyWay(anna, "composer-edit");
    await close(anna);
    await page.getByRole("button", { name: "Formatting" }).click();
    await anna.act("mended", "Forward");
    await page.locator("dialog label", { hasText: "Notes to self" }).click();
    await everyWay(anna, "forward");
    await close(anna);
    await anna.act("mended", "Delete");
    await everyWay(anna, "delete");
    await page.getByRole("button", { name: "Delete for me" }).click();
    await page.getByRole("button", { name: "Undo" }).waitFor();
    await anna.picture("undo-light-desktop");
    await anna.speak("ar");
    await page.setViewportSize(phone);
    await anna.picture("arabic-undo-light-phone");
    await page.setViewportSize(desktop);
    await anna.speak("en");
    await page.getByRole("button", { name: "Undo" }).click();
    await details(anna);
    await everyWay(anna, "details");
    await close(anna);
    await page.getByRole("button", { name: "Emoji" }).click();
    await page.getByRole("dialog").getByRole("gridcell").first().waitFor();
    await everyWay(anna, "emoji");
    await close(anna);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").waitFor();
    await everyWay(anna, "switcher");
    await close(anna);
    await page.keyboard.press("Control+/");
    await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
    await everyWay(anna, "shortcuts");
    await close(anna);
  });

  test("searching", async () => {
    const { page } = anna;
    await page.getByRole("button", { name: "Search in this conversation" }).click();
    await page.getByRole("searchbox", { name: "Search in this conversation" }).fill("stamps");
    await page.locator("mark").first().waitFor();
    await everyWay(anna, "search");
    await close(anna);
    await page.goto("/c");
    const field = page.getByRole("searchbox", { name: "Search", exact: true });
    await field.fill("the");
    await page.locator("nav mark").first().waitFor();
    await everyWay(anna, "search-everywhere");
    await field.fill("nothing of the kind");
    await page.getByText("Nothing found for").waitFor();
    await everyWay(anna, "search-none");
    for (const query of ["stamps", "وصلت الرسالة", "a longer search, as people type them when they remember a sentence"]) {
      await field.fill(query);
      await field.press("Enter");
    }
    await field.fill("");
    await page.getByText("Recent searches").waitFor();
    await everyWay(anna, "search-recent");
    await page.locator("[data-recent-searches]").getByRole("button", { name: "stamps" }).click();
    await page.locator("nav mark").first().waitFor();
    await field.fill("");
    await page.getByRole("button", { name: "Clear the list" }).click();
    await page.locator("[data-recent-searches]").waitFor({ state: "detached" });
  });

  test("finding people, making a group", async () => {
    const { page } = anna;
    await page.getByRole("button", { name: "New conversation" }).first().click();
    await everyWay(anna, "new-conversation");
    await page.getByRole("searchbox", { name: /Name, username/ }).fill("nobody-at-all");
    await page.getByText("Nobody found for").waitFor();
    await everyWay(anna, "new-conversation-none");
    await page.getByRole("searchbox", { name: /Name, username/ }).fill("");
    await page.getByRole("button", { name: "New group" }).click();
    await page.getByLabel("Name of the group").fill("Reading on Sundays");
    await page.locator("dialog label", { hasText: "Lena" }).click();
    await everyWay(anna, "new-group");
    await close(anna);
  });

  test("a group's details, and a person's profile", async () => {
    const { page } = anna;
    await openConversation(anna, new RegExp(groupName));
    await details(anna);
    await page.getByRole("button", { name: "Actions for Kofi" }).waitFor();
    await everyWay(anna, "group");
    await page.getByRole("button", { name: "Actions for Kofi" }).click();
    await everyWay(anna, "group-member-menu");
    await close(anna);
    await page.getByRole("button", { name: "Rename" }).click();
    await everyWay(anna, "group-rename");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Add people" }).click();
    await everyWay(anna, "group-add");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator("dialog").getByRole("button", { name: /^سارة/ }).click();
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await page.getByText("أحب الطوابع").waitFor();
    await everyWay(anna, "profile-card");
    await close(anna);
    await page.getByRole("button", { name: "Leave the group" }).click();
    const askAgain = async () => {
      await close(anna);
      await page.getByRole("button", { name: "غادر المجموعة" }).click();
    };
    await everyWay(anna, "group-leave", { again: askAgain });
    await close(anna);
    await close(anna);
  });

  test("contacts and blocks", async () => {
    const { page } = anna;
    await kofi.page.getByRole("button", { name: "New conversation" }).first().click();
    await kofi.page.getByRole("searchbox", { name: /Name, username/ }).fill(anna.username);
    await kofi.page.getByRole("button", { name: "Add Anna to contacts" }).click();
    await kofi.page.locator("dialog").getByText("Asked", { exact: true }).waitFor();
    await close(kofi);
    await page.reload();
    await page.locator("[data-asking]").waitFor();
    const newConversation = page.getByRole("button", { name: /^New conversation/ }).first();
    await newConversation.click();
    await page.getByRole("button", { name: "Accept Kofi" }).waitFor();
    await everyWay(anna, "requests");
    await page.getByRole("button", { name: "Accept Kofi" }).click();
    await page.getByRole("heading", { name: "Contacts" }).waitFor();
    await everyWay(anna, "contacts");
    await page.getByRole("button", { name: /^Kofi/ }).click();
    await page.getByRole("textbox", { name: "Message to Kofi" }).waitFor();
    await details(anna);
    await page.getByRole("button", { name: "Block Kofi" }).click();
    await everyWay(anna, "block");
    await page.getByRole("button", { name: "Block", exact: true }).click();
    await page.locator('dialog [data-contact="blocked"]').waitFor();
    await everyWay(anna, "details-blocked");
    await close(anna);
    await page.getByText("You blocked Kofi.").waitFor();
    await everyWay(anna, "conversation-blocked");
    await page.goto("/settings/blocked");
    await page.getByRole("button", { name: "Unblock Kofi" }).waitFor();
    await everyWay(anna, "settings-blocked");
    await page.getByRole("button", { name: "Unblock Kofi" }).click();
    await page.getByText("You have not blocked anybody").waitFor();
    await everyWay(anna, "settings-blocked-none");
  });

  test("settings", async () => {
    for (const page of ["", "/profile", "/devices", "/privacy", "/appearance", "/notifications", "/storage"]) {
      await anna.page.goto(`/settings${page}`);
      await anna.page.locator("h1, h2").first().waitFor({ state: "attached" });
      if (page === "/devices") await anna.page.getByText("This device", { exact: true }).first().waitFor();
      await everyWay(anna, `settings${page.replace("/", "-")}`);
    }
    await anna.page.getByRole("button", { name: "Log out on this device" }).click();
    await everyWay(anna, "log-out");
    await close(anna);
  });

  test("without a connection, and what could not be sent", async () => {
    await openConversation(kofi, new RegExp(groupName));
    await kofi.context.setOffline(true);
    await kofi.say("Written in the tunnel");
    await kofi.page.getByText("You are offline.", { exact: false }).waitFor();
    await everyWay(kofi, "offline");
    await openConversation(anna, new RegExp(groupName));
    await details(anna);
    await anna.page.getByRole("button", { name: "Actions for Kofi" }).click();
    await anna.page.getByRole("menuitem", { name: "Remove Kofi" }).click();
    await anna.page.getByRole("button", { name: "Remove Kofi" }).click();
    await anna.page.getByRole("button", { name: "Actions for Kofi" }).waitFor({ state: "detached" });
    await close(anna);
    await kofi.context.setOffline(false);
    await kofi.page.getByText("You are no longer a member of this conversation.").waitFor();
    await kofi.ticks("Written in the tunnel", "failed");
    await everyWay(kofi, "failed");
    assert.equal(await sara.page.evaluate(() => document.documentElement.lang), "en");
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

  test("on a phone: a finger that stays opens the menu, which is there when it lets go", async () => {
    const nour = await world.person("Nour", { hasTouch: true, isMobile: true, viewport: phone });
    await nour.logIn();
    await nour.introduce();
    const { page } = nour;
    const notes = page.getByRole("link", { name: /Notes to self/ });
    await nour.hold(notes);
    await page.getByRole("menuitem", { name: "Pin", exact: true }).tap();
    await page.locator("[popover]").waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).pathname, "/c");
    await nour.hold(notes);
    await page.getByRole("menuitem", { name: "Unpin" }).waitFor();
    // Beside it, it closes.
    await page.touchscreen.tap(180, 650);
    await page.locator("[popover]").waitFor({ state: "detached" });
    await notes.tap();
    await nour.say("held");
    await nour.ticks("held", "sent");
    await nour.hold(nour.message("held").locator("p").first());
    await page.getByRole("menuitem", { name: "Edit" }).tap();
    await page.getByText("Editing a message").waitFor();
    await nour.context.setOffline(true);
    await page.getByText("You are offline.", { exact: false }).waitFor();
    await nour.picture("touch-offline");
    await nour.context.setOffline(false);
    await nour.context.close();
  });

  test("nothing was complained about in any console", () => world.assertQuiet());
});
