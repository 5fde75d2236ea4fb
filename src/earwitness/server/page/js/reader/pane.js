// The transcript on the page: its rows, the spoken word lit, and a window that follows it.

import { el } from "../dom.js";
import { rowOf } from "./rows.js";
import { VirtualList } from "./virtual.js";

/** Where the spoken word is kept: between these shares of the window's height. */
const [HIGH, LOW] = [0.16, 0.7];
/** Whoever has scrolled away and back to what is spoken is followed again after so long. */
const RETURN_MS = 1500;
const LINE_CHARACTERS = 72;
const LINE_PX = 31;

export class Pane {
  constructor(reading) {
    this.reading = reading;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.rows = el("div", { class: "rows", role: "list", "aria-labelledby": "said" });
    this.element = el(
      "section",
      { class: "transcript" },
      el("h2", { id: "said", tabindex: "-1" }, "What is said"),
      this.rows,
    );
    this.back = el(
      "button",
      { type: "button", class: "back-to", hidden: true, onclick: () => this.follow(true) },
      "Back to what is spoken",
    );
    this.isFollowing = true;
    this.isPaused = false;
    this.onfollow = () => {};
    this.list = new VirtualList(this.rows, {
      build: (index) => this.#painted(rowOf(reading, index), index),
      sketch: (index) => this.#sketched(index),
      guess: (index) => this.#guess(index),
      onScrolled: () => this.#own(),
    });
    this.#listen();
    this.reset();
  }

  #keys = [];
  #ours = 0;
  #away = 0;
  #lit = null;

  /** Shows the transcript as it is now; rows that say the same keep their heights. */
  reset() {
    const { paragraphs } = this.reading.model;
    const old = new Map(this.#keys.map((key, index) => [key, index]));
    this.#keys = paragraphs.map((paragraph) => keyOf(this.reading.model, paragraph));
    this.list.reset(paragraphs.length, (index) => old.get(this.#keys[index]) ?? -1);
    if (!paragraphs.length) this.rows.replaceChildren(el("p", { class: "empty" }, "Nobody speaks in this recording."));
    this.light();
  }

  /** The element of a word, where it is on the page. */
  wordElement(index) {
    const word = this.reading.model.words[index];
    return word ? (this.list.rows.get(word.paragraph)?.querySelector(`.w[data-w="${index}"]`) ?? null) : null;
  }

  /** Selects words, as if with the mouse; those that are in the page. */
  select({ first, end_ }) {
    const [from, to] = [this.wordElement(first), this.wordElement(end_ - 1)];
    if (from && to) getSelection().setBaseAndExtent(from.firstChild, 0, to.firstChild, to.textContent.length);
  }

  /** Brings a word into the window, if it is not well in it. */
  reveal(index, { always = false } = {}) {
    const word = this.reading.model.words[index];
    if (!word) return;
    const row = this.list.row(word.paragraph);
    const box = (this.wordElement(index) ?? row).getBoundingClientRect();
    if (!always && this.#isWell(this.wordElement(index))) return;
    const top = scrollY + box.top - 0.33 * innerHeight;
    const isNear = Math.abs(top - scrollY) < 1.2 * innerHeight;
    this.#own(isNear ? 900 : 200);
    scrollTo({ top, behavior: isNear && !this.calm.matches ? "smooth" : "instant" });
  }

  /** Lets the window follow what is spoken, or not. */
  follow(on) {
    this.isFollowing = on;
    this.#pause(false);
    if (on) this.reveal(Math.max(0, this.reading.word));
    this.onfollow();
  }

  light() {
    this.#lit?.classList.remove("now");
    this.#lit = this.wordElement(this.reading.word);
    this.#lit?.classList.add("now");
  }

  close() {
    this.list.close();
    this.abort.abort();
    this.back.remove();
  }

  #listen() {
    const { reading } = this;
    this.abort = new AbortController();
    const { signal } = this.abort;
    reading.addEventListener("word", () => {
      this.light();
      if (!this.isFollowing || !reading.player.isPlaying) return;
      if (this.isPaused && performance.now() - this.#away > RETURN_MS && this.#isWell(this.#lit)) this.#pause(false);
      if (!this.isPaused) this.reveal(reading.word);
    });
    reading.addEventListener("model", () => this.reset());
    reading.addEventListener("marks", () => {
      for (const [index, row] of this.list.rows) this.#painted(row, index);
    });
    reading.addEventListener("reveal", ({ detail }) => {
      this.#pause(false);
      this.reveal(detail);
    });
    reading.player.addEventListener("state", () => {
      if (!reading.player.isPlaying) this.#pause(false);
    });
    const away = () => {
      this.#away = performance.now();
      if (this.isFollowing && reading.player.isPlaying) this.#pause(true);
    };
    addEventListener("wheel", away, { passive: true, signal });
    addEventListener("touchmove", away, { passive: true, signal });
    addEventListener(
      "scroll",
      () => {
        if (performance.now() > this.#ours) away();
      },
      { passive: true, signal },
    );
    addEventListener(
      "scrollend",
      () => {
        this.#ours = Math.min(this.#ours, performance.now() + 100);
      },
      { signal },
    );
  }

  /** Whether a word is well in the window. */
  #isWell(element) {
    const box = element?.getBoundingClientRect();
    return Boolean(box) && box.top >= HIGH * innerHeight && box.bottom <= LOW * innerHeight;
  }

  #own(milliseconds = 150) {
    this.#ours = Math.max(this.#ours, performance.now() + milliseconds);
  }

  #pause(on) {
    this.isPaused = on;
    this.back.hidden = !on;
  }

  /** Marks the words of a row, and lights the one that is spoken. */
  #painted(row, index) {
    const { model, marks, word } = this.reading;
    const { first, end_ } = model.paragraphs[index];
    const kinds = Object.keys(marks);
    for (const span of row.querySelectorAll(kinds.map((kind) => `.${kind}`).join())) span.classList.remove(...kinds);
    const spans = row.getElementsByClassName("w");
    for (const kind of kinds)
      for (const { start, end } of marks[kind])
        for (let place = Math.max(start, first); place < Math.min(end, end_); place++)
          spans[place - first]?.classList.add(kind);
    if (word >= first && word < end_ && spans.length) {
      this.#lit = spans[word - first];
      this.#lit.classList.add("now");
    }
    return row;
  }

  #sketched(index) {
    const row = rowOf(this.reading, index, { sketch: true });
    row.removeAttribute("id");
    return row;
  }

  #guess(index) {
    const { characters, chapter } = this.reading.model.paragraphs[index];
    return LINE_PX * (1 + Math.ceil(characters / LINE_CHARACTERS)) + (chapter ? 180 : 0);
  }
}

/** The same for paragraphs that look the same. */
function keyOf(model, paragraph) {
  const name = model.speaker(paragraph.speaker).name;
  const told = [paragraph.chapter?.title, paragraph.chapter?.summary, paragraph.gist, paragraph.events];
  return JSON.stringify([paragraph.segments.map(({ text }) => text), name, paragraph.more, told, paragraph.start]);
}
