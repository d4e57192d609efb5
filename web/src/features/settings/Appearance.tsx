import { Monitor, Moon, Sun } from "lucide-react";
import { useLocale, useTranslations } from "use-intl";
import { type Language, languageOf, languages } from "@/ui/i18n/languages";
import { Choice } from "@/ui/Choice";
import { Switch } from "@/ui/Switch";
import { usePreferences } from "./preferences";
import { Section } from "./Section";

/** How the client looks and behaves in this browser. */
export function Appearance() {
  const t = useTranslations("settings");
  const language = languageOf(useLocale());
  const { theme, text, enterSends, set } = usePreferences();
  const icon = "size-4";
  return (
    <>
      <Section>
        <Choice
          label={t("theme")}
          value={theme}
          onChange={(next) => set({ theme: next })}
          options={[
            { value: "light", label: t("light"), icon: <Sun aria-hidden="true" className={icon} /> },
            { value: "dark", label: t("dark"), icon: <Moon aria-hidden="true" className={icon} /> },
            { value: "system", label: t("system"), icon: <Monitor aria-hidden="true" className={icon} /> },
          ]}
        />
        <Choice
          label={t("language")}
          value={language}
          onChange={(next) => set({ language: next })}
          options={(Object.keys(languages) as Language[]).map((value) => ({ value, label: languages[value].name, lang: value }))}
        />
        <Choice
          label={t("textSize")}
          value={text}
          onChange={(next) => set({ text: next })}
          options={[
            { value: "normal", label: t("normal") },
            { value: "large", label: t("large") },
          ]}
        />
      </Section>
      <Section>
        <Switch label={t("enterSends")} hint={t("enterSendsHint")} checked={enterSends} onChange={(on) => set({ enterSends: on })} />
      </Section>
    </>
  );
}
