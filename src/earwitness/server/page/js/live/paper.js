// What is said, as it comes: turns that are closed, words that stay, and words that may still change.

import { el } from "../dom.js";
import { clock } from "../text.js";

const VOICES = 8;
/** So near the end, whoever reads reads along. */
const NEAR_PX = 160;

export class Paper {
  constructor() {
    this.voices = new Map();
    this.words = [];
    this.turns = el("div", { class: "turns", role: "log", "aria-label": "What was said" });
    this.final = el("span", { class: "final" });
    this.partial = el("span", { class: "partial" });
    // A turn is read out once it is closed, not word by word.
    this.open = el("p", { class: "said", "aria-hidden": "true", dir: "auto" }, this.final, this.partial);
    this.element = el("div", { class: "paper" }, this.turns, this.open);
  }

  get isEmpty() {
    return !this.turns.children.length && !this.words.length && !this.partial.textContent;
  }

  /** Puts down an event of the server's: partial, final, or turn. */
  put({ type, words = [], text, start, end, speaker }) {
    const reads = document.documentElement.scrollHeight - scrollY - innerHeight < NEAR_PX;
    if (type === "partial") this.partial.textContent = spelt(words, text);
    if (type === "final") {
      this.words.push(...(words.length ? words : [{ word: text, start, end }]));
      this.partial.textContent = "";
    }
    if (type === "turn") {
      this.words = this.words.filter((word) => (word.start + word.end) / 2 > end);
      this.#close(spelt(words, text), start, speaker && nameOf(speaker));
    }
    this.final.textContent = spelt(this.words);
    if (reads) scrollTo(0, document.documentElement.scrollHeight);
  }

  #close(text, start, speaker) {
    if (!text.trim()) return;
    if (this.turns.lastElementChild?.speaker !== speaker || !speaker) this.turns.append(this.#turn(start, speaker));
    const said = this.turns.lastElementChild.lastElementChild;
    said.append(`${said.textContent ? " " : ""}${text.trim()}`);
  }

  #turn(start, speaker) {
    const turn = el(
      "section",
      { class: "turn" },
      el(
        "p",
        { class: "who" },
        speaker && el("span", { class: `name ${this.#voice(speaker)}` }, el("bdi", {}, speaker)),
        el("span", { class: "time" }, clock(start)),
      ),
      el("p", { class: "said", dir: "auto" }),
    );
    turn.speaker = speaker;
    return turn;
  }

  /** Colours in the order in which people begin to speak. */
  #voice(speaker) {
    if (!this.voices.has(speaker)) this.voices.set(speaker, `v${this.voices.size % VOICES}`);
    return this.voices.get(speaker);
  }
}

/** SPEAKER_00 as the transcript will call them: Speaker 1. */
function nameOf(label) {
  return label.replace(/^SPEAKER_(\d+)$/, (_, number) => `Speaker ${Number(number) + 1}`);
}

/** Words as one text: each brings the space before it. */
function spelt(words, text = "") {
  return words.length ? words.map(({ word }) => word).join("") : text;
}
