// The search in this transcript.

import { el, iconButton } from "../dom.js";

/** The search in this transcript: all places, one after another. */
export class Finder {
  constructor(reading) {
    this.reading = reading;
    this.hits = [];
    this.at = -1;
    this.input = el("input", {
      type: "search",
      id: "find",
      placeholder: "Find in this transcript",
      "aria-label": "Find in this transcript",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.#later(),
      onkeydown: (event) => this.#key(event),
    });
    this.told = el("span", { class: "muted small numbers", role: "status" });
    this.element = el(
      "section",
      { class: "finder", "aria-label": "Find" },
      this.input,
      el(
        "div",
        { class: "row tight" },
        this.told,
        (this.steps = el(
          "span",
          { hidden: true },
          iconButton("previous", "Previous hit (Shift Enter)", () => this.step(-1)),
          iconButton("next", "Next hit (Enter)", () => this.step(1)),
        )),
      ),
    );
    reading.addEventListener("model", () => this.#look(false));
  }

  #timer = 0;

  /** Searches for a text. */
  find(text) {
    this.input.value = text;
    this.#look(true);
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  /** Goes to the next hit (1), or the one before (-1). */
  step(direction) {
    if (!this.hits.length) return;
    this.at = (this.at + direction + this.hits.length) % this.hits.length;
    this.#show();
  }

  #key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(this.#timer);
      if (this.input.value !== this.looked) this.#look(true);
      else this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.find("");
      this.input.blur();
    }
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(true), 180);
  }

  #look(goes) {
    this.looked = this.input.value;
    const { model, word } = this.reading;
    this.hits = hitsOf(model, this.looked);
    this.reading.mark("hit", this.hits);
    this.steps.hidden = !this.hits.length;
    this.at = Math.max(
      0,
      this.hits.findIndex(({ end_ }) => end_ > word),
    );
    if (this.hits.length && goes) this.#show();
    else {
      this.reading.mark("here", []);
      this.told.textContent = this.looked.trim() && !this.hits.length ? "Not said" : "";
    }
  }

  #show() {
    const hit = this.hits[this.at];
    this.told.textContent = `${this.at + 1} of ${this.hits.length}`;
    this.reading.mark("here", [hit]);
    this.reading.seek(hit.first);
  }
}

/** All places where a text is said, as ranges of words: case, accents and punctuation at word ends do not matter. */
function hitsOf(model, text) {
  const sought = bare(text);
  if (!sought) return [];
  const hits = [];
  for (const { first, end_ } of model.paragraphs) {
    let line = "";
    const begins = [];
    for (let index = first; index < end_; index++) {
      const said = bare(model.words[index].text);
      if (line && model.gap && said) line += " ";
      begins.push(line.length);
      line += said;
    }
    for (let place = line.indexOf(sought); place >= 0; place = line.indexOf(sought, place + sought.length)) {
      const from = begins.findLastIndex((begin) => begin <= place);
      const to = begins.findLastIndex((begin) => begin < place + sought.length);
      hits.push({ first: first + from, end_: first + to + 1 });
    }
  }
  return hits;
}

function bare(text) {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}'’]+/gu, " ")
    .trim();
}
