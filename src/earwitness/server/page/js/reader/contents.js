// The chapters beside the transcript.

import { el, fill } from "../dom.js";
import { clock } from "../text.js";

/** The chapters; the one that is heard is marked. */
export class Contents {
  constructor(reading) {
    this.reading = reading;
    this.list = el("ol", {});
    this.element = el(
      "nav",
      { class: "contents", "aria-labelledby": "chapters" },
      el("h2", { id: "chapters" }, "Chapters"),
      this.list,
    );
    reading.addEventListener("model", () => this.reset());
    reading.player.addEventListener("time", () => this.#mark());
    this.reset();
  }

  reset() {
    const { model } = this.reading;
    this.element.hidden = !model.chapters.length;
    this.current = null;
    fill(
      this.list,
      model.chapters.map(({ start, title, opening }) =>
        el(
          "li",
          {},
          el(
            "button",
            {
              type: "button",
              class: "plain",
              onclick: () => {
                if (opening) this.reading.hear(opening.first);
                else this.reading.player.play(start);
              },
            },
            el("span", { class: "when numbers" }, clock(start)),
            el("span", { class: "name", dir: "auto" }, title),
          ),
        ),
      ),
    );
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
    const top = entry.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
    if (top < box.scrollTop || top + entry.offsetHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = top - box.clientHeight / 3;
  }
}
