import { describe, expect, it } from "vitest";
import { merged } from "./useFindPeople";

const person = (id: string) => ({ id, name: id, username: null, bio: null, avatarUrl: null });

describe("merged", () => {
  it("lists each person once, those that are known first", () => {
    expect(merged([person("b")], [person("a"), person("b")]).map((one) => one.id)).toEqual(["b", "a"]);
  });
});
