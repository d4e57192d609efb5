import { describe, expect, it } from "vitest";
import type { Role } from "@/store/db";
import { mayChange, mayManage } from "./roles";

const member = (id: string, role: Role) => ({ role, person: { id, name: null, username: null, bio: null, avatarUrl: null } });

describe("mayChange", () => {
  it.each([
    ["owner", "admin", true],
    ["owner", "member", true],
    ["admin", "member", true],
    ["admin", "admin", false],
    ["admin", "owner", false],
    ["member", "member", false],
  ] as const)("%s over %s: %s", (role, other, may) => {
    expect(mayChange({ role, left: false }, member("b", other), "a")).toBe(may);
  });
  it("is never oneself, nor anybody once one has left", () => {
    expect(mayChange({ role: "owner", left: false }, member("a", "member"), "a")).toBe(false);
    expect(mayChange({ role: "owner", left: true }, member("b", "member"), "a")).toBe(false);
  });
});

describe("mayManage", () => {
  it("is for owners and administrators", () => {
    expect([mayManage("owner"), mayManage("admin"), mayManage("member")]).toEqual([true, true, false]);
  });
});
