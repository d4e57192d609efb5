// After the build: moves each inline script of the pages into a file named by its content, so that `script-src 'self'` is all
// the policy that pages need. Order is kept. Refuses pages with inline style, which the policy forbids too.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(process.argv[2] ?? "out");
const folder = path.join(root, "_next/static/inline");
mkdirSync(folder, { recursive: true });

const pages = readdirSync(root, { recursive: true }).filter((file) => file.endsWith(".html"));
const wrong = [];
let moved = 0;
for (const page of pages) {
  const file = path.join(root, page);
  const html = readFileSync(file, "utf8").replace(/<script((?:\s[^>]*)?)>([\s\S]*?)<\/script>/gu, (tag, attributes, code) => {
    // What is no script for the browser (data, templates) is not run and may stay.
    if (/\ssrc=/u.test(attributes) || /\stype="(?!module|text\/javascript)/u.test(attributes)) return tag;
    const name = `${createHash("sha256").update(code).digest("hex").slice(0, 20)}.js`;
    writeFileSync(path.join(folder, name), code);
    moved += 1;
    return `<script${attributes} src="/_next/static/inline/${name}"></script>`;
  });
  if (/<[a-z][^>]*\sstyle="/iu.test(html) || /<style[\s>]/iu.test(html)) wrong.push(`${page}: inline style`);
  if (/<[a-z][^>]*\son[a-z]+="/iu.test(html)) wrong.push(`${page}: inline handler`);
  writeFileSync(file, html);
}
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`${moved} inline scripts of ${pages.length} pages moved into files`);
