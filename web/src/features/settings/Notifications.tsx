import { useState } from "react";
import { useTranslations } from "use-intl";
import { Note } from "@/ui/Notice";
import { Switch } from "@/ui/Switch";
import { usePreferences } from "./preferences";
import { Section } from "./Section";

type Permission = NotificationPermission | "missing";

/** Notices of the system, while the client is open somewhere. */
export function Notifications() {
  const t = useTranslations("settings");
  const { notify, preview, set } = usePreferences();
  const [permission, setPermission] = useState<Permission>(() => ("Notification" in window ? Notification.permission : "missing"));

  const toggle = async (on: boolean) => {
    if (!on) return set({ notify: false });
    const answer = await Notification.requestPermission();
    setPermission(answer);
    set({ notify: answer === "granted" });
  };

  return (
    <>
      {permission === "denied" && (
        <div className="mb-4">
          <Note>{t("notifyDenied")}</Note>
        </div>
      )}
      {permission === "missing" && (
        <div className="mb-4">
          <Note>{t("notifyMissing")}</Note>
        </div>
      )}
      <Section>
        <Switch
          label={t("notify")}
          hint={t("notifyHint")}
          disabled={permission === "denied" || permission === "missing"}
          checked={notify && permission === "granted"}
          onChange={(on) => void toggle(on)}
        />
        <Switch label={t("preview")} hint={t("previewHint")} checked={preview} onChange={(on) => set({ preview: on })} />
      </Section>
    </>
  );
}
