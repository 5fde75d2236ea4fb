// The voices that have a name.

import { get, remove } from "./api.js";
import { confirmed } from "./confirm.js";
import { el, fill, iconButton, say } from "./dom.js";
import { count, day, length } from "./text.js";

export async function open({ signal }) {
  const list = el("ul", { class: "voice-list" });
  const none = el(
    "div",
    { class: "empty" },
    el("p", {}, "No voice has a name yet."),
    el(
      "p",
      { class: "muted" },
      "Open a recording and say who a speaker is. A voice that is kept with the name is proposed wherever it is heard.",
    ),
  );
  const element = el(
    "div",
    { class: "voices" },
    el("h1", {}, "Voices"),
    el(
      "p",
      { class: "lead muted" },
      "People whom earwitness knows by their voice. The prints are kept on this server and nowhere else.",
    ),
    list,
    none,
  );

  function show(voices) {
    fill(
      list,
      voices.map((voice) => item(voice)),
    );
    none.hidden = voices.length > 0;
    list.hidden = !voices.length;
  }

  function item(voice) {
    return el(
      "li",
      {},
      el("span", { class: "voice-name" }, el("bdi", {}, voice.name)),
      el("span", { class: "muted numbers" }, `${length(voice.seconds)} heard in ${count(voice.episodes, "recording")}`),
      el("span", { class: "muted small" }, `since ${day(voice.created)}`),
      iconButton("trash", `Forget ${voice.name}`, () => confirm(voice)),
    );
  }

  function confirm(voice) {
    const told = [
      "All prints of the voice of ",
      el("bdi", {}, voice.name),
      " are removed. Names in transcripts stay as they are.",
    ];
    confirmed("Forget this voice?", told, "Forget", async () => {
      await remove(`/api/voices/${encodeURIComponent(voice.name)}`);
      show(await get("/api/voices", signal));
      return () => {
        (list.querySelector("button") ?? document.getElementById("main")).focus();
        say(`The voice of ${voice.name} is forgotten.`);
      };
    });
  }

  show(await get("/api/voices", signal));
  return { title: "Voices", element };
}
