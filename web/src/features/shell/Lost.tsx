import { Eraser, Undo2 } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { Logo } from "@/ui/Logo";

/** The browser has thrown its storage away: what that means, before anybody wonders where everything is. */
export function Lost({ onGo }: { onGo: () => void }) {
  const t = useTranslations("app");
  return (
    <main className="paper grid min-h-dvh place-items-center px-4 py-8">
      <div className="w-full max-w-lg rounded-2xl border border-line bg-surface p-6 shadow-low md:p-8">
        <Logo className="size-12" />
        <h1 className="mt-5 text-2xl font-semibold tracking-tight text-balance">{t("lostTitle")}</h1>
        <p className="mt-2 text-muted">{t("lostText")}</p>
        <div className="mt-6 flex flex-col gap-5">
          <Part icon={<Undo2 className="rtl:-scale-x-100" />} title={t("lostBackTitle")} text={t("lostBack")} />
          <Part icon={<Eraser />} title={t("lostGoneTitle")} text={t("lostGone")} />
        </div>
        <p className="mt-5 border-t border-line pt-4 text-sm text-muted">{t("lostOld")}</p>
        <Button wide className="mt-6" onClick={onGo}>
          {t("lostGo")}
        </Button>
      </div>
    </main>
  );
}

function Part({ icon, title, text }: { icon: ReactNode; title: string; text: string }) {
  return (
    <section className="flex gap-4">
      <span
        aria-hidden="true"
        className="grid size-9 shrink-0 place-items-center rounded-full bg-accent-soft text-accent-text [&>svg]:size-4.5"
      >
        {icon}
      </span>
      <div>
        <h2 className="font-medium">{title}</h2>
        <p className="mt-0.5 text-sm text-muted">{text}</p>
      </div>
    </section>
  );
}
