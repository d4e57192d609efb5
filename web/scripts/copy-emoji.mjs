// Before the build: puts the emoji data where the client fetches it from, which is this site. Not checked in: the package has it.
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";

const from = path.resolve("node_modules/emojibase-data/en");
const to = path.resolve("public/emoji/en");
mkdirSync(to, { recursive: true });
for (const file of ["data.json", "messages.json"]) copyFileSync(path.join(from, file), path.join(to, file));
