"use client";
import { useTranslations } from "use-intl";
import { buttonClass } from "@/ui/Button";
import { Logo } from "@/ui/Logo";

export function NotFound() {
  const app = useTranslations("app");
  return (
    <main className="paper grid min-h-dvh place-items-center px-6">
      <div className="flex max-w-sm flex-col items-center gap-4 text-center">
        <Logo className="size-14" />
        <h1 className="text-2xl font-semibold">{app("notFoundTitle")}</h1>
        <p className="text-muted">{app("notFoundText")}</p>
        <a href="/" className={buttonClass("primary")}>
          {app("goHome")}
        </a>
      </div>
    </main>
  );
}
