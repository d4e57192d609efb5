import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { IconButton } from "./Button";
import { cx } from "./cx";

type Props = {
  title: string;
  closeLabel: string;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the foot, always in sight. */
  actions?: ReactNode;
  /** Nothing in it can be pressed: the keys that scroll it need a place. */
  readOnly?: boolean;
  /** Fills the screen on a phone. */
  tall?: boolean;
};

/**
 * A modal on the browser's own `<dialog>`: it keeps the focus inside, closes on Escape and on a click beside it, and gives
 * the focus back to whatever had it.
 */
export function Dialog({ title, closeLabel, onClose, children, actions, readOnly, tall }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, by the browser; the click is for the mouse
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        // React tells it to every dialog around as well.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
      className={cx(
        "m-auto w-full max-w-md flex-col overflow-hidden rounded-2xl bg-surface p-0 text-ink shadow-pop open:flex",
        "max-h-[min(42rem,calc(100dvh-2rem))] backdrop:bg-scrim",
        tall
          ? "max-md:m-0 max-md:h-dvh max-md:max-h-none max-md:max-w-none max-md:rounded-none md:h-[38rem]"
          : "max-md:max-w-[calc(100vw-2rem)]",
      )}
    >
      <header className="flex items-center gap-2 ps-5 pe-2 pt-3 pb-2">
        <h2 id={titleId} className="grow text-lg font-semibold">
          {title}
        </h2>
        <IconButton label={closeLabel} onClick={onClose}>
          <X aria-hidden="true" className="size-5" />
        </IconButton>
      </header>
      <div
        tabIndex={readOnly ? 0 : undefined}
        className="flex min-h-0 grow flex-col overflow-y-auto px-5 pt-1 pb-5 focus-visible:-outline-offset-2"
      >
        {children}
      </div>
      {actions && <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{actions}</footer>}
    </dialog>
  );
}
