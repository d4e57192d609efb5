export type ShortcutAction =
  | "switcher"
  | "newConversation"
  | "search"
  | "next"
  | "previous"
  | "nextUnread"
  | "previousUnread"
  | "nextRegion"
  | "previousRegion"
  | "help";

type Combination = { key: string; mod?: boolean; alt?: boolean; shift?: boolean };

export type Shortcut = {
  action: ShortcutAction;
  keys: Combination[];
  /** Not while something is being typed. */
  idle?: boolean;
};

/** The one list of shortcuts: what is pressed is looked up here, and so is what the help shows. */
export const shortcuts: Shortcut[] = [
  { action: "switcher", keys: [{ key: "k", mod: true }] },
  { action: "newConversation", keys: [{ key: "n", alt: true }] },
  { action: "search", keys: [{ key: "f", mod: true, shift: true }] },
  { action: "next", keys: [{ key: "ArrowDown", alt: true }] },
  { action: "previous", keys: [{ key: "ArrowUp", alt: true }] },
  { action: "nextUnread", keys: [{ key: "ArrowDown", alt: true, shift: true }] },
  { action: "previousUnread", keys: [{ key: "ArrowUp", alt: true, shift: true }] },
  { action: "nextRegion", keys: [{ key: "F6" }, { key: "F6", mod: true }] },
  {
    action: "previousRegion",
    keys: [
      { key: "F6", shift: true },
      { key: "F6", mod: true, shift: true },
    ],
  },
  { action: "help", keys: [{ key: "/", mod: true }] },
  { action: "help", keys: [{ key: "?", shift: true }], idle: true },
];

/** Shortcuts of the box, which looks after them itself; listed for the help only. */
export const boxShortcuts = [
  { label: "send", keys: "Enter" },
  { label: "newline", keys: "Shift+Enter" },
  { label: "editLast", keys: "↑" },
  { label: "bold", keys: "Ctrl+B" },
  { label: "italic", keys: "Ctrl+I" },
  { label: "strike", keys: "Ctrl+Shift+X" },
  { label: "code", keys: "Ctrl+E" },
  { label: "walk", keys: "↑ ↓" },
  { label: "escape", keys: "Esc" },
] as const;

export type Pressed = { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean };

export function shortcutOf(press: Pressed, typing: boolean): ShortcutAction | null {
  const mod = press.ctrlKey || press.metaKey;
  const fits = (keys: Combination) =>
    sameKey(keys.key, press.key) &&
    Boolean(keys.mod) === mod &&
    Boolean(keys.alt) === press.altKey &&
    Boolean(keys.shift) === press.shiftKey;
  const found = shortcuts.find((shortcut) => !(shortcut.idle && typing) && shortcut.keys.some(fits));
  return found?.action ?? null;
}

function sameKey(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function shown({ key, mod, alt, shift }: Combination): string {
  const arrows: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓" };
  const name = arrows[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return onThisMachine([mod && "Ctrl", alt && "Alt", shift && key !== "?" && "Shift", name].filter(Boolean).join("+"));
}

/** Keys as this machine's keyboard has them: Apple's are called otherwise. */
export function onThisMachine(keys: string, platform = globalThis.navigator?.platform ?? ""): string {
  if (!/^(?:Mac|iPhone|iPad)/u.test(platform)) return keys;
  return keys.replace("Ctrl+", "⌘").replace("Alt+", "⌥").replace("Shift+", "⇧");
}
