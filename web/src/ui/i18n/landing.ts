import type { Language } from "./languages";

const en = {
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

/** Words of the pages that do without the rest of the client, and without the others' weight. */
export const landingWords: Record<Language, typeof en> = {
  en,
  ar: {
    title: "تحدث بحرية.\nلا نحتفظ بشيء.",
    lead: "يحمل Restante رسائلك إلى أصحابها وينساها عند وصولها. سجلك يبقى على أجهزتك أنت.",
    open: "افتح Restante",
    logIn: "تسجيل الدخول",
    points: {
      forgetTitle: "تُسلَّم ثم تُحذف",
      forgetText: "تبقى الرسالة على الخادم حتى تخزنها أجهزة كل المستلمين، لا أكثر.",
      offlineTitle: "يعمل بلا اتصال",
      offlineText: "اقرأ وابحث واكتب دون اتصال. ما كتبته يُرسل وحده، بالترتيب، مرة واحدة.",
      openTitle: "استضفه بنفسك",
      openText: "برنامج واحد للتجربة وخدمات منفصلة للنمو. لا حسابات في مكان آخر، ولا تتبع، ولا نسخة مدفوعة.",
    },
    demo: { name: "لينا", first: "وصلت الرسالة هذا الصباح!", second: "ومكتب البريد؟", third: "نسيها بالفعل." },
    source: "توثيق الواجهة البرمجية",
    notFoundTitle: "لا شيء هنا",
    notFoundText: "ربما كُتب العنوان خطأً أو نُقلت الصفحة.",
    goHome: "إلى البداية",
  },
};
