import { useEffect, useState } from "react";
import { landingWords } from "@/ui/i18n/landing";
import { type Language, languages } from "@/ui/i18n/languages";

/** The words in the language that public/theme.js has chosen; English while the page is built. */
export function useLandingWords() {
  const [language, setLanguage] = useState<Language>("en");
  useEffect(() => {
    const { lang } = document.documentElement;
    if (lang in languages) setLanguage(lang as Language);
  }, []);
  return landingWords[language];
}
