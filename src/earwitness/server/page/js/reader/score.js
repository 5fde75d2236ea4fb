// The recording at a glance, all on one axis of time: chapters, the shape of the sound, what became of every second,
// and who speaks when. Wherever it is clicked, it plays.

import { el, fill } from "../dom.js";
import { clock, percent } from "../text.js";
import { colour, onTheme } from "../theme.js";
import { drawPeaks, drawSpans, hatch, ticks } from "./draw.js";
import { COVERAGE, spanAt, wordAt } from "./model.js";

export class Score {
  /** `people` makes the label of a speaker's lane. */
  constructor(reading, people) {
    Object.assign(this, { reading, people, peaks: null });
    this.lanes = el("div", { class: "lanes" });
    this.playhead = el("div", { class: "playhead" });
    this.pointer = el("div", { class: "pointer", hidden: true });
    this.tip = el("div", { class: "tip", hidden: true });
    this.over = el("div", { class: "over", "aria-hidden": "true" }, this.playhead, this.pointer, this.tip);
    this.legend = el("ul", { class: "legend", "aria-label": "What became of every second" });
    this.element = el(
      "section",
      { class: "score", "aria-labelledby": "score" },
      el("h2", { id: "score", class: "unseen" }, "The recording at a glance"),
      el("div", { class: "staves" }, this.lanes, this.over),
      this.legend,
    );
    this.#sizes = new ResizeObserver(() => this.draw());
    this.#sizes.observe(this.lanes);
    this.#ends = [onTheme(() => this.draw())];
    this.#listen();
    this.reset();
  }

  #sizes;
  #ends;

  /** Builds the lanes of the transcript as it is now. */
  reset() {
    const { model } = this.reading;
    const byTalk = [...model.speakers].sort((one, other) => other.seconds - one.seconds);
    const played = el("canvas", { class: "played" });
    this.wave = this.#lane("wave", el("span", { class: "label" }, "Sound"), el("canvas"), played);
    this.ledger = this.#lane("ledger", el("span", { class: "label" }, "Every second"), el("canvas"));
    this.voices = byTalk.map((speaker) => [
      speaker,
      this.#lane(
        `voice ${speaker.voice}`,
        this.people(speaker),
        el("canvas"),
        el("span", { class: "share" }, percent(speaker.share)),
      ),
    ]);
    const both = model.transcript.overlaps ?? [];
    this.both = both.length
      ? this.#lane("both", el("span", { class: "label" }, "Several at once"), el("canvas"))
      : null;
    this.axis = el(
      "div",
      { class: "lane axis", "aria-hidden": "true" },
      el("span", {}),
      el("div", { class: "time-axis" }),
    );
    this.element.classList.toggle("has-chapters", model.chapters.length > 0);
    fill(
      this.lanes,
      this.#chapters(),
      this.wave,
      this.ledger,
      this.voices.map(([, lane]) => lane),
      this.both,
      this.axis,
    );
    this.wave.hidden = !this.peaks;
    this.#tell();
    this.draw();
  }

  /** Shows the shape of the sound; null where there is none. */
  show(peaks) {
    this.peaks = peaks;
    this.wave.hidden = !peaks;
    this.draw();
  }

  draw() {
    const { model } = this.reading;
    const { duration, transcript } = model;
    const canvas = (lane, which = 0) => lane.querySelectorAll("canvas")[which];
    drawPeaks(canvas(this.wave), this.peaks, colour("--strong-line"));
    drawPeaks(canvas(this.wave, 1), this.peaks, colour("--accent"));
    const kinds = Object.fromEntries(Object.keys(COVERAGE).map((kind) => [kind, colour(`--${kind}`)]));
    drawSpans(canvas(this.ledger), transcript.coverage, duration, ({ kind }) => kinds[kind]);
    hatch(
      canvas(this.ledger),
      transcript.coverage.filter(({ kind }) => kind === "dropped"),
      duration,
      colour("--paper"),
    );
    const spans = transcript.turns.length ? transcript.turns : model.segments;
    for (const [speaker, lane] of this.voices) {
      const own = colour(`--${speaker.voice}`);
      drawSpans(
        canvas(lane),
        spans.filter((span) => span.speaker === speaker.id),
        duration,
        () => own,
      );
    }
    if (this.both) drawSpans(canvas(this.both), transcript.overlaps, duration, () => colour("--muted"));
    const room = this.axis.lastChild.clientWidth;
    fill(
      this.axis.lastChild,
      ticks(duration, Math.max(2, room / 110)).map((at) =>
        el("span", { style: { left: `${(100 * at) / duration}%` } }, clock(at)),
      ),
    );
    this.move();
  }

  /** Where it plays. */
  move() {
    const share = Math.min(1, this.reading.player.time / this.reading.model.duration);
    const band = this.#band();
    this.playhead.style.transform = `translateX(${band.left + share * band.width}px)`;
    this.wave.querySelectorAll("canvas")[1].style.setProperty("clip-path", `inset(0 ${100 * (1 - share)}% 0 0)`);
  }

  close() {
    this.#sizes.disconnect();
    for (const end of this.#ends) end();
  }

  #lane(kind, label, ...content) {
    const lane = el(
      "div",
      { class: `lane ${kind}` },
      label,
      el(
        "div",
        { class: "band" },
        content.filter(({ tagName }) => tagName === "CANVAS"),
      ),
      content.filter(({ tagName }) => tagName !== "CANVAS"),
    );
    for (const canvas of lane.querySelectorAll("canvas")) canvas.setAttribute("aria-hidden", "true");
    return lane;
  }

  #chapters() {
    const { chapters, duration } = this.reading.model;
    if (!chapters.length) return null;
    return el(
      "div",
      { class: "lane chapter-lane", "aria-hidden": "true" },
      el("span", { class: "label" }, "Chapters"),
      el(
        "div",
        { class: "band" },
        chapters.map(({ start, title }, index) => {
          const share = ((chapters[index + 1]?.start ?? duration) - start) / duration;
          return el(
            "span",
            { style: { left: `${(100 * start) / duration}%`, width: `${100 * share}%` } },
            el("span", { class: "title" }, title),
          );
        }),
      ),
    );
  }

  /** The legend: how much of each kind; that is also what a screen reader has of the ledger. */
  #tell() {
    const { transcript, duration } = this.reading.model;
    const seconds = {};
    for (const { start, end, kind } of transcript.coverage) seconds[kind] = (seconds[kind] ?? 0) + end - start;
    fill(
      this.legend,
      Object.keys(COVERAGE)
        .filter((kind) => seconds[kind] > 0)
        .map((kind) =>
          el(
            "li",
            {},
            el("span", { class: `swatch ${kind}` }),
            `${COVERAGE[kind]} `,
            el("span", { class: "muted numbers" }, `${clock(seconds[kind])} (${percent(seconds[kind] / duration)})`),
          ),
        ),
    );
  }

  /** Where the lanes are, in pixels from the left of what lies over them. */
  #band() {
    const band = this.ledger.querySelector(".band").getBoundingClientRect();
    const over = this.over.getBoundingClientRect();
    return { left: band.left - over.left, width: band.width, start: band.left };
  }

  #listen() {
    const { reading } = this;
    const timeAt = ({ clientX }) => {
      const { start, width } = this.#band();
      return Math.max(0, Math.min(1, (clientX - start) / width)) * reading.model.duration;
    };
    this.lanes.addEventListener("click", (event) => {
      if (!event.target.closest(".band")) return;
      const time = timeAt(event);
      reading.player.play(time);
      const word = wordAt(reading.model, time);
      if (word >= 0) reading.reveal(word);
    });
    this.lanes.addEventListener("pointermove", (event) => {
      const band = event.target.closest(".band");
      this.pointer.hidden = this.tip.hidden = !band || event.pointerType === "touch";
      this.over.classList.toggle("told", !this.tip.hidden);
      if (this.tip.hidden) return;
      const time = timeAt(event);
      const over = this.over.getBoundingClientRect();
      const left = event.clientX - over.left;
      this.pointer.style.transform = `translateX(${left}px)`;
      fill(this.tip, el("b", {}, clock(time)), ...this.#at(time).map((line) => el("span", {}, line)));
      const room = over.width - this.tip.offsetWidth;
      this.tip.style.transform = `translate(${Math.max(0, Math.min(room, left + 10))}px, ${band.getBoundingClientRect().bottom - over.top + 8}px)`;
    });
    this.lanes.addEventListener("pointerleave", () => {
      this.pointer.hidden = this.tip.hidden = true;
    });
    const move = () => this.move();
    reading.player.addEventListener("time", move);
    reading.addEventListener("model", () => this.reset());
  }

  /** What is at a time: the chapter, who speaks, what became of that second. */
  #at(time) {
    const { model } = this.reading;
    const chapter = spanAt(model.chapters, time);
    const turn = spanAt(model.transcript.turns, time);
    const second = spanAt(model.transcript.coverage, time);
    return [chapter?.title, turn && model.speaker(turn.speaker).name, second && COVERAGE[second.kind]].filter(Boolean);
  }
}
