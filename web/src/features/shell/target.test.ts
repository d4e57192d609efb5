// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { rememberTarget, takeTarget } from "./target";

describe("where to after the log-in", () => {
  beforeEach(() => sessionStorage.clear());

  it("is where somebody wanted to go, once", () => {
    rememberTarget("/c/some/7");
    expect(takeTarget()).toBe("/c/some/7");
    expect(takeTarget()).toBeNull();
  });
  it("outweighs the page that asks for a name", () => {
    rememberTarget("/c/some");
    rememberTarget("/settings/profile");
    expect(takeTarget()).toBe("/c/some");
  });
  it("is never another site", () => {
    sessionStorage.setItem("restante.target", "//evil.example/c/");
    expect(takeTarget()).toBeNull();
  });
});
