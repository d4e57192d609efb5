import type { ReactNode } from "react";
import { Logo } from "@/ui/Logo";

/** A card in the middle of the page: what log-in and code share. */
export function AuthFrame({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <main className="paper grid min-h-dvh place-items-center px-4 py-8">
      <div className="w-full max-w-md rounded-3xl bg-surface px-6 py-8 shadow-pop sm:px-10 sm:py-10">
        <Logo className="mb-6 size-14" />
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        <p className="mt-2 mb-7 min-h-12 text-base text-muted">{lead}</p>
        {children}
      </div>
    </main>
  );
}
