// After the build: writes the service worker with the list of what this build consists of. See `scripts/sw.js`.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(process.argv[2] ?? "out");
// Fonts, emoji data and pictures are kept when they are first used: not everybody needs all of them.
const left = /^(sw\.js|emoji\/|icons\/)|\.(txt|map|woff2)$/u;

const files = readdirSync(root, { recursive: true })
  .map((file) => file.split(path.sep).join("/"))
  .filter((file) => statSync(path.join(root, file)).isFile() && !left.test(file))
  .sort();
const hash = createHash("sha256");
for (const file of files) hash.update(file).update(readFileSync(path.join(root, file)));
const template = readFileSync(new URL("./sw.js", import.meta.url), "utf8");
const version = hash.update(template).digest("hex").slice(0, 16);

for (const page of ["index.html", "c.html"]) {
  if (!existsSync(path.join(root, page))) throw new Error(`${page} is missing: was it built?`);
}
const address = (file) => (file === "index.html" ? "/" : `/${file.replace(/\.html$/u, "")}`);
const worker = template.replace('"__VERSION__"', JSON.stringify(version)).replace('["__FILES__"]', JSON.stringify(files.map(address)));
writeFileSync(path.join(root, "sw.js"), worker);
console.log(`sw.js: ${files.length} files, version ${version}`);
