// A paragraph as it stands on the page.

import { el, icon } from "../dom.js";
import { clock, percent } from "../text.js";
import { evidenceOf } from "./model.js";

/** A row of the transcript, which a paragraph is; `sketch` has the same height and is quicker to make. */
export function rowOf(reading, index, { sketch = false } = {}) {
  const { model } = reading;
  const paragraph = model.paragraphs[index];
  const isLast = index === model.paragraphs.length - 1;
  const { voice } = model.speaker(paragraph.speaker);
  const position = { role: "listitem", "aria-setsize": model.paragraphs.length, "aria-posinset": index + 1 };
  return el(
    "div",
    { class: `row ${voice}${paragraph.more ? " more" : ""}`, ...(sketch ? {} : position) },
    paragraph.events.map((event) => eventLine(reading, event)),
    paragraph.chapter && opening(reading, paragraph.chapter),
    el(
      "div",
      { class: "turn" },
      who(reading, paragraph),
      paragraph.gist && el("p", { class: "gist", dir: "auto" }, "In short: ", sentences(reading, paragraph.gist)),
      el(
        "p",
        { class: "said", lang: model.transcript.language, dir: "auto" },
        sketch
          ? plainText(model, paragraph)
          : paragraph.segments.map((segment, place) => [place ? model.gap : "", segmentSpan(reading, segment)]),
      ),
    ),
    isLast && model.closing.map((event) => eventLine(reading, event)),
  );
}

/** A segment with a span a word. */
export function segmentSpan(reading, segment) {
  const span = el("span", { class: "seg", "data-segment": segment.index });
  for (let index = segment.first; index < segment.end_; index++) {
    if (index > segment.first && /^\s/.test(reading.model.words[index].text)) span.append(" ");
    span.append(wordSpan(reading, index));
  }
  return span;
}

/**
 * Summary sentences with links to what they rest on. Each plays all of it; where nothing bears a
 * sentence out, that is said.
 */
export function sentences(reading, summary, { quoted = false } = {}) {
  const { model } = reading;
  let last = null;
  return evidenceOf(model, summary).map(({ text, segments, unsupported }) => {
    const speaker = segments[0]?.speaker;
    const named = quoted && speaker && speaker !== last && model.speakers.length > 1;
    last = speaker;
    const { name, voice } = model.speaker(speaker);
    return el(
      "span",
      { class: `told${unsupported ? " unsupported" : ""}` },
      named && el("bdi", { class: `quoted ${voice}` }, `${name}: `),
      segments.length ? playing(reading, segments, "sentence", text, { title: "Play what this rests on" }) : text,
      segments.map((segment) => [" ", timeLink(reading, segment)]),
      unsupported && [" ", el("em", {}, "unsupported")],
      " ",
    );
  });
}

/** The time of a segment as a link that plays it. */
export function timeLink(reading, segment, label = clock(segment.start)) {
  return playing(reading, [segment], "cite", label);
}

/** A link that plays segments; opened elsewhere, it leads to the first. */
function playing(reading, segments, kind, label, attributes = {}) {
  return el(
    "a",
    {
      class: kind,
      href: reading.source.place(segments[0].start),
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        reading.hearSegments(segments);
      },
      ...attributes,
    },
    label,
  );
}

function wordSpan(reading, index) {
  const word = reading.model.words[index];
  const doubts = [];
  if (word.doubtful) doubts.push(`${percent(word.probability)} sure`);
  if (word.doubtfulSpeaker) doubts.push(`${percent(word.speaker_probability)} sure who says it`);
  const span = document.createElement("span");
  span.className = `w${word.doubtful ? " doubt" : ""}${word.doubtfulSpeaker ? " whose" : ""}`;
  span.dataset.w = index;
  if (doubts.length) span.title = doubts.join(", ");
  span.textContent = word.text.trimStart();
  return span;
}

function plainText(model, { segments }) {
  return segments
    .map(({ first, end_ }) =>
      model.words
        .slice(first, end_)
        .map(({ text }) => text)
        .join("")
        .trim(),
    )
    .join(model.gap);
}

function who(reading, paragraph) {
  const { name } = reading.model.speaker(paragraph.speaker);
  const label = el("bdi", {}, name);
  return el(
    "div",
    { class: "who" },
    name &&
      (paragraph.more
        ? el("span", { class: "unseen" }, label)
        : reading.source.isEditable
          ? el(
              "button",
              { type: "button", class: "plain name", "data-rename": paragraph.speaker, title: "Rename" },
              label,
            )
          : el("span", { class: "name" }, label)),
    el(
      "a",
      {
        class: "time",
        href: reading.source.place(paragraph.start),
        "data-w": paragraph.first,
        "aria-label": `Play from ${clock(paragraph.start)}`,
      },
      clock(paragraph.start),
    ),
    reading.source.isEditable &&
      el(
        "button",
        {
          type: "button",
          class: "quiet tiny",
          "data-menu": paragraph.index,
          "aria-label": `Correct this paragraph, ${clock(paragraph.start)}`,
          title: "Correct",
        },
        icon("more"),
      ),
  );
}

function opening(reading, chapter) {
  return el(
    "div",
    { class: "opening" },
    el("h3", { dir: "auto" }, chapter.title),
    chapter.summary?.sentences.length > 0 &&
      el("p", { class: "gist", dir: "auto" }, sentences(reading, chapter.summary, { quoted: true })),
  );
}

function eventLine(reading, { start, end, label }) {
  return el(
    "p",
    { class: "event" },
    "[",
    el("span", {}, label),
    " ",
    el(
      "button",
      { type: "button", class: "plain numbers", onclick: () => reading.player.play(start) },
      `${clock(start)}–${clock(end)}`,
    ),
    "]",
  );
}
