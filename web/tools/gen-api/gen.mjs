// Types of the REST interface out of docs/openapi.json. Operations are named by path and method, as the client calls them, so that their ids are left out.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const text = readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8");
const page = JSON.parse(text);
for (const methods of Object.values(page.paths)) {
  for (const operation of Object.values(methods)) delete operation.operationId;
}
const hash = createHash("sha256").update(text).digest("hex");
const header = `// Made by \`npm run gen-api\` out of docs/openapi.json (sha256 ${hash}): not to be changed by hand.\n`;
const types = header + astToString(await openapiTS(page));
const file = new URL("../../src/net/api.d.ts", import.meta.url);
if (!process.argv.includes("--check")) writeFileSync(file, types);
else if (readFileSync(file, "utf8") !== types) {
  console.error("src/net/api.d.ts is not what docs/openapi.json says: npm run gen-api");
  process.exit(1);
}
