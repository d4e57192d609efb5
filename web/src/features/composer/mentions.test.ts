import { describe, expect, it } from "vitest";
import { fitting, mentionAt, mentionRanges, mentionsIn } from "./mentions";

const people = [
  { id: "1", name: "Anna Berg", username: "anna.b" },
  { id: "2", name: "سارة", username: "sara_9" },
  { id: "3", name: "Nobody", username: null },
];

describe("mentionAt", () => {
  it.each([
    ["@", { start: 0, query: "" }],
    ["hello @An", { start: 6, query: "an" }],
    ["(@سا", { start: 1, query: "سا" }],
    ["anna@example", null],
    ["@anna ", null],
  ])("in %j", (text, expected) => expect(mentionAt(text, text.length)).toEqual(expected));
});

describe("fitting", () => {
  it.each([
    ["an", ["1"]],
    ["be", ["1"]],
    ["سا", ["2"]],
    ["", ["1", "2"]],
    ["no", []],
  ])("for %j", (query, ids) => expect(fitting(people, query, 5).map((person) => person.id)).toEqual(ids));
});

describe("mentionsIn", () => {
  it.each([
    ["ask @anna.b.", ["1"]],
    ["@SARA_9, @anna.b: when?", ["1", "2"]],
    ["mail x@anna.b or @anna", []],
  ])("finds whom %j names", (text, ids) => expect(mentionsIn(text, people)).toEqual(ids));
  it("knows where they stand", () => {
    expect(mentionRanges("ask @anna.b.")).toEqual([{ start: 4, end: 11, username: "anna.b" }]);
  });
});
