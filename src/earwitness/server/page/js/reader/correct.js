// Setting the transcript right: words, who says them, and where sentences end.

import { el, icon, menu, say } from "../dom.js";
import { textOf } from "./model.js";
import { segmentSpan } from "./rows.js";

export class Corrections {
  constructor(reading, pane) {
    Object.assign(this, { reading, pane });
    this.editing = null;
    this.hint = el(
      "div",
      { class: "edit-hint", hidden: true },
      el("kbd", {}, "Enter"),
      " keeps it, ",
      el("kbd", {}, "Esc"),
      " leaves it",
    );
  }

  /** The words that are selected, `{first, end_}`, or else the sentence in which one is. */
  get picked() {
    return selectedWords() ?? this.reading.segment;
  }

  /** Lets a sentence be written anew in its place; the caret is before a word of it. */
  edit(segment = this.reading.segment, at = segment?.first) {
    if (!segment || this.editing) return;
    const paragraph = this.reading.model.words[segment.first]?.paragraph;
    if (paragraph === undefined) return;
    this.reading.player.pause();
    this.pane.reveal(segment.first);
    const row = this.pane.list.row(paragraph);
    const span = row.querySelector(`.seg[data-segment="${segment.index}"]`);
    const text = textOf(this.reading.model, segment.first, segment.end_);
    const caret = textOf(this.reading.model, segment.first, at).length + (at > segment.first ? 1 : 0);
    this.pane.list.pin(paragraph);
    this.editing = { segment, span, text, paragraph };
    span.textContent = text;
    span.classList.add("editing");
    for (const [name, value] of Object.entries({
      contenteditable: "plaintext-only",
      role: "textbox",
      "aria-label": "The sentence",
      spellcheck: "true",
    }))
      span.setAttribute(name, value);
    span.addEventListener("keydown", (event) => this.#key(event));
    span.addEventListener("blur", () => this.#save());
    span.focus({ preventScroll: true });
    getSelection().collapse(span.firstChild, Math.min(caret, text.length));
    this.hint.hidden = false;
    this.hint.style.top = `${span.offsetTop + span.offsetHeight + 6}px`;
    row.classList.add("edited");
    row.append(this.hint);
  }

  /** Ends editing without a change. */
  leave() {
    if (!this.editing) return false;
    const { segment, span, paragraph } = this.editing;
    this.#end();
    span.replaceWith(segmentSpan(this.reading, segment));
    this.pane.list.renew(paragraph);
    this.pane.element.querySelector("#said").focus({ preventScroll: true });
    return true;
  }

  /** Asks whom the picked words belong to. */
  give(button, range = this.picked) {
    if (!range) return;
    const { model } = this.reading;
    const [first, last] = [model.words[range.first], model.words[range.end_ - 1]];
    const current = model.segments[first.segment].speaker;
    const to = (speaker, name) =>
      this.reading.change(
        () =>
          this.reading.source.correct({
            kind: "speaker",
            start: first.start,
            end: Math.max(last.end, first.start),
            speaker,
          }),
        `${name} says that now.`,
      );
    const other = el("input", {
      placeholder: "Somebody else",
      "aria-label": "The name of somebody else",
      maxlength: "200",
      onkeydown: (event) => {
        event.stopPropagation();
        if (event.key !== "Enter" || !other.value.trim()) return;
        const name = other.value.trim();
        list.hidePopover();
        to(name, name);
      },
    });
    const list = menu(button, "Who says it?", [
      el("h3", {}, `Who says “${shortened(textOf(model, range.first, range.end_))}”?`),
      model.speakers.map(({ id, name, voice }) =>
        el(
          "button",
          { type: "button", class: voice, disabled: id === current, onclick: () => to(id, name) },
          el("span", { class: "dot" }),
          el("bdi", {}, name),
          id === current && el("span", { class: "note" }, "now"),
        ),
      ),
      other,
    ]);
  }

  /** Ends a sentence before the word in which one is. */
  cut(index = selectedWords()?.first ?? this.reading.word) {
    const { model } = this.reading;
    const word = model.words[index];
    if (!word || model.segments[word.segment].first === index) {
      say("Go to the word with which the new sentence begins, inside one; then cut.", "error");
      return;
    }
    this.#bound(index, "cut", "Cut.");
  }

  /** Joins the sentence in which one is with the next one of the same speaker. */
  join(segment = this.reading.segment) {
    const next = this.reading.model.segments[segment?.index + 1];
    if (!next || next.speaker !== segment.speaker)
      say("The next sentence is somebody else's; only the same speaker's can be joined.", "error");
    else this.#bound(next.first, "joined", "Joined.");
  }

  undo() {
    return this.reading.change(() => this.reading.source.undo(), "The last correction is taken back.");
  }

  /** What can be done with a paragraph. */
  menu(button, index) {
    const { model } = this.reading;
    const paragraph = model.paragraphs[index];
    const current = this.reading.segment;
    const segment = paragraph.segments.includes(current) ? current : paragraph.segments[0];
    const isInside = model.words[this.reading.word]?.segment === segment.index && this.reading.word > segment.first;
    const next = model.segments[segment.index + 1];
    const item = (name, text, key, run, disabled = false) =>
      el("button", { type: "button", disabled, onclick: run }, icon(name), text, el("span", { class: "note" }, key));
    menu(button, "Correct", [
      el("h3", {}, `“${shortened(textOf(model, segment.first, segment.end_))}”`),
      item("edit", "Edit this sentence", "E", () => this.edit(segment)),
      item("person", "Give it to…", "S", () => setTimeout(() => this.give(button, segment))),
      item("person", "Give the paragraph to…", "", () => setTimeout(() => this.give(button, paragraph))),
      item(
        "cut",
        isInside ? `Cut before “${model.words[this.reading.word].text.trim()}”` : "Cut before the word you are at",
        "C",
        () => this.cut(),
        !isInside,
      ),
      item("join", "Join with the next", "M", () => this.join(segment), !next || next.speaker !== segment.speaker),
    ]);
  }

  #key(event) {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.#save();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.leave();
    }
  }

  async #save() {
    if (!this.editing) return;
    const { segment, span, text } = this.editing;
    const written = span.textContent.replace(/\s+/g, " ").trim();
    if (written === text) {
      this.leave();
      return;
    }
    const correction = difference(this.reading.model, segment, written);
    this.#end();
    span.removeAttribute("contenteditable");
    if (!(await this.reading.change(() => this.reading.source.correct(correction), "Kept.")))
      this.pane.list.renew(this.reading.model.words[segment.first].paragraph);
    else this.pane.element.querySelector("#said").focus({ preventScroll: true });
  }

  #end() {
    this.editing.span.closest(".row").classList.remove("edited");
    this.editing = null;
    this.hint.hidden = true;
    this.pane.list.pin(null);
  }

  #bound(index, after, told) {
    const { words } = this.reading.model;
    const at = (words[index - 1].end + words[index].start) / 2;
    return this.reading.change(
      () => this.reading.source.correct({ kind: "boundary", at: Math.max(0, at), after }),
      told,
    );
  }
}

/** The words of the transcript that are selected, `{first, end_}`; null where none is, or only one place. */
export function selectedWords() {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  const within = range.commonAncestorContainer;
  const root = within.nodeType === Node.TEXT_NODE ? within.parentElement : within;
  const all = root.matches(".w")
    ? [root]
    : [...root.querySelectorAll(".w")].filter((word) => {
        const inside = document.createRange();
        inside.selectNodeContents(word);
        return (
          range.compareBoundaryPoints(Range.END_TO_START, inside) < 0 &&
          range.compareBoundaryPoints(Range.START_TO_END, inside) > 0
        );
      });
  return all.length ? { first: Number(all[0].dataset.w), end_: Number(all.at(-1).dataset.w) + 1 } : null;
}

/** Time and text of what is selected, for a link. */
export function timesOf({ words }, { first, end_ }) {
  return { start: words[first].start, end: words[end_ - 1].end };
}

/** The correction that makes one text of a segment: the words that differ, with one before or after to find them by. */
function difference(model, { first, end_ }, written) {
  const split = (text) => (model.gap ? text.split(/\s+/).filter(Boolean) : [...text]);
  const old = model.words.slice(first, end_);
  const before = old.map(({ text }) => text.trim());
  const after = split(written);
  let [head, tail] = [0, 0];
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head++;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  if (head + tail === before.length || head + tail === after.length) {
    if (head) head--;
    else if (tail) tail--;
  }
  const wrong = old.slice(head, before.length - tail);
  return {
    kind: "text",
    start: wrong[0].start,
    end: Math.max(...wrong.map(({ end }) => end)),
    before: before.slice(head, before.length - tail).join(model.gap),
    after: after.slice(head, after.length - tail).join(model.gap),
  };
}

function shortened(text) {
  return text.length > 42 ? `${text.slice(0, 40).trimEnd()}…` : text;
}
