import { describe, expect, it } from "vitest";
import { actionOf, type Press } from "./keys";

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  isComposing: false,
  keyCode: 0,
  ...more,
});
const box = { empty: false, enterSends: true, cancellable: false };

describe("actionOf", () => {
  it("sends with Enter, breaks the line with Shift+Enter", () => {
    expect(actionOf(press("Enter"), box)).toEqual({ do: "send" });
    expect(actionOf(press("Enter", { shiftKey: true }), box)).toBeNull();
  });
  it("swaps the two on request", () => {
    const other = { ...box, enterSends: false };
    expect(actionOf(press("Enter"), other)).toBeNull();
    expect(actionOf(press("Enter", { ctrlKey: true }), other)).toEqual({ do: "send" });
  });
  it("never sends while a word is composed, however the browser tells", () => {
    expect(actionOf(press("Enter", { isComposing: true }), box)).toBeNull();
    expect(actionOf(press("Enter", { keyCode: 229 }), box)).toBeNull();
  });
  it("changes the last message only from an empty box", () => {
    expect(actionOf(press("ArrowUp"), box)).toBeNull();
    expect(actionOf(press("ArrowUp"), { ...box, empty: true })).toEqual({ do: "editLast" });
  });
  it("knows the marks, by Ctrl or Cmd", () => {
    expect(actionOf(press("b", { ctrlKey: true }), box)).toEqual({ do: "mark", mark: "bold" });
    expect(actionOf(press("I", { metaKey: true }), box)).toEqual({ do: "mark", mark: "italic" });
    expect(actionOf(press("b"), box)).toBeNull();
  });
  it("cancels only what can be cancelled", () => {
    expect(actionOf(press("Escape"), box)).toBeNull();
    expect(actionOf(press("Escape"), { ...box, cancellable: true })).toEqual({ do: "cancel" });
  });
});
