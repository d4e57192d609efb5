export type Box = { left: number; top: number; right: number; bottom: number };
export type Size = { width: number; height: number };

const margin = 8;

/** Where something of `size` goes beside `anchor`: below it if there is room, else above; never over the window's edge. */
export function placeBeside(anchor: Box, size: Size, width: number, height: number): { left: number; top: number } {
  const below = anchor.bottom + 4;
  const above = anchor.top - 4 - size.height;
  const fits = below + size.height <= height - margin;
  const top = fits || above < margin ? below : above;
  // Aligned with the end of the anchor that leaves it in the window.
  const left = anchor.left + size.width <= width - margin ? anchor.left : anchor.right - size.width;
  return { left: within(left, size.width, width), top: within(top, size.height, height) };
}

function within(at: number, length: number, all: number): number {
  return Math.max(margin, Math.min(at, all - length - margin));
}
