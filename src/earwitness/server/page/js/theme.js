// Light, dark, or as the system has it.

import { fill, icon } from "./dom.js";

const THEMES = { "": ["auto", "as the system"], light: ["sun", "light"], dark: ["moon", "dark"] };

/** The colour of a token (`--accent`) as it is now, for what is drawn on a canvas. */
export function colour(token) {
  const probe = document.getElementById("says");
  probe.style.setProperty("color", `var(${token})`);
  const found = getComputedStyle(probe).color;
  probe.style.removeProperty("color");
  return found;
}

/** Calls a function whenever the colours change; returns a function that ends it. */
export function onTheme(changed) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  document.addEventListener("theme", changed);
  return () => {
    system.removeEventListener("change", changed);
    document.removeEventListener("theme", changed);
  };
}

/** Makes a button that goes round the themes. */
export function themeButton(button) {
  const root = document.documentElement;
  const show = () => {
    const [drawing, name] = THEMES[root.dataset.theme ?? ""];
    fill(button, icon(drawing));
    button.title = `Theme: ${name}`;
    button.setAttribute("aria-label", `Theme: ${name}`);
  };
  button.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(root.dataset.theme ?? "") + 1) % names.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    try {
      if (next) localStorage.setItem("theme", next);
      else localStorage.removeItem("theme");
    } catch {
      // It lasts as long as the page.
    }
    show();
    document.dispatchEvent(new Event("theme"));
  });
  show();
}
