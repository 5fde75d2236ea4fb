// Recordings under way: a row each, from the first byte sent to the transcript.

import { el, fill, icon, iconButton, say } from "../dom.js";
import { length, percent, size } from "../text.js";
import { ENDED } from "./jobs.js";
import { forget, underWay, uploads } from "./uploads.js";

/** More rows than these say nothing more. */
const SHOWN_WAITING = 5;
const AWAY = "The server does not answer. What is under way goes on when it is back.";
const STAGES = {
  source: "Fetching",
  audio: "Decoding",
  regions: "Finding speech",
  words: "Transcribing",
  speakers: "Telling speakers apart",
};

/** The section; `onDone` is called when a job has made a transcript. */
export class Work {
  constructor(jobs, { signal, onDone }) {
    Object.assign(this, { jobs, onDone, rows: new Map(), held: new Set() });
    this.list = el("ul", { class: "jobs" });
    this.more = el("p", { class: "muted small more-jobs" });
    this.clear = el(
      "button",
      { type: "button", class: "quiet tiny", onclick: () => this.#clear() },
      "Clear what has ended",
    );
    this.away = el("p", { class: "muted small", role: "status" });
    this.element = el(
      "section",
      { class: "work", "aria-labelledby": "work", hidden: true },
      el("div", { class: "section-head" }, el("h2", { id: "work", tabindex: "-1" }, "Under way"), this.clear),
      this.away,
      this.list,
      this.more,
    );
    jobs.addEventListener(
      "contact",
      ({ detail: isThere }) => {
        this.away.textContent = isThere ? "" : AWAY;
      },
      { signal },
    );
    uploads.addEventListener("change", ({ detail }) => this.#uploading(detail), { signal });
    uploads.addEventListener("job", ({ detail }) => this.#accepted(detail), { signal });
    jobs.addEventListener("change", ({ detail }) => this.#working(detail), { signal });
    for (const upload of underWay()) this.#uploading(upload);
  }

  #uploading(upload) {
    if (upload.state === "accepted") return;
    this.#row(upload, upload.name).show({
      state: upload.state,
      reason: upload.reason,
      share: upload.sent / Math.max(1, upload.file.size),
      says: sending(upload),
      cancel: () => upload.cancel(),
      retry: () => upload.retry(),
      hide: () => this.#hide(upload),
    });
    this.#count();
    this.#release();
  }

  /** An upload's row goes on as the row of its job. */
  #accepted({ upload, job }) {
    const row = this.rows.get(upload);
    this.rows.delete(upload);
    this.rows.get(job.id)?.element.remove(); // it was handed in before, with the same key
    if (row) this.rows.set(job.id, row);
    this.held.delete(job.id);
    this.jobs.put(this.jobs.known.get(job.id) ?? job);
    this.#release();
  }

  #working({ job, before }) {
    const hasRow = this.rows.has(job.id);
    if (!hasRow && isOnItsWay(job)) this.held.add(job.id);
    // What had ended before somebody looked is in the library, or was given up; only failures still ask for something.
    else if (hasRow || !ENDED.includes(job.state) || job.state === "failed") this.#show(job);
    else return;
    if (job.state === "done" && before !== "done") {
      say(`${job.name} is transcribed.`);
      this.onDone(job);
    }
  }

  #show(job) {
    this.#row(job.id, job.name).show({
      state: job.state,
      reason: job.reason,
      share: job.share,
      says: working(job),
      episode: job.episode,
      cancel: () => this.#ask(() => this.jobs.cancel(job)),
      retry: () => this.#ask(() => this.jobs.retry(job)),
      hide: () => this.#ask(() => this.#remove(job)),
    });
    this.#count();
  }

  /** Once the uploads have been answered it is known whose jobs those were that had been told of before. */
  #release() {
    for (const id of this.held) {
      const job = this.jobs.known.get(id);
      if (isOnItsWay(job)) continue;
      this.held.delete(id);
      this.jobs.put(job);
    }
  }

  #row(key, name) {
    if (!this.rows.has(key)) {
      const row = new Row(name);
      this.rows.set(key, row);
      const last = [...this.list.children].findLast((element) => !element.row.isOver);
      if (last) last.after(row.element);
      else this.list.prepend(row.element);
    }
    return this.rows.get(key);
  }

  async #ask(what) {
    try {
      await what();
    } catch (error) {
      say(error.message, "error");
    }
  }

  /** A job that led to nothing is given up for good, with the recording that was handed in for it. */
  async #remove(job) {
    if (job.state !== "done") await this.jobs.forget(job);
    this.#hide(job.id);
  }

  #hide(key) {
    const row = this.rows.get(key);
    if (typeof key !== "string") forget(key);
    const hadFocus = row?.element.contains(document.activeElement);
    row?.element.remove();
    this.rows.delete(key);
    this.#count();
    if (hadFocus) (this.element.hidden ? document.getElementById("main") : document.getElementById("work")).focus();
  }

  #clear() {
    for (const row of [...this.rows.values()]) if (row.isOver) row.hide();
  }

  #count() {
    const rows = [...this.list.children].map((element) => element.row);
    const waiting = rows.filter(({ state }) => state === "waiting");
    waiting.forEach((row, index) => {
      row.element.hidden = index >= SHOWN_WAITING;
    });
    const others = rows.filter(({ state }) => state !== "waiting");
    for (const row of others) row.element.hidden = false;
    this.more.textContent =
      waiting.length > SHOWN_WAITING ? `and ${waiting.length - SHOWN_WAITING} more that wait` : "";
    this.clear.hidden = !others.some(({ isOver }) => isOver);
    this.element.hidden = !rows.length;
  }
}

class Row {
  constructor(name) {
    this.name = name;
    this.says = el("span", { class: "says muted small numbers" });
    this.bar = el("progress", { max: "1", "aria-label": name });
    this.problem = el("p", { class: "problem", role: "alert", dir: "auto" });
    this.acts = el("div", { class: "acts" });
    this.element = el(
      "li",
      { class: "job" },
      el("div", { class: "called" }, el("bdi", {}, name)),
      this.says,
      this.acts,
      this.bar,
      this.problem,
    );
    this.element.row = this;
  }

  get isOver() {
    return ENDED.includes(this.state);
  }

  show({ state, reason, share, says, episode, cancel, retry, hide }) {
    Object.assign(this, { cancel, retry, hide });
    this.says.textContent = says;
    this.bar.hidden = !["sending", "running"].includes(state);
    this.bar.value = share;
    const why = (reason ?? "It failed.").replace(`${this.name}: `, ""); // the name stands above
    const problem = state === "failed" ? why : "";
    if (this.problem.textContent !== problem) this.problem.textContent = problem;
    if (this.state !== state) this.#offer(state, episode);
    this.state = state;
    this.element.dataset.state = state;
  }

  /** What can be done now; the focus stays where it was. */
  #offer(state, episode) {
    const hadFocus = this.acts.contains(document.activeElement);
    const again =
      ["failed", "cancelled"].includes(state) &&
      el(
        "button",
        { type: "button", class: "tiny", "aria-label": `Try ${this.name} again`, onclick: () => this.retry() },
        "Try again",
      );
    fill(
      this.acts,
      state === "done" &&
        episode !== null &&
        el(
          "a",
          { class: "button tiny", href: `#/episode/${episode}`, "aria-label": `Open ${this.name}` },
          "Open",
          icon("forwards"),
        ),
      again,
      ENDED.includes(state)
        ? iconButton("close", `${state === "done" ? "Hide" : "Remove"} ${this.name}`, () => this.hide())
        : iconButton("close", `Cancel ${this.name}`, () => this.cancel()),
    );
    if (hadFocus) this.acts.firstElementChild.focus();
  }
}

/** The server tells of a job before it has answered the upload that made it; that upload's row is the job's. */
function isOnItsWay({ name }) {
  return underWay().some((upload) => upload.state === "sending" && upload.name === name);
}

function sending({ state, sent, file }) {
  if (state === "waiting") return `Waits for the uploads before it, ${size(file.size)}`;
  if (state === "cancelled") return "Cancelled";
  if (state === "failed") return "Not sent";
  return sent < file.size ? `Uploading, ${percent(sent / file.size)} of ${size(file.size)}` : "Uploading, nearly there";
}

function working({ state, stage, share, left_s: left }) {
  if (state === "waiting") return "Waits its turn";
  if (state === "running") {
    const now = stage ? (STAGES[stage] ?? "Summing up") : "Starting";
    return [now, stage && percent(share), left && `about ${length(Math.max(1, left))} left`].filter(Boolean).join(", ");
  }
  return { done: "Transcribed", failed: "Failed", cancelled: "Cancelled" }[state];
}
