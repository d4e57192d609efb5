// What a browser fetches before a page works, compressed, against what was agreed.
import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

const root = path.resolve(process.argv[2] ?? "out");
const budgets = { "index.html": 160, "login.html": 175, "c.html": 260 };

let over = false;
for (const [page, budget] of Object.entries(budgets)) {
  const html = readFileSync(path.join(root, page), "utf8");
  const assets = [...html.matchAll(/<(?:script|link)\s[^>]*?(?:src|href)="(\/[^"?]+\.(?:js|css))(?:\?[^"]*)?"[^>]*>/gu)];
  // Old browsers alone fetch what is marked so.
  const files = new Set(assets.filter(([tag]) => !/\snomodule/iu.test(tag)).map(([, file]) => file));
  const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(path.join(root, file))).length, gzipSync(html).length);
  const size = bytes / 1_024;
  if (size > budget) over = true;
  console.log(`${page}: ${size.toFixed(1)} KB of ${budget} KB (${files.size} files, gzip)`);
}
if (over) {
  console.error("over the budget: load what is not needed at once later");
  process.exit(1);
}
