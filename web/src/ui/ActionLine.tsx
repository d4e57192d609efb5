import type { ReactNode } from "react";
import { cx } from "./cx";

type Props = { icon: ReactNode; label: string; danger?: boolean; busy?: boolean; onClick: () => void };

/** One thing that can be done, as a line of a list. */
export function ActionLine({ icon, label, danger, busy, onClick }: Props) {
  return (
    <button
      type="button"
      aria-busy={busy || undefined}
      onClick={() => !busy && onClick()}
      className={cx("flex min-h-12 w-full items-center gap-3 rounded-xl px-3 text-start hover:bg-hover", danger && "text-danger-text")}
    >
      <span aria-hidden="true" className="[&>svg]:size-5">
        {icon}
      </span>
      {label}
    </button>
  );
}
