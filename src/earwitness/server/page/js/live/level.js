// How loud the microphone is, now and in the seconds before.

import { el } from "../dom.js";
import { colour } from "../theme.js";

const BARS = 120;
const QUIET = 0.01;
/** So many quiet blocks, of a tenth of a second each, are a microphone that hears nothing. */
const QUIET_BLOCKS = 40;

export class Level {
  constructor() {
    this.past = [];
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.element = el(
      "div",
      {
        class: "level",
        role: "meter",
        "aria-label": "Level of the microphone",
        "aria-valuemin": "0",
        "aria-valuemax": "100",
        "aria-valuenow": "0",
      },
      this.canvas,
    );
  }

  /** Whether nothing at all was heard from the beginning on. */
  get isSilent() {
    return this.past.length >= QUIET_BLOCKS && this.past.every((one) => one < QUIET);
  }

  /** Adds the peak (0 to 1) of a tenth of a second. */
  put(loudest) {
    this.past = [...this.past.slice(1 - BARS), loudest];
    this.element.setAttribute("aria-valuenow", String(Math.round(100 * loudest)));
    this.drawing ??= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.drawing = null;
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    [canvas.width, canvas.height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
    const brush = canvas.getContext("2d");
    const step = canvas.width / BARS;
    brush.fillStyle = colour("--accent");
    this.past.forEach((loudest, index) => {
      const height = Math.max(2 * ratio, Math.sqrt(loudest) * canvas.height); // as loud as it seems
      brush.fillRect(
        canvas.width - (this.past.length - index) * step,
        (canvas.height - height) / 2,
        step * 0.55,
        height,
      );
    });
  }
}
