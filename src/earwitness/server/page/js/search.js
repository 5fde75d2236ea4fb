// Search in all that is said: every hit leads to its second.

import { get, query as queryString } from "./api.js";
import { note } from "./app.js";
import { el, fill } from "./dom.js";
import { listen } from "./keys.js";
import { count, day } from "./text.js";

/** So long after the last key it is searched. */
const PAUSE_MS = 200;
const VOICES = 8;
/** So many are asked for. */
const MOST = 100;
/** So many hits of one recording are shown at first. */
const SHOWN = 4;
const WHAT = { chapter: "Chapter", episode: "The whole recording" };

export async function open({ query, signal }) {
  const view = new Search(await get("/api/episodes", signal), signal);
  view.update(query);
  return view;
}

class Search {
  constructor(episodes, signal) {
    this.title = "Search";
    this.episodes = new Map(episodes.map((episode) => [episode.id, episode]));
    this.signal = signal;
    this.words = el("input", {
      type: "search",
      id: "q",
      name: "q",
      autocomplete: "off",
      spellcheck: "false",
      maxlength: "1000",
      placeholder: "What was said?",
      "aria-describedby": "search-said",
    });
    this.speaker = el("input", {
      id: "speaker",
      name: "speaker",
      list: "speakers",
      autocomplete: "off",
      maxlength: "200",
      placeholder: "anybody",
    });
    this.since = el("input", { type: "date", id: "since", name: "since" });
    this.said = el("p", { class: "muted small", id: "search-said", role: "status" });
    this.results = el("ol", { class: "results" });
    const names = [...new Set(episodes.flatMap(({ speakers }) => speakers))].sort((a, b) => a.localeCompare(b));
    this.form = el(
      "form",
      {
        class: "search-form",
        role: "search",
        onsubmit: (event) => {
          event.preventDefault();
          this.#search();
        },
        oninput: () => this.#soon(),
      },
      el("label", { for: "q", class: "unseen" }, "Words, or a “phrase” in quotes"),
      this.words,
      el(
        "div",
        { class: "narrow" },
        el("label", { for: "speaker" }, "Said by"),
        this.speaker,
        el("label", { for: "since" }, "Since"),
        this.since,
      ),
      el(
        "datalist",
        { id: "speakers" },
        names.map((name) => el("option", { value: name })),
      ),
    );
    this.element = el("div", { class: "search" }, el("h1", {}, "Search"), this.form, this.said, this.results);
    this.element.addEventListener("keydown", (event) => this.#arrows(event));
    this.endKeys = listen("Search", [
      { keys: ["/"], does: "Search for something else", run: () => this.words.select() },
      {
        keys: ["ArrowDown", "ArrowUp"],
        does: "The next hit, the one before",
        run: () => this.results.querySelector("a")?.focus(),
      },
    ]);
  }

  /** Searches for what the address says. */
  update(query) {
    for (const name of ["q", "speaker", "since"]) this.form.elements[name].value = query.get(name) ?? "";
    requestAnimationFrame(() => this.words.focus());
    this.#search();
  }

  close() {
    clearTimeout(this.waiting);
    this.endKeys();
  }

  #soon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#search(), PAUSE_MS);
  }

  async #search() {
    clearTimeout(this.waiting);
    const asked = Object.fromEntries([...new FormData(this.form)].map(([name, value]) => [name, value.trim()]));
    const now = (this.asking = {});
    if (!asked.q) {
      fill(this.results);
      this.said.textContent = this.episodes.size
        ? `In ${count(this.episodes.size, "recording")}. Words, "phrases", AND, OR, NOT, and beginnings such as clim*.`
        : "There is nothing to search yet: hand in a recording first.";
      return;
    }
    note(`#/search${queryString(asked)}`);
    try {
      const hits = await get(`/api/search${queryString({ ...asked, limit: MOST })}`, this.signal);
      if (now === this.asking) this.#show(hits);
    } catch (error) {
      if (error.name === "AbortError" || now !== this.asking) return;
      fill(this.results);
      this.said.textContent = error.message;
    }
  }

  #show(hits) {
    const groups = new Map();
    for (const hit of hits) groups.set(hit.episode, [...(groups.get(hit.episode) ?? []), hit]);
    const places = hits.length < MOST ? count(hits.length, "place") : `The best ${MOST} places`;
    this.said.textContent = hits.length
      ? `${places} in ${count(groups.size, "recording")}, the best first.`
      : "Nobody says that.";
    fill(
      this.results,
      [...groups.values()].map((found) => this.#group(found)),
    );
  }

  /** What was found in one recording; the recordings are in the order of their best hits. */
  #group(hits) {
    const [{ episode, title, show, published, has_audio: hasAudio }] = hits;
    const origin = [show, published && day(published), !hasAudio && "text only"].filter(Boolean);
    return el(
      "li",
      { class: "found" },
      el(
        "header",
        {},
        el("h2", {}, el("a", { href: `#/episode/${episode}`, dir: "auto" }, title)),
        origin.length > 0 &&
          el(
            "p",
            { class: "muted small" },
            origin.map((part, index) => [index ? " · " : "", el("bdi", {}, part)]),
          ),
      ),
      this.#hits(hits),
    );
  }

  /** The best hits in the order of time, and a button for the others. */
  #hits(hits) {
    const list = el("ol", { class: "hits" });
    const show = (some) =>
      fill(
        list,
        [...some].sort((a, b) => a.start - b.start).map((hit) => this.#hit(hit)),
      );
    const more = el(
      "button",
      {
        type: "button",
        class: "quiet tiny",
        onclick: () => {
          show(hits);
          more.remove();
          list.querySelector("a").focus();
        },
      },
      `and ${hits.length - SHOWN} more in this recording`,
    );
    const isLong = hits.length > SHOWN + 1; // a button in place of one hit would save nothing
    show(isLong ? hits.slice(0, SHOWN) : hits);
    return [list, isLong && more];
  }

  #hit({ episode, kind, speaker, start, time, snippet, marks }) {
    const place = this.episodes.get(episode)?.speakers.indexOf(speaker) ?? -1;
    return el(
      "li",
      {},
      el(
        "a",
        { class: "hit-link", href: `#/episode/${episode}?t=${start}` },
        el("span", { class: "at numbers" }, time),
        el(
          "span",
          { class: "heard" },
          (speaker || WHAT[kind]) &&
            el(
              "span",
              { class: `by ${place < 0 ? "unknown" : `v${place % VOICES}`}` },
              el("bdi", {}, speaker ?? WHAT[kind]),
            ),
          el("q", { dir: "auto" }, marked(snippet, marks)),
        ),
      ),
    );
  }

  /** Arrows go through the hits, and from the first back to the words. */
  #arrows(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...this.results.querySelectorAll(".hit-link")];
    const place = links.indexOf(document.activeElement);
    if (!step || (place < 0 && document.activeElement !== this.words)) return;
    event.preventDefault();
    (links[place + step] ?? (step < 0 ? this.words : links[place]))?.focus();
  }
}

/** A text with marks: pairs of the first character and that after the last, counted as Python counts them. */
function marked(text, marks) {
  const characters = [...text];
  const parts = [];
  let at = 0;
  for (const [first, end] of marks) {
    parts.push(characters.slice(at, first).join(""), el("mark", {}, characters.slice(first, end).join("")));
    at = end;
  }
  return [...parts, characters.slice(at).join("")];
}
