import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { toast } from "./Toast";

export type Later<P> = ComponentType<P> & { fetch: () => Promise<unknown> };

/**
 * A view whose code is fetched when it is first shown, or before, by `fetch`. If it cannot be fetched that is said, `onClose` is
 * called if the view has one, and the next time it is tried again.
 */
export function later<P extends object>(load: () => Promise<ComponentType<P>>, meanwhile: ReactNode = null): Later<P> {
  let there: ComponentType<P> | undefined;
  const fetch = async () => {
    there ??= await load();
    return there;
  };
  function LaterView(props: P) {
    const t = useTranslations("app");
    const [View, setView] = useState(() => there);
    const { onClose } = props as { onClose?: () => void };
    // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once for as long as it is shown
    useEffect(() => {
      let gone = false;
      const failed = () => {
        toast(t("problem"));
        onClose?.();
      };
      if (!View) {
        fetch().then(
          (view) => !gone && setView(() => view),
          () => !gone && failed(),
        );
      }
      return () => {
        gone = true;
      };
    }, []);
    return View ? <View {...props} /> : meanwhile;
  }
  return Object.assign(LaterView, { fetch });
}

/** Fetches them when the browser has nothing better to do, so that nobody waits for them. */
export function fetchInIdleTime(views: readonly Pick<Later<object>, "fetch">[]): () => void {
  const work = () => {
    // What cannot be fetched now is when it is shown.
    for (const view of views) view.fetch().catch(() => {});
  };
  // Safari has no such callback.
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(work, 2_000);
    return () => clearTimeout(timer);
  }
  const call = requestIdleCallback(work, { timeout: 10_000 });
  return () => cancelIdleCallback(call);
}
