// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { en, landingWords } from "@/ui/i18n/landing";
import { Landing } from "./Landing";
import { NotFound } from "./NotFound";

afterEach(() => {
  cleanup();
  document.documentElement.lang = "";
});

describe("the landing page", () => {
  it("says what this is, and leads into it", () => {
    render(<Landing />);
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe(en.title);
    expect(screen.getByRole("link", { name: en.open }).getAttribute("href")).toBe("/c");
    expect(screen.getByRole("link", { name: en.logIn }).getAttribute("href")).toBe("/login");
    expect(screen.getAllByRole("heading", { level: 2 })).toHaveLength(3);
  });

  it("is in the language that was chosen before it was drawn", async () => {
    document.documentElement.lang = "ar";
    render(<Landing />);
    const arabic = await landingWords("ar");
    expect(arabic.title).not.toBe(en.title);
    expect((await screen.findByRole("link", { name: arabic.open })).getAttribute("href")).toBe("/c");
  });

  it("stays English for a language that it has not", () => {
    document.documentElement.lang = "xx";
    render(<Landing />);
    expect(screen.getByRole("link", { name: en.open })).toBeTruthy();
  });
});

describe("the page for what is not there", () => {
  it("leads to the start", () => {
    render(<NotFound />);
    expect(screen.getByRole("link", { name: en.goHome }).getAttribute("href")).toBe("/");
  });
});
