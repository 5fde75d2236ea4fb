// What cannot be undone is asked for twice.

import { el, sheet } from "./dom.js";

/** Asks in a sheet; `act` does it and is followed by closing, and what goes wrong is said there. */
export function confirmed(question, told, label, act) {
  const said = el("p", { class: "problem", role: "alert" });
  const yes = el(
    "button",
    {
      type: "button",
      class: "danger",
      onclick: async () => {
        yes.disabled = true;
        try {
          const done = await act();
          dialog.close();
          done?.();
        } catch (error) {
          said.textContent = error.message;
          yes.disabled = false;
        }
      },
    },
    label,
  );
  const no = el("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Keep");
  const dialog = sheet(
    question,
    el("div", { class: "stack" }, el("p", {}, told), said, el("div", { class: "row" }, no, yes)),
  );
  no.focus();
}
