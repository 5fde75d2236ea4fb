// Beside the transcript: its chapters, a search in it, and what there is to check.

import { el, fill, iconButton, say } from "../dom.js";
import { clock, count, percent } from "../text.js";
import { overlapLinks } from "./brief.js";
import { textOf } from "./model.js";

/** The chapters; the one that is heard is marked. */
export class Contents {
  constructor(reading) {
    this.reading = reading;
    this.list = el("ol", {});
    this.element = el("nav", { class: "contents", "aria-labelledby": "chapters" }, el("h2", { id: "chapters" }, "Chapters"), this.list);
    reading.addEventListener("model", () => this.reset());
    reading.player.addEventListener("time", () => this.#mark());
    this.reset();
  }

  reset() {
    const { model } = this.reading;
    this.element.hidden = !model.chapters.length;
    this.current = null;
    fill(this.list, model.chapters.map(({ start, title, opening }) => el("li", {},
      el("button", { type: "button", class: "plain", onclick: () => {
        if (opening) this.reading.hear(opening.first);
        else this.reading.player.play(start);
      } }, el("span", { class: "when numbers" }, clock(start)), el("span", { class: "name", dir: "auto" }, title)))));
    this.#mark();
  }

  #mark() {
    const { model, player } = this.reading;
    const current = model.chapters.findLast(({ start }) => start <= player.time + 0.05) ?? null;
    if (current === this.current) return;
    this.current = current;
    [...this.list.children].forEach((entry, index) => {
      if (index === current?.index) entry.setAttribute("aria-current", "true");
      else entry.removeAttribute("aria-current");
    });
    requestAnimationFrame(() => this.#show(this.list.children[current?.index]));
  }

  /** Brings an entry into the list's own window. */
  #show(entry) {
    const box = this.element.parentElement;
    if (!box || !entry || box.scrollHeight <= box.clientHeight) return;
    const top = entry.offsetTop - box.offsetTop;
    if (top < box.scrollTop || top + entry.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
  }
}

/** The search in this transcript: all places, one after another. */
export class Finder {
  constructor(reading) {
    this.reading = reading;
    this.hits = [];
    this.at = -1;
    this.input = el("input", { type: "search", id: "find", placeholder: "Find in this transcript", "aria-label": "Find in this transcript",
      autocomplete: "off", spellcheck: "false", oninput: () => this.#later(), onkeydown: (event) => this.#key(event) });
    this.told = el("span", { class: "muted small numbers", role: "status" });
    this.element = el("section", { class: "finder", "aria-label": "Find" },
      this.input, el("div", { class: "row tight" }, this.told,
        this.steps = el("span", { hidden: true }, iconButton("previous", "Previous hit (Shift Enter)", () => this.step(-1)), iconButton("next", "Next hit (Enter)", () => this.step(1)))));
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
    this.at = Math.max(0, this.hits.findIndex(({ end_ }) => end_ > word));
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

/** What there is to check: doubtful words and speakers, words spoken at once, and the last correction to take back. */
export class Review {
  constructor(reading, corrections) {
    Object.assign(this, { reading, corrections });
    this.element = el("section", { class: "review", "aria-labelledby": "review" });
    this.at = -1;
    reading.addEventListener("model", () => this.reset());
    this.reset();
  }

  reset() {
    const { model, source } = this.reading;
    this.count = el("span", { class: "numbers" });
    this.what = el("p", { class: "small what" });
    const overlaps = overlapLinks(this.reading);
    fill(this.element, el("h2", { id: "review" }, "To check"),
      model.doubts.length ? [
        el("div", { class: "row tight" }, this.count,
          iconButton("previous", "Previous doubtful place (Shift N)", () => this.step(-1)),
          iconButton("next", "Next doubtful place (N)", () => this.step(1))), this.what,
        el("p", { class: "muted small" }, el("span", { class: "doubt" }, "Underlined words"), " were hard to hear; of ",
          el("span", { class: "whose" }, "words underlined twice"), " it is not clear who says them."),
      ] : el("p", { class: "muted small" }, "No word and no speaker is doubtful."),
      overlaps.length > 0 && el("details", {}, el("summary", {}, `Spoken at once: ${count(overlaps.length, "place")}`), el("ul", {}, overlaps)),
      source.isEditable && el("button", { type: "button", class: "undo", title: "Undo (U)", onclick: () => this.corrections.undo() }, "Undo the last correction"));
    this.#told();
  }

  /** Goes to the next doubtful place (1), or the one before (-1), from where one is. */
  step(direction) {
    const { doubts } = this.reading.model;
    if (!doubts.length) {
      say("No word and no speaker is doubtful.");
      return;
    }
    const word = this.reading.word;
    const isAt = doubts[this.at]?.first <= word && word < doubts[this.at]?.end_;
    if (isAt) this.at = (this.at + direction + doubts.length) % doubts.length;
    else {
      const next = doubts.findIndex(({ first }) => first > word);
      const ahead = next < 0 ? doubts.length : next;
      this.at = direction > 0 ? ahead % doubts.length : (ahead - 1 + doubts.length) % doubts.length;
    }
    this.reading.mark("here", [doubts[this.at]]);
    this.reading.seek(doubts[this.at].first);
    this.#told();
    say(`${this.count.textContent}: ${this.what.textContent}`);
  }

  #told() {
    const { model } = this.reading;
    const doubt = model.doubts[this.at];
    const [number, ...thing] = count(model.doubts.length, "doubtful place").split(" ");
    fill(this.count, doubt ? `${this.at + 1} of ${number}` : number, el("span", { class: "thing" }, ` ${thing.join(" ")}`));
    this.what.textContent = doubt ? `“${textOf(model, doubt.first, doubt.end_)}”, ${percent(doubt.sure)} sure${doubt.kind === "speaker" ? " who says it" : ""}` : "";
    this.what.hidden = !doubt;
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
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}'’]+/gu, " ").trim();
}
