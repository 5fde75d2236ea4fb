// The library: all episodes, the newest first, less those that a filter leaves out.

import { get, query, remove } from "../api.js";
import { confirmed } from "../confirm.js";
import { el, fill, icon, iconButton, say } from "../dom.js";
import { clock, count, day, languageName, length } from "../text.js";

const SHOWN = 100;
const VOICES = 8;

export class Library {
  constructor(episodes) {
    this.shown = SHOWN;
    this.list = el("ul", { class: "episodes" });
    this.said = el("p", { class: "muted small numbers", role: "status" });
    this.filter = el("input", {
      type: "search",
      id: "filter",
      placeholder: "Filter",
      "aria-label": "Filter by title, show, speaker or date",
      autocomplete: "off",
      oninput: () => this.#draw(),
    });
    this.beyond = el("p", { class: "beyond" });
    this.more = el("button", { type: "button", onclick: () => this.#showMore() }, "Show more");
    this.element = el(
      "section",
      { class: "library", "aria-labelledby": "library" },
      el(
        "div",
        { class: "section-head" },
        el("h2", { id: "library", tabindex: "-1" }, "Library"),
        this.said,
        this.filter,
      ),
      this.list,
      this.beyond,
      el("p", { class: "row" }, this.more),
    );
    this.put(episodes);
  }

  async reload(signal) {
    this.put(await get("/api/episodes", signal));
  }

  put(episodes) {
    this.episodes = episodes.map((episode) => ({ ...episode, haystack: haystack(episode) }));
    this.element.hidden = !episodes.length;
    this.#draw();
  }

  #draw() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.episodes.filter(({ haystack: text }) => words.every((word) => text.includes(word)));
    fill(
      this.list,
      found.slice(0, this.shown).map((episode) => this.#item(episode)),
    );
    const seconds = this.episodes.reduce((sum, one) => sum + one.seconds, 0);
    this.said.textContent = words.length
      ? `${found.length} of ${count(this.episodes.length, "recording")}`
      : `${count(this.episodes.length, "recording")}, ${length(seconds)}`;
    this.more.hidden = found.length <= this.shown;
    const text = this.filter.value.trim();
    fill(this.beyond, text && searchLink(text));
  }

  #showMore() {
    const next = this.shown;
    this.shown += SHOWN;
    this.#draw();
    this.list.children[next]?.querySelector("a").focus();
  }

  #item(episode) {
    const { id, title, show, language, words, seconds, has_audio: hasAudio, speakers } = episode;
    const when = episode.published ?? episode.added;
    return el(
      "li",
      { class: "episode", "data-id": id },
      el(
        "time",
        { class: "when", datetime: when.slice(0, 10), title: `Transcribed on ${day(episode.added)}` },
        day(when),
      ),
      el(
        "div",
        { class: "about" },
        el("h3", {}, el("a", { href: `#/episode/${id}`, dir: "auto" }, title)),
        el(
          "p",
          { class: "origin muted" },
          show && [el("bdi", {}, show), " · "],
          [languageName(language), count(words, "word")].filter(Boolean).join(" · "),
        ),
        speakers.length > 0 &&
          el(
            "ul",
            { class: "who-speaks", "aria-label": "Speakers" },
            speakers.map((name, index) => el("li", { class: `v${index % VOICES}` }, el("bdi", {}, name))),
          ),
      ),
      el(
        "div",
        { class: "length numbers" },
        clock(seconds),
        hasAudio
          ? el(
              "span",
              { class: "sound", title: "With its recording" },
              icon("sound"),
              el("span", { class: "unseen" }, " with its recording"),
            )
          : el("span", { class: "sound muted small" }, "text only"),
      ),
      iconButton("trash", `Delete ${title}`, () => this.#confirm(episode), { class: "quiet delete" }),
    );
  }

  #confirm(episode) {
    const told = [
      el("bdi", {}, episode.title),
      ": the transcript, its corrections and the recording are removed from this server. That cannot be undone.",
    ];
    confirmed("Delete this recording?", told, "Delete", async () => {
      await remove(`/api/episodes/${episode.id}`);
      return () => this.#removed(episode);
    });
  }

  #removed(episode) {
    const place = [...this.list.children].findIndex((item) => Number(item.dataset.id) === episode.id);
    this.put(this.episodes.filter(({ id }) => id !== episode.id));
    (
      this.list.children[Math.min(place, this.list.children.length - 1)]?.querySelector("a") ??
      document.getElementById("main")
    ).focus();
    say(`${episode.title} is deleted.`);
    this.element.dispatchEvent(new Event("removed"));
  }
}

function searchLink(text) {
  return el("a", { href: `#/search${query({ q: text })}` }, "Search all that is said for “", el("bdi", {}, text), "”");
}

function haystack({ title, show, name, published, added, speakers }) {
  const when = published ?? added;
  return [title, show, name, when, day(when), ...speakers].filter(Boolean).join("\n").toLowerCase();
}
