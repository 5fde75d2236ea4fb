// Shortcuts, and the sheet that lists them.

import { el, sheet } from "./dom.js";

let views = [];

/**
 * Listens for keys while a view is shown; returns a function that ends it.
 *
 * `shortcuts` are `{keys: ["k", " "], does: "Play or pause", run}`: the keys as `KeyboardEvent.key` has them, what is
 * said of them on the sheet (where `shown` may name the keys otherwise), and what they do. None fires while somebody
 * types, and Ctrl, Alt and Meta are the browser's.
 */
export function listen(title, shortcuts) {
  const view = { title, shortcuts };
  views.push(view);
  return () => { views = views.filter((one) => one !== view); };
}

/** The sheet of all shortcuts that work now. */
export function help() {
  if (document.querySelector("dialog[open]")) return;
  const groups = [...views].reverse().map(({ title, shortcuts }) => el("section", {}, el("h3", {}, title),
    el("dl", { class: "keys" }, shortcuts.filter(({ does }) => does).map(({ keys, shown, does }) => el("div", {},
      el("dt", {}, (shown ?? keys).map((key) => el("kbd", {}, NAMES[key] ?? key.toUpperCase()))), el("dd", {}, does))))));
  sheet("Keyboard shortcuts", el("div", { class: "key-groups" }, groups));
}

/** Whether keys are text now, or somebody else's. */
export function isTyping(target) {
  return Boolean(target.closest?.("input:not([type=checkbox], [type=range]), textarea, select, [contenteditable]"));
}

const NAMES = {
  " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Enter: "Enter",
  "Shift+N": "Shift N",
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  // Space and Enter on a button press it; on a slider, arrows move it.
  if ([" ", "Enter"].includes(event.key) && event.target.closest?.("a, button, summary, label, input, [role=slider]")) return;
  for (const { shortcuts } of [...views].reverse()) {
    const found = shortcuts.find(({ keys }) => keys.includes(event.key));
    if (!found) continue;
    event.preventDefault();
    found.run(event);
    return;
  }
});
