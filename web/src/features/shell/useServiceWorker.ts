import { useEffect } from "react";
import { useTranslations } from "use-intl";
import { toast } from "@/ui/Toast";

/** Lets the client open without a connection; says when a newer version waits, and changes over when asked. */
export function useServiceWorker(): void {
  const app = useTranslations("app");
  useEffect(() => {
    const { serviceWorker } = navigator;
    // `next dev` has none.
    if (!serviceWorker || process.env.NODE_ENV !== "production") return;
    let asked = false;
    const offer = (waiting: ServiceWorker) =>
      toast(app("newVersion"), {
        label: app("reload"),
        run: () => {
          asked = true;
          waiting.postMessage("go");
        },
      });
    const changed = () => {
      // Only on request, and so once: a page that reloads by itself loses what is being done in it.
      if (asked) location.reload();
    };
    serviceWorker.addEventListener("controllerchange", changed);
    serviceWorker.register("/sw.js").then(
      (registration) => {
        if (registration.waiting && serviceWorker.controller) offer(registration.waiting);
        registration.addEventListener("updatefound", () => {
          const next = registration.installing;
          next?.addEventListener("statechange", () => {
            if (next.state === "installed" && serviceWorker.controller) offer(next);
          });
        });
      },
      // A private window may forbid it: then it works with a connection only.
      () => undefined,
    );
    return () => serviceWorker.removeEventListener("controllerchange", changed);
  }, [app]);
}
