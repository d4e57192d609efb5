import type { ReactNode } from "react";
import { cx } from "./cx";

/** What is shown where there is nothing yet: an icon, a line, and what can be done. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="m-auto flex max-w-xs flex-col items-center gap-2 px-6 py-10 text-center">
      {icon && (
        <span aria-hidden="true" className="mb-1 grid size-14 place-items-center rounded-full bg-accent-soft text-accent-text">
          {icon}
        </span>
      )}
      <p className="text-base font-medium">{title}</p>
      {children && <div className="text-sm text-muted">{children}</div>}
    </div>
  );
}

/** A box with something that the reader should know. */
export function Note({ tone = "plain", children }: { tone?: "plain" | "danger"; children: ReactNode }) {
  return (
    <div
      role={tone === "danger" ? "alert" : undefined}
      className={cx("rounded-xl px-4 py-3 text-sm", tone === "danger" ? "bg-danger-soft text-danger-text" : "bg-well text-ink")}
    >
      {children}
    </div>
  );
}
