import { type MouseEvent, type PointerEvent, useCallback, useRef, useState } from "react";

/** How long a finger stays, and how far it may tremble meanwhile. */
const pressMs = 450;
const tremblePx = 10;

/** Where a menu was asked for; `held`: by a finger that is still down. */
export type PressPoint = { x: number; y: number; held: boolean };

type Options = {
  /** Whether the browser's own menu is wanted instead. */
  leaves?: (event: MouseEvent<HTMLElement>) => boolean;
  /** Where the menu goes that was opened by the menu key. */
  byKey: (box: DOMRect) => { x: number; y: number };
};

/** Opens a menu by a right click, the menu key, or a finger that stays. */
export function usePressMenu({ leaves, byKey }: Options) {
  const [at, setAt] = useState<PressPoint | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const from = useRef({ x: 0, y: 0 });
  /** The finger that opened the menu presses nothing else. */
  const opened = useRef(false);
  const close = useCallback(() => setAt(null), []);
  const openAt = useCallback((x: number, y: number) => setAt({ x, y, held: false }), []);
  const stop = () => clearTimeout(timer.current);
  const handlers = {
    onContextMenu: (event: MouseEvent<HTMLElement>) => {
      if (leaves?.(event)) return;
      event.preventDefault();
      if (opened.current) return;
      const key = event.clientX === 0 && event.clientY === 0;
      const point = key ? byKey(event.currentTarget.getBoundingClientRect()) : { x: event.clientX, y: event.clientY };
      const finger = (event.nativeEvent as { pointerType?: string }).pointerType === "touch";
      stop();
      opened.current = finger;
      setAt({ ...point, held: finger });
    },
    onPointerDown: (event: PointerEvent) => {
      opened.current = false;
      if (event.pointerType !== "touch" || !event.isPrimary) return;
      const { clientX: x, clientY: y } = event;
      from.current = { x, y };
      stop();
      timer.current = setTimeout(() => {
        opened.current = true;
        setAt({ x, y, held: true });
      }, pressMs);
    },
    onPointerMove: (event: PointerEvent) => {
      if (Math.hypot(event.clientX - from.current.x, event.clientY - from.current.y) > tremblePx) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onClickCapture: (event: MouseEvent) => {
      if (!opened.current) return;
      opened.current = false;
      // What is in the menu is a child here, and is to be pressed.
      if ((event.target as Element).closest("[popover]")) return;
      event.preventDefault();
      event.stopPropagation();
    },
  };
  return { at, openAt, close, handlers };
}
