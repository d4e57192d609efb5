// Before the first paint: the theme, the size of text and the direction of writing that were chosen here.
(() => {
  let chosen = {};
  try {
    chosen = JSON.parse(localStorage.getItem("restante.preferences") || "{}").state || {};
  } catch {
    // Storage is closed or holds something else: then what the system says is right.
  }
  const root = document.documentElement;
  const dark = chosen.theme === "dark" || (chosen.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";
  if (chosen.text === "large") root.dataset.text = "large";
  const language = chosen.language || (navigator.language.startsWith("ar") ? "ar" : "en");
  root.lang = language;
  root.dir = language === "ar" ? "rtl" : "ltr";
})();
