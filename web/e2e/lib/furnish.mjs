// Conversations as people have them, for pictures: short and long texts, links, code, emoji, two directions of writing, groups.

export const groupName = "Trip to Porto";
export const longGroupName = "Neighbours of the house at the corner of Linden Street and the old canal, second entrance";

/** Anna, with everything that a list and a conversation can hold; and those she talks to. */
export async function furnished(world) {
  const [anna, lena, kofi] = await world.introduced("Anna", "Lena", "Kofi");
  const sara = await world.person("سارة");
  sara.email = `sara-${Date.now()}@example.org`;
  sara.username = `sara_${Math.random().toString(36).slice(2, 8)}`;
  await sara.logIn();
  await sara.introduce("أحب الطوابع القديمة والرسائل الورقية.");
  await group(anna, longGroupName, [lena]);
  await group(anna, groupName, [lena, kofi, sara]);
  await talkInGroup(anna, kofi, sara);
  await anna.find(sara);
  await anna.say("Marhaba Sara!");
  await sara.page.getByRole("link", { name: chat("Anna") }).click();
  await sara.sees("Marhaba Sara!");
  await sara.say("صباح الخير! وصلت الرسالة أمس، شكرًا جزيلًا لك. سأرسل لك صورة الطابع حين أعود إلى البيت في المساء.");
  await sara.say("الرقم هو 4711 على https://example.org/parcels وسأتصل بك.");
  await anna.sees("4711");
  await talk(anna, lena);
  return { anna, lena, kofi, sara };
}

/** The conversation with somebody, and not another in which they have spoken last. */
export function chat(name) {
  return new RegExp(`^(?:online)?\\s*${name}`);
}

export async function group(owner, name, people) {
  const { page } = owner;
  await page
    .getByRole("button", { name: /^New conversation/ })
    .first()
    .click();
  await page.getByRole("button", { name: "New group" }).click();
  await page.getByLabel("Name of the group").fill(name);
  for (const person of people) {
    await page.getByRole("searchbox", { name: /Name, username/ }).fill(person.username);
    await page.locator("dialog label", { hasText: person.name }).click();
  }
  await page.getByRole("button", { name: "Make the group" }).click();
  await page.getByRole("textbox", { name: `Message to ${name}` }).waitFor();
}

async function talkInGroup(anna, kofi, sara) {
  await anna.say("Who has the tickets?");
  await kofi.page.getByRole("link", { name: new RegExp(groupName) }).click();
  await kofi.sees("tickets");
  await kofi.say("Me. Train at 7:14, platform 3");
  await kofi.say("We change in Coimbra");
  await sara.page.getByRole("link", { name: new RegExp(groupName) }).click();
  await sara.sees("Coimbra");
  await sara.say("ممتاز، أراكم في المحطة");
  await anna.sees("المحطة");
  await anna.act("platform 3", "React with ❤️");
  await kofi.act("Who has the tickets?", "React with 👍");
  await sara.act("Who has the tickets?", "React with 👍");
}

async function talk(anna, lena) {
  await anna.find(lena);
  await anna.say("Good morning! Did the parcel from Lisbon arrive?");
  await lena.page.getByRole("link", { name: chat("Anna") }).click();
  await lena.sees("Good morning!");
  await lena.say("Not yet. The page says **out for delivery** since Tuesday: https://example.org/parcels");
  await lena.say("I'll call them if it isn't here by noon");
  await anna.sees("by noon");
  await anna.act("by noon", "React with 👍");
  await anna.act("by noon", "Reply");
  await anna.say("Thank you! The new stamps are lovely, by the way. They printed the old post office on them, the one by the river.");
  await lena.sees("The new stamps");
  await lena.say(
    "A longer word: Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen, and an address without an end https://example.org/a/very/long/path/that/does/not/stop/anywhere/and/has/no/spaces/at/all?with=query&and=more",
  );
  await lena.say("🎉🎉");
  await anna.sees("🎉🎉");
  await anna.say("`const late = 5 * 60;`");
  await anna.say(
    '```\nfunction greet(name) {\n  return "hello " + name; // a line that is longer than the bubble is wide, and so goes on in the next\n}\n```',
  );
  await anna.say("a mistke");
  await anna.ticks("a mistke", "read");
  await anna.box().press("ArrowUp");
  await anna.box().fill("a mistake, mended");
  await anna.box().press("Enter");
  await anna.ticks("a mistake, mended", "read");
}
