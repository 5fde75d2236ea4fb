// What all parts of the reader share: the episode, where in it one is, and what is marked in it.

import { say } from "../dom.js";
import { modelOf, wordAt } from "./model.js";
import { Player } from "./player.js";

const EARLY_S = 0.03;

/**
 * An episode while it is read.
 *
 * Events: `word` (another word is spoken), `model` (the transcript has changed), `marks` (other words are marked),
 * `reveal` (a word, `detail`, shall be seen).
 */
export class Reading extends EventTarget {
  constructor(source) {
    super();
    this.source = source;
    this.model = modelOf(source.transcript);
    this.player = new Player(this.model.duration);
    this.word = -1;
    /** Ranges of words that are marked: what a sentence rests on, where a link leads, what was searched for. */
    this.marks = { cited: [], hit: [], here: [] };
    this.player.addEventListener("time", () => this.#moved());
  }

  /** Goes to a word, and plays from there where something can be played. */
  hear(index) {
    this.player.play(this.model.words[index].start);
    this.reveal(index);
  }

  /** Goes to a word without a sound; what plays goes on there. */
  seek(index) {
    this.player.seek(this.model.words[index].start);
    this.reveal(index);
  }

  /** Plays segments one after another, and marks them. */
  hearSegments(segments) {
    if (!segments.length) return;
    this.mark("cited", segments);
    this.player.playSpans(segments);
    this.reveal(segments[0].first);
  }

  reveal(index) {
    this.dispatchEvent(new CustomEvent("reveal", { detail: index }));
  }

  /** Marks ranges of words `{first, end_}` in place of those that were marked so. */
  mark(kind, ranges) {
    this.marks[kind] = ranges.map(({ first, end_ }) => ({ start: first, end: end_ }));
    this.dispatchEvent(new Event("marks"));
  }

  /** The segment in which one is: of the word that is spoken, or the first. */
  get segment() {
    const word = this.model.words[Math.max(0, this.word)];
    return word ? this.model.segments[word.segment] : null;
  }

  /** Does what changes the transcript, one thing after another; whether it was done. */
  change(asked, told) {
    this.#changes = this.#changes.then(() => this.#changed(asked, told));
    return this.#changes;
  }

  #changes = Promise.resolve(true);

  async #changed(asked, told) {
    try {
      this.model = modelOf(await asked());
      this.word = wordAt(this.model, this.player.time + EARLY_S);
      this.marks = { cited: [], hit: [], here: [] };
      this.dispatchEvent(new Event("model"));
      if (told) say(told);
      return true;
    } catch (error) {
      say(error.message, "error");
      return false;
    }
  }

  #moved() {
    const index = wordAt(this.model, this.player.time + EARLY_S);
    if (index === this.word) return;
    this.word = index;
    this.dispatchEvent(new Event("word"));
  }
}
