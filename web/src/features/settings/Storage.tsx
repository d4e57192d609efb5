import { ShieldCheck, TriangleAlert } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useLocale, useTranslations } from "use-intl";
import { askToPersist, storageState } from "@/store/actions";
import { Button } from "@/ui/Button";
import { toast } from "@/ui/Toast";
import { Section } from "./Section";

type State = Awaited<ReturnType<typeof storageState>>;

/** What the browser promises about the history that is only here. */
export function Storage() {
  const t = useTranslations("settings");
  const locale = useLocale();
  const [state, setState] = useState<State | null>(null);
  const look = useCallback(() => void storageState().then(setState), []);
  useEffect(look, [look]);
  const ask = async () => {
    if (!(await askToPersist())) toast(t("persistRefused"));
    look();
  };
  const kept = state?.persisted === true;
  return (
    <Section>
      <div className="flex min-h-32 gap-4 p-5">
        {state && (
          <>
            <span aria-hidden="true" className={kept ? "text-online" : "text-danger-text"}>
              {kept ? <ShieldCheck className="size-6" /> : <TriangleAlert className="size-6" />}
            </span>
            <div>
              <p className="font-medium">{kept ? t("persisted") : t("notPersisted")}</p>
              <p className="mt-1 text-sm text-muted">{kept ? t("persistedHint") : t("notPersistedHint")}</p>
              {state.usedBytes !== null && (
                <p className="mt-2 text-sm text-muted">{t("used", { size: sizeOf(state.usedBytes, locale) })}</p>
              )}
              {!kept && (
                <Button kind="outline" className="mt-4" onClick={() => void ask()}>
                  {t("askPersist")}
                </Button>
              )}
            </div>
          </>
        )}
      </div>
    </Section>
  );
}

export function sizeOf(bytes: number, locale: string): string {
  const large = bytes >= 1_000_000;
  const format = new Intl.NumberFormat(locale, {
    style: "unit",
    unit: large ? "megabyte" : "kilobyte",
    maximumFractionDigits: large ? 1 : 0,
  });
  return format.format(bytes / (large ? 1_000_000 : 1000));
}
