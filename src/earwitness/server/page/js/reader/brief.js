// The recording in short: the summary, what each speaker says, what it is about, and what there is to know first.

import { el } from "../dom.js";
import { clock, count } from "../text.js";
import { evidenceOf } from "./model.js";
import { sentences, timeLink } from "./rows.js";

export class Brief {
  /** `find(text)` searches the transcript. */
  constructor(reading, find) {
    Object.assign(this, { reading, find });
    this.element = el("div", { class: "briefs" });
    reading.addEventListener("model", () => this.reset());
    this.reset();
  }

  reset() {
    const { transcript } = this.reading.model;
    this.element.replaceChildren(
      ...[this.#warnings(), this.#summary(transcript), this.#parts()].flat().filter(Boolean),
    );
  }

  #warnings() {
    return this.reading.model.transcript.warnings.map((text) =>
      el("p", { class: "warning", dir: "auto" }, el("b", {}, "Note "), text),
    );
  }

  #summary({ summary, keywords }) {
    const { reading } = this;
    const told = sentences(reading, summary, { quoted: true });
    if (!told.length && !keywords.length) return null;
    return el(
      "section",
      { class: "brief", "aria-labelledby": "brief" },
      el("h2", { id: "brief" }, "In short"),
      told.length > 0 && el("p", { class: "summary", dir: "auto" }, told),
      evidenceOf(reading.model, summary).some(({ unsupported }) => unsupported) &&
        el(
          "p",
          { class: "muted small" },
          "What is marked “unsupported” is not borne out by what it cites; listen to it.",
        ),
      keywords.length > 0 &&
        el(
          "p",
          { class: "keywords" },
          el("span", { class: "unseen" }, "Keywords: "),
          keywords.map((word) => [
            el("button", { type: "button", class: "chip", onclick: () => this.find(word) }, word),
            " ",
          ]),
        ),
      this.#unread(summary),
    );
  }

  /** What the summary leaves out because its maker did not read it. */
  #unread(summary) {
    const segments = (summary?.unread ?? []).map(this.reading.model.byId).filter(Boolean);
    if (!segments.length) return null;
    return el(
      "details",
      { class: "checks" },
      el("summary", {}, `Not read by the summariser: ${count(segments.length, "place")}`),
      el(
        "ul",
        {},
        segments.map((segment) => el("li", {}, timeLink(this.reading, segment), " ", segment.text)),
      ),
    );
  }

  #parts() {
    const { model } = this.reading;
    const parts = model.speakers.filter(({ summary }) => summary?.sentences.length);
    if (parts.length < 2) return null;
    return el(
      "details",
      { class: "parts" },
      el("summary", {}, "What each says in short"),
      el(
        "dl",
        {},
        parts.map(({ name, voice, summary }) => [
          el("dt", { class: voice }, el("bdi", {}, name)),
          el("dd", { dir: "auto" }, sentences(this.reading, summary)),
        ]),
      ),
    );
  }
}

/** Where several speak at once, as links. */
export function overlapLinks(reading) {
  const { model } = reading;
  return (model.transcript.overlaps ?? []).map(({ start, end, speakers }) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "plain cite",
          onclick: () => {
            reading.player.play(start);
            const word = model.words.findIndex((one) => one.end > start);
            if (word >= 0) reading.reveal(word);
          },
        },
        clock(start),
      ),
      ` ${(end - start).toFixed(1)} s: `,
      speakers.map((label) => model.speaker(label).name).join(", "),
    ),
  );
}
