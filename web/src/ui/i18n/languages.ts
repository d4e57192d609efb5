export const languages = {
  en: { name: "English", dir: "ltr" },
  ar: { name: "العربية", dir: "rtl" },
} as const;

export type Language = keyof typeof languages;

/** Of a tag such as en-GB. */
export function languageOf(tag: string): Language {
  return preferred([tag]);
}

/** The person's own tag for a language, which says how they write times and numbers. */
export function tagOf(language: Language, wanted: readonly string[]): string {
  return wanted.find((tag) => tag.split("-")[0]?.toLowerCase() === language) ?? language;
}

/** The first of what the browser asks for that there is. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = tag.split("-")[0]?.toLowerCase();
    if (language && language in languages) return language as Language;
  }
  return "en";
}
