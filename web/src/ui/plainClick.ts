import type { MouseEvent } from "react";

/** For a link that is followed in place; any other click opens a tab or a window, as with every link. */
export function plainClick(follow: () => void) {
  return (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    follow();
  };
}
