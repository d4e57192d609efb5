// How fast the client is on this machine, in a real browser, with a device that holds many messages. Measures; asserts nothing.
//
//   npm run build && RESTANTE_BIN=… node e2e/perf.mjs [messages] [--only press,link] [--turns 3] [--before OUT]
//
// A person logs in; then the store is filled as if the messages had come over years (the rows are what `ingest` makes of them).
// With `--before` an older build is measured as well, in a browser of its own, turn by turn with this one, so that both meet the same load.
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { aDeviceWith, link, list, press, scroll, search, type } from "./lib/measures.mjs";
import { World } from "./lib/world.mjs";

const measures = new Map(Object.entries({ list, link, press, scroll, type, search }));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string" }, turns: { type: "string", default: "1" }, before: { type: "string" } },
});
const total = Number(positionals[0] ?? 50_000);
const wanted = values.only?.split(",") ?? [...measures.keys()];
const unknown = wanted.find((name) => !measures.has(name));
if (unknown) throw new Error(`there is no measure "${unknown}", only ${[...measures.keys()].join(", ")}`);

const builds = values.before ? { before: values.before, now: undefined } : { now: undefined };
const worlds = [];
const loads = [];
const rows = new Map();
try {
  const devices = {};
  for (const [name, out] of Object.entries(builds)) {
    const world = await World.start({ out });
    worlds.push(world);
    devices[name] = await aDeviceWith(world, total);
  }
  for (const name of wanted) {
    for (let turn = 0; turn < Number(values.turns); turn += 1) {
      for (const [build, device] of Object.entries(devices)) await take(build, measures.get(name), device);
    }
  }
  print(worlds[0].browser.version());
} finally {
  for (const world of worlds) await world.stop();
}

async function take(build, measure, device) {
  loads.push(loadavg()[0]);
  for (const { what, all, spent = [], note } of await measure(device)) {
    const key = `${what}${values.before ? ` (${build})` : ""}`;
    const row = rows.get(key) ?? { all: [], spent: [], note };
    row.all.push(...all);
    row.spent.push(...spent);
    rows.set(key, row);
  }
  // Two builds share the processors: whichever is not measured shows an empty page.
  if (values.before) await device.page.goto("/icon.svg");
}

function print(version) {
  const load = `load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  console.log(`\n${total} messages, ${new Date().toISOString().slice(0, 16)}Z, Chromium ${version}, ${load}\n`);
  console.log("| what | p50 | p95 | worst | processor p50 | |\n|---|--:|--:|--:|--:|---|");
  for (const [what, { all, spent, note }] of rows) {
    const cells = [at(all, 0.5), at(all, 0.95), at(all, 1), spent.length > 0 ? at(spent, 0.5) : "", note ?? ""];
    console.log(`| ${what} | ${cells.join(" | ")} |`);
  }
}

function at(all, part) {
  const sorted = [...all].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
