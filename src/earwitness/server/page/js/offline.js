// The reader in a page that is one file: its transcript stands in the page, the recording is chosen by whoever reads.

import { el, fill, icon } from "./dom.js";
import { help, listen } from "./keys.js";
import { Reader } from "./reader/reader.js";
import { themeButton } from "./theme.js";

const data = (id) => JSON.parse(document.getElementById(id).textContent);
const source = {
  transcript: data("transcript"),
  peaks: async () => data("peaks"),
  isEditable: false,
  isChosen: true,
  formats: null,
  place: (start, end) => `#t=${start.toFixed(1)}${end ? `-${end.toFixed(1)}` : ""}`,
  isShared: false,
};

const main = document.getElementById("main");
const reader = new Reader(source);
fill(main, reader.element);
main.classList.remove("still");
main.dataset.place = "episode";
const place = () => reader.update(new URLSearchParams(location.hash.slice(1)));
addEventListener("hashchange", place);

const helpButton = el(
  "button",
  {
    type: "button",
    class: "quiet",
    id: "help",
    "aria-label": "Keyboard shortcuts",
    title: "Keyboard shortcuts (?)",
    onclick: help,
  },
  icon("help"),
);
const theme = el("button", { type: "button", class: "quiet" });
themeButton(theme);
document.querySelector(".bar").append(el("div", { class: "tools" }, theme, helpButton));
listen("Everywhere", [{ keys: ["?"], does: "This list", run: help }]);
place();
