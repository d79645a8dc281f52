// The search dialog needs a name for those who hear the page.
document.querySelector("[data-md-component=search]")?.setAttribute("aria-label", "Search");

// Formulas are typeset, and what that takes is loaded only where there are any.
const formulas = document.querySelectorAll(".arithmatex");

if (formulas.length) {
  const home = new URL("katex/", document.currentScript.src);
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL("katex.min.css", home);
  document.head.append(style);

  const script = document.createElement("script");
  script.src = new URL("katex.min.js", home);
  script.addEventListener("load", () => {
    for (const formula of formulas) {
      const source = formula.textContent.trim();
      const displayMode = source.startsWith("\\[");
      katex.render(source.slice(2, -2), formula, { displayMode });
    }
  });
  document.head.append(script);
}
