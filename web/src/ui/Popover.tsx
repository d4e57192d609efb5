import { type ReactNode, useEffect, useRef } from "react";
import { type Anchor, usePopoverPlace } from "./usePlace";

type Props = {
  label: string;
  anchor: Anchor;
  onClose: () => void;
  children: ReactNode;
  /** Of the content, known beforehand: it may come later, and nothing is to move then. */
  className: string;
};

/** Something in the browser's top layer beside what opened it; Escape and a click elsewhere close it. */
export function Popover({ label, anchor, onClose, children, className }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const place = usePopoverPlace(box, anchor);

  useEffect(() => {
    const element = box.current;
    const toggled = (event: Event) => {
      if ((event as ToggleEvent).newState === "closed") onClose();
    };
    element?.addEventListener("toggle", toggled);
    return () => element?.removeEventListener("toggle", toggled);
  }, [onClose]);

  return (
    <div
      ref={box}
      popover="auto"
      role="dialog"
      aria-label={label}
      className={`fixed inset-auto m-0 overflow-hidden rounded-2xl border border-line bg-raised p-0 text-ink shadow-pop ${className}`}
      style={place ? { left: place.left, top: place.top } : { visibility: "hidden" }}
    >
      {children}
    </div>
  );
}
