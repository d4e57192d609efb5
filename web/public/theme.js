// Before the first paint: the theme, the size of text and the direction of writing that were chosen here. The theme is looked at
// again when the system changes its own.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return JSON.parse(localStorage.getItem("restante.preferences") || "{}").state || {};
    } catch {
      // Storage is closed or holds something else: then what the system says is right.
      return {};
    }
  };
  const paint = () => {
    const { theme } = chosen();
    const dark = theme === "dark" || (theme !== "light" && system.matches);
    root.dataset.theme = dark ? "dark" : "light";
  };
  paint();
  system.addEventListener("change", paint);
  const { text, language: wanted } = chosen();
  const language = wanted || (navigator.language.startsWith("ar") ? "ar" : "en");
  if (text === "large") root.dataset.text = "large";
  // Pages are built in English; until the words of another language are there, nothing is shown, so that nothing moves.
  if (language !== "en") root.dataset.words = "awaited";
  root.lang = language;
  root.dir = language === "ar" ? "rtl" : "ltr";
})();
