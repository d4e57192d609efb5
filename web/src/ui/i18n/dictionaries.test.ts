import { IntlMessageFormat } from "intl-messageformat";
import { describe, expect, it } from "vitest";
import { ar } from "./ar";
import { en } from "./en";

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : flat(value, `${path}${key}.`),
  );
}

const placeholders = (text: string) =>
  [...new Set([...text.matchAll(/\{(\w+)/gu)].map((match) => match[1]))].filter((name) => !/^[#\d]/u.test(name ?? ""));

describe("dictionaries", () => {
  const english = new Map(flat(en));
  it.each(flat(ar))("%s can be read, and names what English names", (key, text) => {
    expect(() => new IntlMessageFormat(text, "ar")).not.toThrow();
    expect(english.has(key)).toBe(true);
    // What a plural form leaves out is no mistake; what English does not give is.
    const given = placeholders(english.get(key) ?? "");
    for (const name of placeholders(text).filter((name) => text.includes(`{${name},`) || text.includes(`{${name}}`)))
      expect(given).toContain(name);
  });
  it.each(flat(en))("%s can be read in English", (_, text) => {
    expect(() => new IntlMessageFormat(text, "en")).not.toThrow();
  });
});
