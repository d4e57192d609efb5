"use client";
import { type ReactNode, useEffect } from "react";
import { useTranslations } from "use-intl";
import { forgetLeft } from "@/features/composer/left";
import { useConnection } from "@/features/session/useConnection";
import { forgetEarly } from "@/lib/early";
import { acceptLoss } from "@/net/session";
import { Button } from "@/ui/Button";
import { later } from "@/ui/later";
import { Logo } from "@/ui/Logo";

const Lost = later(() => import("./Lost").then((module) => module.Lost));

type Props = { children: ReactNode; onSignedOut: () => void };

/** Lets in who is logged in, sends others to the log-in, and says so when the browser's storage does not work. */
export function Gate({ children, onSignedOut }: Props) {
  const { phase, trouble, lost } = useConnection();
  const out = (phase === "signed-out" || phase === "expired") && !lost;
  useEffect(() => {
    if (!out) return;
    forgetEarly();
    forgetLeft();
    onSignedOut();
  }, [out, onSignedOut]);
  if (trouble) return <Trouble kind={trouble} />;
  if (lost) return <Lost onGo={acceptLoss} />;
  if (phase === "starting" || out) return <Splash />;
  return <>{children}</>;
}

/** Nothing but the mark, so that nothing moves when the page comes. */
export function Splash() {
  const app = useTranslations("app");
  return (
    <main className="paper grid min-h-dvh place-items-center" aria-busy="true">
      <h1 className="sr-only">{app("name")}</h1>
      <Logo className="size-16 opacity-60" />
    </main>
  );
}

function Trouble({ kind }: { kind: "dead" | "old" | "full" }) {
  const app = useTranslations("app");
  const words = { dead: app("storageDead"), old: app("storageOld"), full: app("storageFull") };
  return (
    <main className="paper grid min-h-dvh place-items-center px-6">
      <div role="alert" className="flex max-w-md flex-col items-center gap-5 text-center">
        <Logo className="size-14" />
        <h1 className="text-lg font-medium text-pretty">{words[kind]}</h1>
        <Button onClick={() => location.reload()}>{app("reload")}</Button>
      </div>
    </main>
  );
}
