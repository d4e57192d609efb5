"use client";
import { buttonClass } from "@/ui/Button";
import { Logo } from "@/ui/Logo";
import { useLandingWords } from "./useLandingWords";

export function NotFound() {
  const words = useLandingWords();
  return (
    <main className="paper grid min-h-dvh place-items-center px-6">
      <div className="flex max-w-sm flex-col items-center gap-4 text-center">
        <Logo className="size-14" />
        <h1 className="text-2xl font-semibold">{words.notFoundTitle}</h1>
        <p className="text-muted">{words.notFoundText}</p>
        <a href="/" className={buttonClass("primary")}>
          {words.goHome}
        </a>
      </div>
    </main>
  );
}
