import { Check } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { IconButton } from "./Button";
import { cx } from "./cx";
import { type Anchor, usePopoverPlace } from "./usePlace";

export type MenuItem = {
  id: string;
  label: string;
  icon?: ReactNode;
  danger?: boolean;
  /** Given: the item switches something, and this is how it stands. */
  checked?: boolean;
  onSelect: () => void;
};

type Props = {
  label: string;
  items: MenuItem[];
  /** The button that it belongs to, or the point that was pressed. */
  anchor: Anchor;
  onClose: () => void;
  /** Opened by a finger that is still down: lifting it would close what the browser closes by itself. */
  held?: boolean;
  /** Shown above the items: a row of reactions, for one. */
  head?: (close: () => void) => ReactNode;
};

/** A menu in the browser's top layer: arrows, Home, End and first letters walk it, Escape and a click beside it close it. */
export function Menu({ label, items, anchor, onClose, held, head }: Props) {
  const menu = useRef<HTMLDivElement>(null);
  const place = usePopoverPlace(menu, anchor);

  useLayoutEffect(() => {
    menu.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus({ preventScroll: true });
  }, []);

  useEffect(() => {
    const element = menu.current;
    const closed = (event: Event) => {
      if ((event as ToggleEvent).newState === "closed") onClose();
    };
    element?.addEventListener("toggle", closed);
    return () => element?.removeEventListener("toggle", closed);
  }, [onClose]);

  useEffect(() => {
    if (!held) return;
    // The browser closes only what it calls "auto" by itself.
    const pressed = (event: PointerEvent) => {
      if (!menu.current?.contains(event.target as Node)) menu.current?.hidePopover();
    };
    const typed = (event: globalThis.KeyboardEvent) => event.key === "Escape" && menu.current?.hidePopover();
    addEventListener("pointerdown", pressed, true);
    addEventListener("keydown", typed, true);
    return () => {
      removeEventListener("pointerdown", pressed, true);
      removeEventListener("keydown", typed, true);
    };
  }, [held]);

  const select = (item: MenuItem) => {
    // The focus goes back first: what is selected may want it somewhere else.
    menu.current?.hidePopover();
    item.onSelect();
  };

  return (
    <div
      ref={menu}
      popover={held ? "manual" : "auto"}
      className="fixed inset-auto m-0 min-w-52 max-w-[calc(100vw-1rem)] rounded-xl border border-line bg-raised p-1.5 text-ink shadow-pop"
      style={place ? { left: place.left, top: place.top } : { visibility: "hidden" }}
    >
      {head?.(() => menu.current?.hidePopover())}
      <div role="menu" aria-label={label} onKeyDown={walk} className="flex flex-col">
        {items.map((item) => (
          // biome-ignore lint/a11y/useAriaPropsSupportedByRole: given only where the role has it
          <button
            key={item.id}
            type="button"
            tabIndex={-1}
            role={item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
            aria-checked={item.checked}
            onClick={() => select(item)}
            className={cx(
              "flex min-h-11 items-center gap-3 rounded-lg px-3 text-start text-sm hover:bg-hover focus-visible:bg-hover md:min-h-9",
              item.danger && "text-danger-text",
            )}
          >
            {item.icon && (
              <span aria-hidden="true" className="grid size-4.5 shrink-0 place-items-center [&>svg]:size-4.5">
                {item.icon}
              </span>
            )}
            <span className="grow">{item.label}</span>
            {item.checked && <Check aria-hidden="true" className="size-4" />}
          </button>
        ))}
      </div>
    </div>
  );
}

function walk(event: KeyboardEvent<HTMLElement>) {
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const to = nextItem(
    event.key,
    at,
    all.map((item) => item.textContent ?? ""),
  );
  if (to === null) return;
  event.preventDefault();
  all[to]?.focus();
}

/** Where a key leads from item `at`, or null when the key is none of the menu's. */
export function nextItem(key: string, at: number, labels: string[]): number | null {
  const count = labels.length;
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return (at - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key.length !== 1 || key === " ") return null;
  for (let step = 1; step <= count; step += 1) {
    const to = (at + step) % count;
    if (labels[to]?.trim().toLocaleLowerCase().startsWith(key.toLocaleLowerCase())) return to;
  }
  return null;
}

type ButtonProps = { label: string; icon: ReactNode; items: MenuItem[]; small?: boolean; className?: string; head?: Props["head"] };

/** A button and the menu that it opens. */
export function MenuButton({ label, icon, items, small, className, head }: ButtonProps) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <>
      <IconButton
        ref={button}
        label={label}
        small={small}
        className={className}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(true)}
      >
        {icon}
      </IconButton>
      {open && <Menu label={label} items={items} anchor={button} onClose={close} head={head} />}
    </>
  );
}
