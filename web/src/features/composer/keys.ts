import type { Mark } from "./markup";

/** What of a key press the box looks at. */
export type Press = {
  key: string;
  code?: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  isComposing: boolean;
  keyCode: number;
};

export type ComposerAction = { do: "send" } | { do: "mark"; mark: Mark } | { do: "editLast" } | { do: "cancel" };

/**
 * What a key means in the box; null leaves it to the browser. While a word is being composed (Japanese, Chinese, …) every key
 * belongs to that; Safari tells so only by the key code 229.
 */
export function actionOf(press: Press, box: { empty: boolean; enterSends: boolean; cancellable: boolean }): ComposerAction | null {
  if (press.isComposing || press.keyCode === 229) return null;
  const command = press.ctrlKey || press.metaKey;
  if (press.key === "Enter") {
    if (press.shiftKey || press.altKey) return null;
    return command || box.enterSends ? { do: "send" } : null;
  }
  if (press.key === "Escape" && box.cancellable) return { do: "cancel" };
  if (press.key === "ArrowUp" && box.empty && !command && !press.shiftKey && !press.altKey) return { do: "editLast" };
  if (!command || press.altKey) return null;
  const mark = markOf(press);
  return mark ? { do: "mark", mark } : null;
}

function markOf({ key, shiftKey }: Press): Mark | null {
  const letter = key.toLowerCase();
  if (shiftKey) return letter === "x" ? "strike" : null;
  if (letter === "b") return "bold";
  if (letter === "i") return "italic";
  return letter === "e" ? "code" : null;
}
