// Every optional package that the lock names must be in it: npm leaves out silently what it could not find, and then
// `npm ci` fails on the machines that need it. And the lock names no host.
import { readFileSync } from "node:fs";

const text = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
const packages = JSON.parse(text).packages;
const present = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
const missing = [...new Set(wanted)].filter((name) => !present.has(name));
const hosts = text.match(/"resolved":/gu)?.length ?? 0;
if (missing.length > 0 || hosts > 0) {
  console.error(`package-lock.json: ${missing.length} optional packages missing ${missing.join(" ")}; ${hosts} entries name a host`);
  process.exit(1);
}
console.log(`package-lock.json: ${wanted.length} optional packages, none missing`);
