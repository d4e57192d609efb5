import { useEffect, useState } from "react";
import { en, landingWords } from "@/ui/i18n/landing";
import { type Language, languages } from "@/ui/i18n/languages";

/** The words in the language that public/theme.js has chosen; English while the page is built, and where the others do not come. */
export function useLandingWords() {
  const [words, setWords] = useState(en);
  useEffect(() => {
    let gone = false;
    const { lang } = document.documentElement;
    if (lang in languages) {
      landingWords(lang as Language).then(
        (found) => !gone && setWords(found),
        () => delete document.documentElement.dataset.words,
      );
    }
    return () => {
      gone = true;
    };
  }, []);
  useEffect(() => {
    if (words !== en) delete document.documentElement.dataset.words;
  }, [words]);
  return words;
}
