import type { ReactNode } from "react";

/** A group of settings on one card. */
export function Section({ title, hint, children }: { title?: string; hint?: string; children: ReactNode }) {
  return (
    <section className="mb-6">
      {title && <h3 className="mb-2 px-1 text-sm font-semibold text-muted">{title}</h3>}
      <div className="divide-y divide-line overflow-hidden rounded-2xl border border-line bg-surface">{children}</div>
      {hint && <p className="mt-2 px-1 text-sm text-muted">{hint}</p>}
    </section>
  );
}
