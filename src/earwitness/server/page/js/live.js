// Live: what the microphone hears, as words, while it is being said.

import { el, fill, icon } from "./dom.js";
import { optionsElement, options } from "./home/options.js";
import { listen } from "./keys.js";
import { Level } from "./live/level.js";
import { Paper } from "./live/paper.js";
import { Session } from "./live/session.js";
import { server } from "./server.js";
import { clock } from "./text.js";

const TOLD = {
  idle: "",
  asking: "Waiting for the microphone",
  live: "Listening",
  finishing: "Writing down the rest",
  done: "Done",
  failed: "",
};

export async function open() {
  const info = await server();
  if (!info.live) throw new Error("This server does not transcribe live.");
  return new Live(info);
}

class Live {
  constructor(info) {
    this.title = "Live";
    this.button = el("button", { type: "button", class: "primary begin", onclick: () => this.#toggle() });
    this.said = el("p", { class: "state numbers", role: "status" });
    this.clock = el("span", { class: "numbers muted", role: "timer" });
    this.lag = el("span", { class: "numbers muted lag" });
    this.problem = el("p", { class: "problem", role: "alert" });
    this.meter = el("div", { class: "meter-place" });
    this.place = el("div", {});
    this.options = optionsElement(info);
    this.after = el("p", { class: "after row" });
    this.element = el(
      "div",
      { class: "live" },
      el("h1", {}, "Live"),
      el(
        "p",
        { class: "lead muted" },
        "Speak, and read along. When you stop, the recording comes to the library with its transcript.",
      ),
      el(
        "div",
        { class: "desk" },
        this.button,
        this.meter,
        el("div", { class: "told" }, this.said, this.clock, this.lag),
      ),
      this.problem,
      this.options,
      this.place,
      this.after,
    );
    this.endKeys = listen("Live", [{ keys: ["r"], does: "Begin, or stop", run: () => this.#toggle() }]);
    this.#fresh();
  }

  /** Leaving stops it; what was said until then still comes to the library. */
  close() {
    this.endKeys();
    removeEventListener("beforeunload", warn);
    this.session.stop();
  }

  #fresh() {
    this.session = new Session();
    this.paper = new Paper();
    this.level = new Level();
    fill(this.meter, this.level.element);
    fill(this.place, this.paper.element);
    this.place.hidden = false;
    fill(this.after);
    this.clock.textContent = this.lag.textContent = "";
    this.blocks = 0;
    this.session.addEventListener("state", () => this.#show());
    this.session.addEventListener("level", ({ detail }) => this.#loud(detail));
    this.session.addEventListener("heard", ({ detail }) => this.#heard(detail));
    this.#show();
  }

  #toggle() {
    if (this.session.state === "live" || this.session.state === "asking") {
      this.session.stop();
      return;
    }
    if (this.session.state === "finishing") return;
    if (this.session.state !== "idle") this.#fresh();
    this.session.begin(options());
  }

  #show() {
    const { state, reason, episode } = this.session;
    const isOn = state === "live" || state === "asking";
    fill(this.button, icon(isOn ? "stop" : "microphone"), isOn ? "Stop" : state === "idle" ? "Begin" : "Begin again");
    this.button.disabled = state === "finishing";
    this.element.dataset.state = state;
    this.options.hidden = !["idle", "failed"].includes(state);
    this.said.textContent = this.#told();
    this.problem.textContent = reason ?? "";
    if (state === "done") {
      this.paper.open.remove();
      this.lag.textContent = "";
      this.place.hidden = this.paper.isEmpty;
      fill(
        this.after,
        episode === null || episode === undefined
          ? "Nothing was said, so nothing is kept."
          : [
              this.paper.isEmpty && "No word was heard; the recording is kept.",
              el("a", { class: "button primary", href: `#/episode/${episode}` }, "Open the transcript", icon("forwards")),
            ],
      );
      this.after.querySelector("a")?.focus();
    }
    if (isOn) addEventListener("beforeunload", warn);
    else removeEventListener("beforeunload", warn);
  }

  #told() {
    const { state, isReady } = this.session;
    if (state === "live" && this.level.isSilent) return "Nothing is heard: is it the right microphone?";
    return state === "live" && !isReady ? "Listening; the first words take a moment" : TOLD[state];
  }

  #loud(loudest) {
    this.level.put(loudest);
    this.blocks += 1;
    this.clock.textContent = clock(this.blocks / 10);
    if (this.said.textContent !== this.#told()) this.said.textContent = this.#told();
  }

  #heard(event) {
    this.paper.put(event);
    if (event.lag_s !== null && event.lag_s !== undefined) this.lag.textContent = `${event.lag_s.toFixed(1)} s behind`;
  }
}

function warn(event) {
  event.preventDefault();
}
