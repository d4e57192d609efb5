/** What this client takes for the server's interface against what the repository says it is. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { clientEvents, entryEvents, serverEvents } from "./events";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const quoted = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] as string);

describe("the interface", () => {
  it("has REST types of the page that is checked in (else: npm run gen-api)", () => {
    const hash = createHash("sha256").update(read("docs/openapi.json")).digest("hex");
    expect(read("web/src/net/api.d.ts").slice(0, 300)).toContain(hash);
  });

  it("has the events that the server takes", () => {
    const list = /const EVENTS[^=]*= \[([^\]]*)\]/u.exec(read("services/chat/src/live/socket/visit.rs"))?.[1] ?? "";
    expect(quoted(list, /"([a-z:-]+)"/gu)).toEqual([...clientEvents]);
  });

  it("has the events that entries come as", () => {
    const body = /pub fn event\(&self\)[^{]*\{([\s\S]*?)\n {4}\}/u.exec(read("services/chat/src/log/entry.rs"))?.[1] ?? "";
    const names = new Set(quoted(body, /=> "([a-z:]+)"/gu));
    expect([...names].toSorted()).toEqual([...entryEvents].toSorted());
  });

  it("knows every event that the rules for clients name", () => {
    const rules = read("docs/client-rules.md");
    const named = quoted(rules, /`((?:message|reaction|participant|conversation|presence|typing|auth|session|server|user):[a-z]+)/gu);
    expect(named.length).toBeGreaterThan(4);
    const known = new Set<string>([...clientEvents, ...serverEvents]);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
