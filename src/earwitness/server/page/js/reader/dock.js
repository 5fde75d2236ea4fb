// The player at the foot of the window.

import { el, fill, icon, iconButton } from "../dom.js";
import { clock } from "../text.js";
import { colour, onTheme } from "../theme.js";
import { drawSpans } from "./draw.js";
import { COVERAGE, spanAt } from "./model.js";
import { SPEEDS } from "./player.js";

export class Dock {
  constructor(reading, pane) {
    Object.assign(this, { reading, pane });
    const { player } = reading;
    this.playButton = el("button", { type: "button", class: "primary play", onclick: () => player.toggle() });
    this.now = el("span", { class: "numbers" });
    this.where = el("span", { class: "where" });
    this.problem = el("p", { class: "no-sound", role: "status", hidden: true });
    this.speed = el(
      "select",
      { "aria-label": "Speed", title: "Speed (- +)", onchange: () => player.setSpeed(Number(this.speed.value)) },
      SPEEDS.map((speed) => el("option", { value: speed }, `${speed}×`)),
    );
    this.followButton = el(
      "button",
      {
        type: "button",
        class: "quiet",
        onclick: () => pane.follow(!pane.isFollowing),
        title: "The page follows what is spoken (F)",
      },
      "Follow",
    );
    this.track = el("canvas", { "aria-hidden": "true" });
    this.done = el("div", { class: "done" });
    this.slider = el(
      "div",
      {
        class: "scrub",
        role: "slider",
        tabindex: "0",
        "aria-label": "Position",
        "aria-valuemin": "0",
        "aria-valuemax": Math.round(reading.model.duration),
      },
      this.track,
      this.done,
    );
    this.element = el(
      "section",
      { class: "dock", "aria-label": "Player" },
      this.slider,
      el(
        "div",
        { class: "controls" },
        el(
          "div",
          { class: "times" },
          this.now,
          el("span", { class: "muted numbers" }, `/ ${clock(reading.model.duration)}`),
          this.where,
        ),
        el(
          "div",
          { class: "main" },
          iconButton("back", "15 seconds back (J)", () => this.jump(-15), { class: "quiet skip-15" }),
          this.playButton,
          iconButton("forward", "15 seconds forward (L)", () => this.jump(15), { class: "quiet skip-15" }),
        ),
        el("div", { class: "rest" }, this.speed, this.followButton),
      ),
      this.problem,
      reading.source.isChosen && this.#chooser(),
    );
    this.#sizes = new ResizeObserver(() => this.draw());
    this.#sizes.observe(this.track);
    this.#endTheme = onTheme(() => this.draw());
    this.#listen();
    this.state();
    this.move();
  }

  #sizes;
  #endTheme;

  /** Goes so many seconds on, or back. */
  jump(seconds) {
    const { player, model } = this.reading;
    player.seek(Math.max(0, Math.min(model.duration, player.time + seconds)));
    if (this.reading.word >= 0) this.reading.reveal(this.reading.word);
  }

  state() {
    const { player } = this.reading;
    const label = player.isPlaying ? "Pause" : "Play";
    fill(this.playButton, icon(player.isPlaying ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = `${label} (space, K)`;
    this.playButton.disabled = !player.isReady;
    this.speed.value = String(player.speed);
    this.followButton.setAttribute("aria-pressed", this.pane.isFollowing);
    this.problem.textContent = player.problem;
    this.problem.hidden = !player.problem;
  }

  move() {
    const { player, model } = this.reading;
    const { time } = player;
    const chapter = spanAt(model.chapters, time)?.title;
    const now = clock(time);
    this.done.style.setProperty("width", `${(100 * time) / model.duration}%`);
    if (this.now.textContent === now && this.chapter === chapter) return;
    this.chapter = chapter;
    this.now.textContent = now;
    this.where.textContent = chapter ?? "";
    this.slider.setAttribute("aria-valuenow", Math.round(time));
    this.slider.setAttribute("aria-valuetext", chapter ? `${now}, ${chapter}` : now);
  }

  draw() {
    const { transcript, duration } = this.reading.model;
    const kinds = Object.fromEntries(Object.keys(COVERAGE).map((kind) => [kind, colour(`--${kind}`)]));
    drawSpans(this.track, transcript.coverage, duration, ({ kind }) => kinds[kind]);
  }

  close() {
    this.#sizes.disconnect();
    this.#endTheme();
  }

  /** Where the page is a file, whoever reads chooses the recording, or drops it on the page; it stays on their computer. */
  #chooser() {
    const { player, model } = this.reading;
    const told = el("span", { class: "muted small", role: "status" }, "The recording stays on this computer.");
    const choose = (file) => {
      if (!file) return;
      URL.revokeObjectURL(player.audio.src);
      player.load(URL.createObjectURL(file));
      told.textContent = "";
    };
    player.audio.addEventListener("loadedmetadata", () => {
      const { duration } = player.audio;
      if (Math.abs(duration - model.duration) > 2)
        told.textContent = `Is it the right one? It lasts ${clock(duration)}, the transcript ${clock(model.duration)}.`;
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      choose(event.dataTransfer.files[0]);
    });
    const input = el("input", {
      type: "file",
      id: "recording",
      accept: "audio/*,video/*",
      onchange: () => choose(input.files[0]),
    });
    return el(
      "div",
      { class: "chooser" },
      el("label", { for: "recording" }, "Listen along: choose the recording"),
      input,
      told,
    );
  }

  #listen() {
    const { reading, slider, pane } = this;
    const { player } = reading;
    player.addEventListener("state", () => this.state());
    player.addEventListener("time", () => this.move());
    reading.addEventListener("model", () => this.draw());
    pane.onfollow = () => this.state();
    const seek = (event) => {
      const box = slider.getBoundingClientRect();
      player.seek(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * reading.model.duration);
      if (reading.word >= 0) reading.reveal(reading.word);
    };
    slider.addEventListener("pointerdown", (event) => {
      slider.setPointerCapture(event.pointerId);
      seek(event);
    });
    slider.addEventListener("pointermove", (event) => {
      if (slider.hasPointerCapture(event.pointerId)) seek(event);
    });
    slider.addEventListener("keydown", (event) => {
      const step = {
        ArrowLeft: -5,
        ArrowDown: -5,
        ArrowRight: 5,
        ArrowUp: 5,
        PageDown: -60,
        PageUp: 60,
        Home: -Infinity,
        End: Infinity,
      }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.jump(step);
    });
  }
}
