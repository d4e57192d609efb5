import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { World } from "./lib/world.mjs";

/** Contacts and blocks between two people, each with a browser of their own. */
describe("contacts", { timeout: 180_000 }, () => {
  let world;
  let anna;
  let lena;

  before(async () => {
    world = await World.start();
    [anna, lena] = await world.introduced("Anna", "Lena");
  });
  after(async () => {
    await world?.stop();
  });
  afterEach(async (context) => {
    if (!context.passed) await world?.picturesOfFailure(context.name);
  });

  const newConversation = (person) =>
    person.page
      .getByRole("button", { name: /^New conversation/ })
      .first()
      .click();
  const details = (person) => person.page.getByRole("button", { name: "Details", exact: true }).click();
  const standing = (person, state) => person.page.locator(`dialog [data-contact="${state}"]`).waitFor();

  test("a request is made, taken back, made again, declined, and accepted", async () => {
    await newConversation(anna);
    await anna.page.getByRole("searchbox", { name: /Name, username/ }).fill(lena.username);
    await anna.page.getByRole("button", { name: "Add Lena to contacts" }).click();
    await anna.page.locator("dialog").getByText("Asked", { exact: true }).waitFor();
    await anna.page.getByRole("button", { name: /^Lena/ }).click();
    await anna.box().waitFor();
    await details(anna);
    await standing(anna, "outgoing");
    await anna.page.getByRole("button", { name: "Take the request back" }).click();
    await anna.page.getByRole("button", { name: "Add to contacts" }).click();
    await standing(anna, "outgoing");

    await newConversation(lena);
    await lena.page.getByRole("button", { name: "Decline Anna" }).click();
    await lena.page.getByRole("button", { name: "Decline Anna" }).waitFor({ state: "detached" });
    await lena.page.keyboard.press("Escape");

    // Who has asked does not see a refusal before they look again.
    await anna.page.reload();
    await details(anna);
    await anna.page.getByRole("button", { name: "Add to contacts" }).click();
    await standing(anna, "outgoing");
    await anna.page.keyboard.press("Escape");

    // Told to whoever has the list in view, with the next start.
    await lena.page.reload();
    await lena.page.locator("[data-asking]").waitFor();
    await newConversation(lena);
    await lena.page.getByRole("button", { name: "Accept Anna" }).click();
    await lena.page.getByRole("heading", { name: "Contacts" }).waitFor();
    await lena.page.getByRole("button", { name: /^Anna/ }).click();
    await lena.box().waitFor();
    await lena.page.locator("[data-asking]").waitFor({ state: "detached" });
    await lena.say("now we are");
    await anna.sees("now we are");
  });

  test("contacts come first, and can be removed", async () => {
    await newConversation(anna);
    const sections = anna.page.locator("dialog h3");
    await sections.filter({ hasText: "Contacts" }).waitFor();
    assert.equal(await sections.first().textContent(), "Contacts");
    await anna.page.keyboard.press("Escape");
    await details(anna);
    await standing(anna, "accepted");
    await anna.page.getByRole("button", { name: "Remove from contacts" }).click();
    await anna.page.locator("dialog [data-contact]").waitFor({ state: "detached" });
    await anna.page.keyboard.press("Escape");
  });

  test("a block keeps out what the other writes, and shows neither a box nor a word of it to them", async () => {
    await details(anna);
    await anna.page.getByRole("button", { name: "Block Lena" }).click();
    await anna.page.getByText(/They are not told/).waitFor();
    await anna.page.getByRole("button", { name: "Block", exact: true }).click();
    await standing(anna, "blocked");
    await anna.page.keyboard.press("Escape");
    await anna.page.getByText("You blocked Lena.").waitFor();
    assert.equal(await anna.box().count(), 0);
    await lena.say("can you hear me?");
    await lena.message("can you hear me?").locator('[data-progress]:not([data-progress="pending"])').waitFor();
    // It stays over a reload; and what has come by then would be there.
    await anna.page.reload();
    await anna.page.getByText("You blocked Lena.").waitFor();
    await anna.sees("now we are");
    await anna.page.getByRole("link", { name: /Notes to self/ }).click();
    await anna.say("after that");
    await anna.ticks("after that", "sent");
    assert.equal(await anna.page.getByText("can you hear me?").count(), 0);
    assert.equal(await anna.page.getByRole("link", { name: /Lena.*unread/ }).count(), 0);
    await anna.page.getByRole("link", { name: /Lena/ }).click();
    await anna.sees("now we are");
    assert.equal(await anna.message("can you hear me?").count(), 0);
  });

  test("whom one blocks stands in the settings, with the way back", async () => {
    const conversation = anna.page.url();
    await anna.page.goto("/settings/blocked");
    await anna.page.getByRole("button", { name: "Unblock Lena" }).click();
    await anna.page.getByText("You have not blocked anybody").waitFor();
    await anna.page.goto(conversation);
    await anna.box().waitFor();
    await anna.say("here I am again");
    await lena.sees("here I am again");
    await lena.say("so are mine");
    await anna.sees("so are mine");
    assert.equal(await anna.message("can you hear me?").count(), 0);
  });

  test("from the box itself a block is ended", async () => {
    await details(anna);
    await anna.page.getByRole("button", { name: "Block Lena" }).click();
    await anna.page.getByRole("button", { name: "Block", exact: true }).click();
    await standing(anna, "blocked");
    await anna.page.keyboard.press("Escape");
    await anna.page.getByRole("button", { name: "Unblock", exact: true }).click();
    await anna.box().waitFor();
  });

  test("in a group, a person's profile leads to them, and to a block", async () => {
    const { page } = anna;
    await newConversation(anna);
    await page.getByRole("button", { name: "New group" }).click();
    await page.getByLabel("Name of the group").fill("Neighbours");
    await page.getByRole("searchbox", { name: /Name, username/ }).fill(lena.username);
    await page.locator("dialog label", { hasText: "Lena" }).click();
    await page.getByRole("button", { name: "Make the group" }).click();
    await page.getByRole("textbox", { name: "Message to Neighbours" }).waitFor();
    await details(anna);
    await page.locator("dialog").getByRole("button", { name: /^Lena/ }).click();
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await page.getByRole("button", { name: "Block Lena" }).click();
    // Escape takes back one step at a time.
    await page.getByRole("heading", { name: "Block Lena?" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Block Lena?" }).waitFor({ state: "detached" });
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Profile" }).waitFor({ state: "detached" });
    await page.locator("dialog").getByRole("button", { name: /^Lena/ }).click();
    await page.getByRole("button", { name: "Block Lena" }).click();
    await page.getByRole("button", { name: "Block", exact: true }).click();
    await standing(anna, "blocked");
    await page.getByRole("button", { name: "Unblock Lena" }).click();
    await page.getByRole("button", { name: "Send a message" }).click();
    await page.getByRole("textbox", { name: "Message to Lena" }).waitFor();
  });

  test("nothing was complained about in any console", () => world.assertQuiet());
});
