import { describe, expect, it } from "vitest";
import { changeOf, usernameWrong } from "./profileForm";

describe("changeOf", () => {
  const account = { name: "Ada", username: null, bio: "counts" };
  it("names what is different, and clears what was emptied", () => {
    expect(changeOf({ name: " Ada ", username: "ada", bio: "" }, account)).toEqual({ username: "ada", bio: null });
    expect(changeOf({ name: "Ada", username: "", bio: "counts" }, account)).toEqual({});
  });
});

describe("usernameWrong", () => {
  it.each(["ada", "ada.k_1", "", "a".repeat(32)])("%j is fine", (name) => expect(usernameWrong(name)).toBe(false));
  it.each(["ab", "ada king", "ada-king", "ädä", "a".repeat(33)])("%j is not", (name) => expect(usernameWrong(name)).toBe(true));
});
