import type { Language } from "./languages";

/** Words of the pages that do without the rest of the client, and without the others' weight. */
export const en = {
  title: "Talk freely.\nWe keep nothing.",
  lead: "Restante carries your messages to the people they are for, and forgets them on arrival. Your history lives on your own devices.",
  open: "Open Restante",
  logIn: "Log in",
  points: {
    forgetTitle: "Delivered, then deleted",
    forgetText: "A message stays on the server only until every recipient's device has stored it.",
    offlineTitle: "Works without a connection",
    offlineText: "Read, search and write while offline. What you wrote leaves by itself, in order, once.",
    openTitle: "Yours to host",
    openText: "One program to try it, separate services to grow. No accounts elsewhere, no trackers, no paid edition.",
  },
  demo: { name: "Lena", first: "The letter arrived this morning!", second: "And the post office?", third: "Has already forgotten it." },
  source: "API documentation",
  notFoundTitle: "There is nothing here",
  notFoundText: "The address may be mistyped, or the page has moved.",
  goHome: "To the start",
};

export type LandingWords = typeof en;

/** Other languages are fetched by who wants them. */
export async function landingWords(language: Language): Promise<LandingWords> {
  return language === "ar" ? (await import("./landing-ar")).ar : en;
}
