// What there is to check.

import { el, fill, iconButton, say } from "../dom.js";
import { count, percent } from "../text.js";
import { overlapLinks } from "./brief.js";
import { textOf } from "./model.js";

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
    fill(
      this.element,
      el("h2", { id: "review" }, "To check"),
      model.doubts.length
        ? [
            el(
              "div",
              { class: "row tight" },
              this.count,
              iconButton("previous", "Previous doubtful place (Shift N)", () => this.step(-1)),
              iconButton("next", "Next doubtful place (N)", () => this.step(1)),
            ),
            this.what,
            el(
              "p",
              { class: "muted small" },
              el("span", { class: "doubt" }, "Underlined words"),
              " were hard to hear; of ",
              el("span", { class: "whose" }, "words underlined twice"),
              " it is not clear who says them.",
            ),
          ]
        : el("p", { class: "muted small" }, "No word and no speaker is doubtful."),
      overlaps.length > 0 &&
        el(
          "details",
          {},
          el("summary", {}, `Spoken at once: ${count(overlaps.length, "place")}`),
          el("ul", {}, overlaps),
        ),
      source.isEditable &&
        el(
          "button",
          { type: "button", class: "undo", title: "Undo (U)", onclick: () => this.corrections.undo() },
          "Undo the last correction",
        ),
    );
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
    fill(
      this.count,
      doubt ? `${this.at + 1} of ${number}` : number,
      el("span", { class: "thing" }, ` ${thing.join(" ")}`),
    );
    this.what.textContent = doubt
      ? `“${textOf(model, doubt.first, doubt.end_)}”, ${percent(doubt.sure)} sure${doubt.kind === "speaker" ? " who says it" : ""}`
      : "";
    this.what.hidden = !doubt;
  }
}
