"use client";
import { useEffect, useState, type ReactNode } from "react";
import { IntlProvider } from "use-intl";
import { followOtherTabs, usePreferences } from "@/features/settings/preferences";
import { barColours } from "@/ui/barColours";
import { Announcer } from "@/ui/Announcer";
import { en, type Words } from "@/ui/i18n/en";
import { type Language, languageOf, languages, preferred, tagOf } from "@/ui/i18n/languages";
import { Toasts } from "@/ui/Toast";

/** What every page stands in: words, theme, and the places where things are said. */
export function Providers({ children }: { children: ReactNode }) {
  const { locale, words, timeZone } = useLanguage();
  useAppearance();
  return (
    <IntlProvider locale={locale} messages={words} timeZone={timeZone}>
      {children}
      <Toasts />
      <Announcer />
    </IntlProvider>
  );
}

function useLanguage() {
  const chosen = usePreferences((state) => state.language);
  const [shown, setShown] = useState<{ locale: string; words: Words; timeZone: string }>({
    locale: "en",
    words: en,
    timeZone: "UTC",
  });

  useEffect(() => {
    void usePreferences.persist.rehydrate();
    return followOtherTabs();
  }, []);

  useEffect(() => {
    const language = chosen ?? preferred(navigator.languages);
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    let stale = false;
    load(language).then((words) => {
      if (stale) return;
      document.documentElement.lang = language;
      document.documentElement.dir = languages[language].dir;
      setShown({ locale: tagOf(language, navigator.languages), words, timeZone });
    });
    return () => {
      stale = true;
    };
  }, [chosen]);

  // public/theme.js hides the page until it speaks the language that was chosen.
  useEffect(() => {
    if (languageOf(shown.locale) === document.documentElement.lang) delete document.documentElement.dataset.words;
  }, [shown]);

  return shown;
}

async function load(language: Language): Promise<Words> {
  if (language === "ar") return (await import("@/ui/i18n/ar")).ar;
  return en;
}

function useAppearance() {
  const theme = usePreferences((state) => state.theme);
  const text = usePreferences((state) => state.text);
  const [read, setRead] = useState(false);

  useEffect(() => {
    setRead(usePreferences.persist.hasHydrated());
    return usePreferences.persist.onFinishHydration(() => setRead(true));
  }, []);

  useEffect(() => {
    // Before they are read, what public/theme.js has set holds.
    if (!read) return;
    // What the system says later, public/theme.js hears.
    const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    document.documentElement.dataset.text = text;
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
      const forDark = theme === "system" ? meta.media.includes("dark") : dark;
      meta.content = forDark ? barColours.dark : barColours.light;
    }
  }, [theme, text, read]);
}
