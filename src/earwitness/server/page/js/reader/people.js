// Who the speakers are: their names, and who they perhaps are.

import { el, sheet } from "../dom.js";
import { length, percent } from "../text.js";

/** The label of a speaker's lane: the name, to be changed, and whom the voice is like. */
export function personLabel(reading, speaker) {
  const { source } = reading;
  const label = el("bdi", {}, speaker.name);
  const name = source.isEditable
    ? el(
        "button",
        { type: "button", class: "plain name", title: `Rename ${speaker.name}`, "data-rename": speaker.id },
        label,
      )
    : el("span", { class: "name" }, label);
  return el("div", { class: "label person" }, name, speaker.proposal && proposal(reading, speaker));
}

/** Asks for the name of a speaker. */
export function rename(reading, label) {
  const speaker = reading.model.speaker(label);
  const known = reading.model.transcript.episode?.people?.map(({ name }) => name) ?? [];
  const input = el("input", {
    id: "speaker-name",
    value: speaker.name,
    maxlength: "200",
    required: true,
    list: "people",
    autocomplete: "off",
    autocapitalize: "words",
  });
  const form = el(
    "form",
    {
      class: "stack",
      onsubmit: async (event) => {
        event.preventDefault();
        const name = input.value.trim();
        if (!name) return;
        if (name === speaker.name) dialog.close();
        else if (await named(reading, label, name)) dialog.close();
      },
    },
    el("label", { for: "speaker-name" }, "Name"),
    input,
    el(
      "datalist",
      { id: "people" },
      known.map((name) => el("option", { value: name })),
    ),
    el(
      "p",
      { class: "muted small" },
      `${speaker.name} speaks for ${length(speaker.seconds ?? 0)}. The name is changed everywhere in this recording. `,
      "The name of another speaker makes the two one.",
    ),
    el("div", { class: "row" }, el("button", { class: "primary" }, "Rename")),
  );
  const dialog = sheet("Rename speaker", form);
  input.focus();
  input.select();
}

function named(reading, label, name) {
  const before = reading.model.speaker(label).name;
  return reading.change(
    () => reading.source.correct({ kind: "name", speaker: label, name }),
    `${before} is ${name} now, everywhere.`,
  );
}

/** Whom a voice is like is said, with how sure that is; only whoever reads makes a name of it. */
function proposal(reading, speaker) {
  const { proposal: name, proposal_probability: sure } = speaker;
  const why = sure === null || sure === undefined ? "by their own words" : percent(sure);
  const confirm = el(
    "button",
    {
      type: "button",
      class: "tiny",
      "aria-label": `Yes, ${speaker.name} is ${name}`,
      onclick: async () => {
        confirm.disabled = true;
        const isVoice = sure !== null && sure !== undefined;
        await reading.change(
          () =>
            isVoice
              ? reading.source.confirm(speaker.id, name)
              : reading.source.correct({ kind: "name", speaker: speaker.id, name }),
          `${speaker.name} is ${name} now, everywhere.`,
        );
        confirm.disabled = false;
      },
    },
    "Yes",
  );
  return el(
    "span",
    { class: "proposal" },
    "perhaps ",
    el("bdi", {}, name),
    `, ${why} `,
    reading.source.isEditable && confirm,
  );
}
