import { describe, expect, it } from "vitest";
import { personName } from "./names";

describe("personName", () => {
  it("prefers the name, and takes the username where there is none", () => {
    expect(personName({ name: "Ada", username: "ada" })).toBe("Ada");
    expect(personName({ name: "  ", username: "ada" })).toBe("@ada");
    expect(personName({ name: null, username: null })).toBeNull();
    expect(personName(undefined)).toBeNull();
  });
});
