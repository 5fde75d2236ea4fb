// How recordings are to be transcribed: a line that says it, and what can be changed.

import { el } from "../dom.js";
import { languageName } from "../text.js";

const MOST_SPEAKERS = 8;

/** What was chosen last, as long as the page is open: whatever is dropped anywhere is transcribed so. */
let chosen = {};

/** The options of the next recordings, as a job takes them. */
export function options() {
  return { ...chosen };
}

/** The line and the fields behind it, for what a server `{model, models, languages}` can do. */
export function optionsElement({ model, models, languages }) {
  const said = el("span", { class: "now" });
  const fields = el(
    "form",
    {
      class: "fields",
      onsubmit: (event) => event.preventDefault(),
      oninput: () => {
        chosen = read(new FormData(fields));
        said.textContent = inWords();
      },
    },
    field("Language", "language", select("language", [["", "Found out"], ...named(languages)])),
    field(
      "Speakers",
      "speakers",
      select("speakers", [
        ["", "Found out"],
        ...Array.from({ length: MOST_SPEAKERS }, (_, index) => [
          String(index + 1),
          index ? `${index + 1} people` : "One person",
        ]),
        ["none", "Not told apart"],
      ]),
    ),
    field(
      "Model",
      "model",
      select("model", [["", `As the server has it: ${model}`], ...models.map((name) => [name, name])]),
    ),
    field(
      "Names and words to expect",
      "hotwords",
      el("input", {
        id: "hotwords",
        name: "hotwords",
        autocomplete: "off",
        maxlength: "1000",
        placeholder: "Laura Lane, Zanzibar",
        value: chosen.hotwords,
      }),
    ),
  );
  said.textContent = inWords();
  return el("details", { class: "options" }, el("summary", {}, el("b", {}, "Options"), " ", said), fields);
}

function read(form) {
  const [language, speakers, model, hotwords] = ["language", "speakers", "model", "hotwords"].map((name) =>
    form.get(name).trim(),
  );
  return {
    ...(language && { language }),
    ...(model && { model }),
    ...(hotwords && { hotwords }),
    ...(speakers === "none" ? { diarize: false } : speakers && { speakers: Number(speakers) }),
  };
}

function inWords() {
  const { language, speakers, diarize, model, hotwords } = chosen;
  return [
    language ? languageName(language) : "any language",
    diarize === false
      ? "speakers not told apart"
      : speakers
        ? `${speakers} speaker${speakers === 1 ? "" : "s"}`
        : "any number of speakers",
    model && `model ${model}`,
    hotwords && `expects ${hotwords}`,
  ]
    .filter(Boolean)
    .join(", ");
}

function field(label, id, control) {
  return el("div", { class: `field ${id}` }, el("label", { for: id }, label), control);
}

function select(name, choices) {
  const now = name === "speakers" && chosen.diarize === false ? "none" : String(chosen[name] ?? "");
  return el(
    "select",
    { id: name, name },
    choices.map(([value, label]) => el("option", { value, selected: value === now }, label)),
  );
}

function named(languages) {
  return languages.map((code) => [code, languageName(code)]).sort(([, a], [, b]) => a.localeCompare(b, "en"));
}
