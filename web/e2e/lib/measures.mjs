// What `perf.mjs` measures: each in a page of a device that holds many messages. Each gives rows of `{what, all, spent?, note?}`:
// every single time in milliseconds, and the processor time of the page for it.
import { performance } from "node:perf_hooks";

const repeats = 7;

/** Processor time of the page's main thread, in milliseconds: what it costs whatever else the machine does. */
async function spent(page, work) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const now = async () => (await session.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value * 1_000;
  const before = await now();
  await work();
  const after = await now();
  await session.detach();
  return after - before;
}

/** Anna's browser, with conversations of many lengths, the largest of them `count` messages. */
export async function aDeviceWith(world, count) {
  const [anna, lena] = [await world.person("Anna"), await world.person("Lena")];
  for (const person of [anna, lena]) {
    await person.logIn();
    await person.introduce();
  }
  await anna.find(lena);
  await anna.say("the beginning");
  await anna.ticks("the beginning", "sent").catch(() => undefined);
  const big = new URL(anna.page.url()).pathname.split("/")[2];
  await anna.page.goto("/icon.svg");
  const begun = performance.now();
  await anna.page.evaluate(fill, { id: big, count });
  console.log(`filled in ${Math.round(performance.now() - begun)} ms`);
  return { page: anna.page, big, count };
}

/** Runs in the page. Rows stand above what the server has of the log, so that nothing is fetched or acknowledged. */
async function fill({ id, count }) {
  const words = "the parcel from Lisbon did arrive yesterday morning and the stamps are lovely thank you for the letter about winter".split(
    " ",
  );
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const open = (name) =>
    new Promise((done, failed) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  const db = await open("restante");
  const done = (transaction) =>
    new Promise((end, failed) => {
      transaction.oncomplete = end;
      transaction.onerror = () => failed(transaction.error);
    });
  const get = (store, key) =>
    new Promise((end) => {
      const request = db.transaction(store).objectStore(store).get(key);
      request.onsuccess = () => end(request.result);
    });
  const conversation = await get("conversations", id);
  const me = (await get("meta", "account")).value.userId;
  const other = conversation.members.find((member) => member.userId !== me).userId;
  const start = Date.now() - 3 * 365 * 86_400_000;
  const step = (3 * 365 * 86_400_000) / count;
  const row = (where, n) => {
    const text = Array.from({ length: 3 + Math.floor(random() * 22) }, () => words[Math.floor(random() * words.length)]).join(" ");
    const said = n % 997 === 0 ? `${text} marzipan` : text;
    return {
      conversationId: where,
      id: `${String(Math.floor(start + n * step).toString(16))
        .padStart(12, "0")
        .replace(/^(.{8})(.{4})$/, "$1-$2")}-7000-8000-${n.toString(16).padStart(12, "0")}`,
      seq: null,
      order: n - count,
      count: 0,
      type: "message",
      senderId: n % 3 === 0 ? me : other,
      createdAt: new Date(start + n * step).toISOString(),
      kind: "text",
      text: said,
      formatting: [],
      attachments: [],
      replyTo: null,
      forwardedFrom: null,
      mentions: [],
      editedAt: null,
      deleted: false,
      hidden: false,
      forgotten: false,
      reactions: n % 50 === 0 ? [{ emoji: "👍", userIds: [other] }] : [],
      notice: null,
      raw: null,
      words: [...new Set(said.toLowerCase().split(" "))],
    };
  };
  for (let from = 1; from <= count; from += 2_000) {
    const transaction = db.transaction("messages", "readwrite", { durability: "relaxed" });
    const store = transaction.objectStore("messages");
    for (let n = from; n < from + 2_000 && n <= count; n += 1) store.put(row(id, n));
    await done(transaction);
  }
  const others = db.transaction(["conversations", "people"], "readwrite");
  for (let n = 0; n < 200; n += 1) {
    const who = `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`;
    others
      .objectStore("people")
      .put({ id: who, name: `Person ${n}`, username: null, bio: null, avatarUrl: null, createdAt: null, fetchedAt: Date.now() });
    others.objectStore("conversations").put({
      ...conversation,
      id: `00000000-0000-7000-9000-${String(n).padStart(12, "0")}`,
      members: [
        conversation.members.find((member) => member.userId === me),
        { userId: who, role: "member", joinedAt: conversation.createdAt },
      ],
      preview: { ...conversation.preview, text: `what Person ${n} wrote last` },
      // The server does not know them, and is told nothing of them.
      whole: 0,
      head: { seq: 0, count: 0 },
      read: { seq: 0, count: 0 },
      activityAt: new Date(start + n * 3_600_000).toISOString(),
    });
  }
  await done(others);
  db.close();
}

export async function list({ page }) {
  const { whole, own, spent } = await opening(page, "/c", "nav li a");
  return [
    { what: "open the page: from navigation to the list painted", all: whole, spent },
    { what: "of that, from the first paint on (store opened, list read, drawn)", all: own },
  ];
}

export async function link({ page, big, count }) {
  const { whole, own, spent } = await opening(page, `/c/${big}`, "[data-row]");
  return [
    { what: `open a conversation of ${count} by its link: from navigation to its messages painted`, all: whole, spent },
    { what: "of that, from the first paint on", all: own },
  ];
}

/** From the start of a navigation to the first frame with what was waited for; and how long after anything was painted at all. */
async function opening(page, address, selector) {
  const [whole, own, cost] = [[], [], []];
  for (let n = 0; n < repeats; n += 1) {
    await page.goto("/icon.svg");
    const open = async () => {
      await page.goto(address, { waitUntil: "commit" });
      return page.evaluate(painted, selector);
    };
    cost.push(await spent(page, async () => whole.push(await open())));
    own.push(whole.at(-1) - (await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0)));
  }
  return { whole, own, spent: cost };
}

/** Runs in the page: when, since navigation began, something was there and a frame had passed. */
function painted(selector) {
  return new Promise((done) => {
    const look = () => {
      if (!document.querySelector(selector)) return requestAnimationFrame(look);
      requestAnimationFrame(() => setTimeout(() => done(performance.now())));
    };
    look();
  });
}

export async function press({ page, big, count }) {
  const all = [];
  await page.goto("/c");
  await page.locator(`a[href="/c/${big}"]`).waitFor();
  const own = [];
  for (let n = 0; n < repeats * 3; n += 1) {
    const once = () =>
      page.evaluate(async (id) => {
        const begun = performance.now();
        document.querySelector(`a[href="/c/${id}"]`).click();
        await new Promise((done) => {
          const look = () =>
            document.querySelectorAll("[data-row]").length > 20
              ? requestAnimationFrame(() => setTimeout(done))
              : requestAnimationFrame(look);
          look();
        });
        return performance.now() - begun;
      }, big);
    own.push(await spent(page, async () => all.push(await once())));
    await page.getByRole("link", { name: /Notes to self/ }).click();
    await page.locator("[data-row]").first().waitFor({ state: "detached" });
  }
  return [{ what: `press a conversation of ${count}: to its messages painted`, all, spent: own }];
}

/** Wheel steps as a hand makes them, each frame's time. */
export async function scroll({ page, big }) {
  await page.goto(`/c/${big}`);
  await page.locator("[data-row]").first().waitFor();
  await page.locator("[data-timeline]").hover();
  await page.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const tick = (now) => {
      window.frames_.push(now - last);
      last = now;
      window.ticking = requestAnimationFrame(tick);
    };
    window.ticking = requestAnimationFrame(tick);
  });
  const seen = new Set();
  const wheel = async () => {
    for (let n = 0; n < 400 && seen.size < 2_000; n += 1) {
      await page.mouse.wheel(0, -400);
      for (const id of await page.evaluate(() => [...document.querySelectorAll("[data-row]")].map((row) => row.dataset.row))) seen.add(id);
    }
  };
  const own = await spent(page, wheel);
  const times = await page.evaluate(() => {
    cancelAnimationFrame(window.ticking);
    return window.frames_.slice(5);
  });
  const longer = (than) => times.filter((time) => time > than).length;
  const note = `${seen.size} rows seen, ${times.length} frames, ${longer(25)} longer than 25 ms, ${longer(50)} than 50`;
  return [{ what: "scroll up through 2 000 messages: time of a frame", all: times, spent: [own / times.length], note }];
}

/** From the letter to the frame that shows it. */
export async function type({ page, big }) {
  await page.goto(`/c/${big}`);
  await page.locator("[data-row]").first().waitFor();
  await page.evaluate(() => {
    window.toFrame = [];
    document.querySelector("textarea").addEventListener("beforeinput", () => {
      const begun = performance.now();
      requestAnimationFrame(() => setTimeout(() => window.toFrame.push(performance.now() - begun)));
    });
  });
  const text = "a sentence as long as people write them when they have something to say ";
  const own = await spent(page, () => page.locator("textarea").pressSequentially(text, { delay: 35, timeout: 120_000 }));
  const toFrame = await page.evaluate(() => window.toFrame);
  await page.locator("textarea").fill("");
  return [{ what: "a letter typed: to its paint", all: toFrame, spent: [own / text.length], note: "drafts and list included" }];
}

export async function search({ page, count }) {
  const [all, own] = [[], []];
  await page.goto("/c");
  const box = page.getByRole("searchbox", { name: "Search", exact: true });
  await box.waitFor();
  for (const query of ["marzipan", "lisbon winter", "stamps", "yester", "the letter", "marzipan", "parcel lovely"]) {
    await box.fill("");
    await page.locator("mark").first().waitFor({ state: "detached" });
    const begun = page.evaluate(
      () =>
        new Promise((done) => {
          const input = document.querySelector("input[type=search]");
          input.addEventListener(
            "input",
            () => {
              const at = performance.now();
              const look = () =>
                document.querySelector("mark")
                  ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - at)))
                  : requestAnimationFrame(look);
              look();
            },
            { once: true },
          );
        }),
    );
    const ask = async () => {
      await box.fill(query);
      all.push(await begun);
    };
    own.push(await spent(page, ask));
  }
  const note = "one word, two words, frequent and rare";
  return [
    { what: `search a word in ${count}: to hits painted`, all, spent: own, note },
    { what: "search: the store's part", all: await searchingStore(page) },
  ];
}

/** The index alone: keys of one frequent and of one rare word. */
function searchingStore(page) {
  return page.evaluate(async () => {
    const db = await new Promise((done) => {
      const request = indexedDB.open("restante");
      request.onsuccess = () => done(request.result);
    });
    const out = [];
    for (const word of ["marzipan", "the", "lisbon", "stamps", "winter"]) {
      const at = performance.now();
      await new Promise((done) => {
        const range = IDBKeyRange.bound(word, `${word}\uffff`);
        const request = db.transaction("messages").objectStore("messages").index("words").getAllKeys(range);
        request.onsuccess = done;
      });
      out.push(performance.now() - at);
    }
    db.close();
    return out;
  });
}
