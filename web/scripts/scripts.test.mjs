import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let out;
beforeEach(() => {
  out = mkdtempSync(path.join(tmpdir(), "restante-out-"));
});
afterEach(() => rmSync(out, { recursive: true }));

const put = (file, text) => {
  mkdirSync(path.dirname(path.join(out, file)), { recursive: true });
  writeFileSync(path.join(out, file), text);
};
const run = (script) => execFileSync("node", [path.join(import.meta.dirname, script), out], { encoding: "utf8", stdio: "pipe" });
const page = (body) => `<!DOCTYPE html><html><body>${body}</body></html>`;

describe("externalize-inline", () => {
  it("moves scripts into files, in their order, and leaves data and what has a file", () => {
    put(
      "index.html",
      page(
        '<script>a("$&")</script><script async="" src="/_next/x.js"></script><script>b()</script><script type="application/json">{}</script>',
      ),
    );
    put("deep/c.html", page("<script>b()</script>"));
    run("externalize-inline.mjs");
    const html = readFileSync(path.join(out, "index.html"), "utf8");
    const files = [...html.matchAll(/src="(\/_next\/static\/inline\/[0-9a-f]+\.js)"/gu)].map((match) => match[1]);
    expect(files.map((file) => readFileSync(path.join(out, file), "utf8"))).toEqual(['a("$&")', "b()"]);
    expect(html).toContain('<script async="" src="/_next/x.js"></script>');
    expect(html).toContain('<script type="application/json">{}</script>');
    expect(readdirSync(path.join(out, "_next/static/inline")).length).toBe(2);
  });

  it.each([['<p style="color:red">x</p>'], ["<style>p{}</style>"], ['<p onclick="x()">y</p>']])("refuses %s", (body) => {
    put("index.html", page(body));
    expect(() => run("externalize-inline.mjs")).toThrow(/index\.html/u);
  });
});

describe("make-sw", () => {
  it("lists what a build consists of, and is another when anything of it is", () => {
    put("index.html", page("x"));
    put("c.html", page("y"));
    put("_next/static/a.js", "1");
    put("c.txt", "not fetched");
    run("make-sw.mjs");
    const first = readFileSync(path.join(out, "sw.js"), "utf8");
    expect(first).toContain(JSON.stringify(["/_next/static/a.js", "/c", "/"]));
    run("make-sw.mjs");
    expect(readFileSync(path.join(out, "sw.js"), "utf8")).toBe(first);
    put("_next/static/a.js", "2");
    run("make-sw.mjs");
    expect(readFileSync(path.join(out, "sw.js"), "utf8")).not.toBe(first);
  });

  it("refuses a build without pages", () => {
    put("index.html", page("x"));
    expect(() => run("make-sw.mjs")).toThrow(/c\.html is missing/u);
    expect(existsSync(path.join(out, "sw.js"))).toBe(false);
  });
});

describe("size-budget", () => {
  it("counts what a page fetches at first, compressed, and says when it is too much", () => {
    for (const name of ["index.html", "login.html", "c.html"]) put(name, page('<script src="/a.js"></script>'));
    put("a.js", "x".repeat(1_000_000));
    expect(run("size-budget.mjs")).toMatch(/c\.html: 1\.\d KB of 260 KB/u);
    put("a.js", Array.from({ length: 400_000 }, () => Math.random().toString(36)[3]).join(""));
    expect(() => run("size-budget.mjs")).toThrow(/over the budget/u);
  });
});
