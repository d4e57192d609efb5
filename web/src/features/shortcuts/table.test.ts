import { describe, expect, it } from "vitest";
import { onThisMachine, shortcutOf, shortcuts, shown } from "./table";

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

describe("shortcutOf", () => {
  it("finds what is pressed, by Ctrl or Cmd", () => {
    expect(shortcutOf(press("k", { ctrlKey: true }), true)).toBe("switcher");
    expect(shortcutOf(press("K", { metaKey: true }), false)).toBe("switcher");
    expect(shortcutOf(press("ArrowDown", { altKey: true }), true)).toBe("next");
    expect(shortcutOf(press("ArrowDown", { altKey: true, shiftKey: true }), true)).toBe("nextUnread");
  });
  it("leaves alone what is typed", () => {
    expect(shortcutOf(press("?", { shiftKey: true }), true)).toBeNull();
    expect(shortcutOf(press("?", { shiftKey: true }), false)).toBe("help");
    expect(shortcutOf(press("k"), true)).toBeNull();
  });
  it("has no combination twice", () => {
    const all = shortcuts.flatMap((shortcut) => shortcut.keys.map(shown));
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("onThisMachine", () => {
  it("calls keys as the keyboard does", () => {
    expect(onThisMachine("Ctrl+Shift+X", "Linux x86_64")).toBe("Ctrl+Shift+X");
    expect(onThisMachine("Ctrl+Shift+X", "MacIntel")).toBe("⌘⇧X");
    expect(onThisMachine("Alt+↓", "MacIntel")).toBe("⌥↓");
  });
});
