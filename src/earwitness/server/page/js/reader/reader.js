// The view of one episode: all of it, to read, hear, check and set right.

import { beside, el, icon, iconButton, menu, say } from "../dom.js";
import { listen } from "../keys.js";
import { clock, count, day, languageName } from "../text.js";
import { Brief } from "./brief.js";
import { Contents } from "./contents.js";
import { Corrections, selectedWords, timesOf } from "./correct.js";
import { Dock } from "./dock.js";
import { Finder } from "./finder.js";
import { titleOf, wordAt } from "./model.js";
import { Pane } from "./pane.js";
import { personLabel, rename } from "./people.js";
import { Reading } from "./reading.js";
import { Review } from "./review.js";
import { Score } from "./score.js";
import { shortcuts } from "./shortcuts.js";

/** The view of an episode, wherever it comes from. */
export class Reader {
  constructor(source) {
    const reading = new Reading(source);
    this.reading = reading;
    this.title = titleOf(reading.model.transcript);
    this.pane = new Pane(reading);
    this.corrections = new Corrections(reading, this.pane);
    this.finder = new Finder(reading);
    this.review = new Review(reading, this.corrections);
    this.contents = new Contents(reading);
    this.score = new Score(reading, (speaker) => personLabel(reading, speaker));
    this.dock = new Dock(reading, this.pane);
    this.brief = new Brief(reading, (text) => this.finder.find(text));
    this.bubble = this.#bubble();
    this.element = el(
      "article",
      { class: "reader" },
      this.#head(),
      this.dock.element,
      this.score.element,
      el(
        "div",
        { class: "columns" },
        el("div", { class: "left" }, this.contents.element),
        el("aside", { class: "right", "aria-label": "Find and check" }, this.finder.element, this.review.element),
        el("div", { class: "middle" }, this.brief.element, this.pane.element, this.#foot()),
      ),
      this.pane.back,
      this.bubble,
    );
    this.endKeys = listen("This recording", shortcuts(this));
    this.abort = new AbortController();
    this.#clicks();
    this.#sound();
  }

  /** Goes to the time in the address: `t=12.5`, or a stretch, `t=12.5-15`, which is marked. */
  update(query) {
    const found = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(query.get("t") ?? "");
    if (!found) return;
    const { reading } = this;
    const [start, end] = [Number(found[1]), found[2] ? Number(found[2]) : null];
    reading.player.seek(start);
    const words = reading.model.words.filter(
      (word) => end !== null && word.start >= start - 0.06 && word.start < end - 0.01,
    );
    reading.mark("cited", words.length ? [{ first: words[0].index, end_: words.at(-1).index + 1 }] : []);
    requestAnimationFrame(() =>
      this.pane.reveal(Math.max(0, words[0]?.index ?? wordAt(reading.model, start + 0.03)), { always: true }),
    );
  }

  close() {
    this.abort.abort();
    this.endKeys();
    this.pane.close();
    this.score.close();
    this.dock.close();
    this.reading.player.close();
  }

  async #sound() {
    const { source, player } = this.reading;
    try {
      const peaks = await source.peaks();
      if (this.abort.signal.aborted) return;
      this.score.show(peaks);
      if (source.isChosen) return;
      if (peaks) player.load(source.audio);
      else player.unload("The recording is not kept here; only the transcript is.");
    } catch (error) {
      if (error.name !== "AbortError") player.unload(error.message);
    }
  }

  #head() {
    const { model, source } = this.reading;
    const { episode, description, language } = model.transcript;
    const origin =
      episode && [episode.show, place(episode), episode.published && day(episode.published)].filter(Boolean);
    const facts = [
      clock(model.duration),
      model.speakers.length && count(model.speakers.length, "speaker"),
      count(model.words.length, "word"),
      languageName(language),
    ];
    const downloads =
      source.formats &&
      el("button", { type: "button", onclick: () => this.#downloads(downloads) }, icon("download"), "Download");
    return el(
      "header",
      { class: "head" },
      origin?.length > 0 &&
        el(
          "p",
          { class: "kicker" },
          origin.map((part, index) => [index ? " · " : "", el("bdi", {}, part)]),
        ),
      el("h1", { dir: "auto" }, this.title),
      description && el("p", { class: "lead", dir: "auto" }, description.text),
      el(
        "div",
        { class: "row facts-row" },
        el(
          "p",
          { class: "muted numbers" },
          facts.filter(Boolean).map((part, index) => [index ? " · " : "", el("span", {}, part)]),
        ),
        el(
          "div",
          { class: "row tight" },
          source.isShared && iconButton("link", "Copy a link to this time (Y)", () => this.copy()),
          downloads,
        ),
      ),
      episode?.people?.length > 0 &&
        el(
          "p",
          { class: "muted small" },
          "In the feed: ",
          episode.people.map(({ name, role }) => `${name} (${role})`).join(", "),
        ),
    );
  }

  #foot() {
    const { asr, model, diarizer, summarizer } = this.reading.model.transcript.engine;
    const parts = [
      `transcribed by ${asr} with the model ${model}`,
      diarizer && `speakers by ${diarizer}`,
      summarizer && `summary by ${summarizer}`,
    ];
    return el("footer", { class: "muted small" }, `This transcript was ${parts.filter(Boolean).join(", ")}.`);
  }

  async #downloads(button) {
    try {
      const formats = await this.reading.source.formats();
      menu(
        button,
        "Download",
        formats.map(({ name, suffix }) =>
          el(
            "a",
            { href: this.reading.source.exported(name), download: "" },
            FORMATS[name] ?? name,
            el("span", { class: "note" }, suffix),
          ),
        ),
      );
    } catch (error) {
      say(error.message, "error");
    }
  }

  /** Copies a link to what is selected, or to where one is. */
  async copy(range = selectedWords()) {
    const { player, model, source } = this.reading;
    const { start, end } = range ? timesOf(model, range) : { start: player.time, end: null };
    const link = location.href.split("#")[0] + source.place(start, end);
    try {
      await navigator.clipboard.writeText(link);
      say(`Copied: a link to ${clock(start)}.`);
    } catch {
      say(link);
    }
  }

  /** What can be done with words that are selected. */
  #bubble() {
    const { reading } = this;
    const act = (run) => () => {
      const range = selectedWords();
      if (range) run(range);
      this.bubble.hidden = true;
    };
    const play = (range) => reading.hearSegments([{ ...timesOf(reading.model, range), ...range }]);
    return el(
      "div",
      { class: "bubble", hidden: true, role: "toolbar", "aria-label": "With the selected words" },
      el("button", { type: "button", onclick: act(play) }, icon("play"), "Play"),
      reading.source.isShared &&
        el("button", { type: "button", onclick: act((range) => this.copy(range)) }, icon("link"), "Copy link"),
      reading.source.isEditable &&
        el(
          "button",
          {
            type: "button",
            onclick: (event) => {
              const range = selectedWords();
              if (range) this.corrections.give(event.currentTarget, range);
            },
          },
          icon("person"),
          "Give to…",
        ),
    );
  }

  #clicks() {
    const { reading, corrections } = this;
    const { signal } = this.abort;
    this.pane.rows.addEventListener("click", (event) => {
      const place = event.target.closest("[data-w], [data-menu]");
      if (!place || event.target.closest(".editing")) return;
      if (place.dataset.menu) corrections.menu(place, Number(place.dataset.menu));
      else if (place.tagName === "A" || getSelection().isCollapsed) {
        event.preventDefault();
        if (event.detail < 2) reading.hear(Number(place.dataset.w));
      }
    });
    this.pane.rows.addEventListener("dblclick", (event) => {
      const word = event.target.closest(".w");
      if (!word || !reading.source.isEditable) return;
      const index = Number(word.dataset.w);
      corrections.edit(reading.model.segments[reading.model.words[index].segment], index);
    });
    this.element.addEventListener("click", (event) => {
      const name = event.target.closest("[data-rename]");
      if (name) rename(reading, name.dataset.rename);
    });
    document.addEventListener(
      "selectionchange",
      () => {
        const range = corrections.editing ? null : selectedWords();
        this.bubble.hidden = !range;
        if (range) beside(this.bubble, getSelection().getRangeAt(0).getBoundingClientRect());
      },
      { signal },
    );
  }

  /** Nothing is selected, marked or in focus any more. */
  leave() {
    getSelection().removeAllRanges();
    for (const kind of Object.keys(this.reading.marks)) this.reading.mark(kind, []);
    document.activeElement?.blur?.();
  }
}

/** What formats are called; those that are not here by their own names. */
const FORMATS = {
  txt: "Text",
  md: "Markdown",
  notes: "Show notes",
  html: "Page to read offline",
  srt: "SubRip captions",
  vtt: "WebVTT captions",
  tsv: "Table",
  json: "Transcript, all of it",
  rttm: "Who speaks when",
  podcast: "Podcast transcript",
  chapters: "Podcast chapters",
  feed: "Feed tags",
  docx: "Word document",
};

function place({ season, number }) {
  return [
    ["season", season],
    ["episode", number],
  ]
    .filter(([, one]) => one)
    .map(([what, one]) => `${what} ${one}`)
    .join(", ");
}
