// The first view: where recordings are handed in, those under way, and the library.

import { get } from "./api.js";
import { el, icon, say } from "./dom.js";
import { addElement } from "./home/add.js";
import { take } from "./home/drop.js";
import { Jobs } from "./home/jobs.js";
import { Library } from "./home/library.js";
import { motif } from "./home/motif.js";
import { optionsElement } from "./home/options.js";
import { Work } from "./home/work.js";
import { listen } from "./keys.js";
import { server } from "./server.js";

export async function open({ signal }) {
  const [info, episodes] = await Promise.all([server(), get("/api/episodes", signal)]);
  const jobs = new Jobs();
  const library = new Library(episodes);
  const work = new Work(jobs, {
    signal,
    onDone: async () => {
      try {
        await library.reload(signal);
        welcome.classList.remove("first");
      } catch (error) {
        if (error.name !== "AbortError") say(error.message, "error");
      }
    },
  });
  const choose = el("input", {
    type: "file",
    multiple: true,
    class: "unseen",
    tabindex: "-1",
    "aria-label": "Recordings",
    onchange: () => {
      take([...choose.files]);
      choose.value = ""; // the same file may be chosen again
    },
  });
  const welcome = el(
    "section",
    { class: episodes.length ? "welcome" : "welcome first", "aria-labelledby": "welcome" },
    el(
      "div",
      { class: "invites" },
      el("h1", { id: "welcome" }, "Drop a podcast here."),
      el("p", { class: "lead" }, "Get what was said, by whom, and when. Every word leads back to the sound."),
      el(
        "div",
        { class: "row" },
        el(
          "button",
          { type: "button", class: "primary", onclick: () => choose.click() },
          icon("upload"),
          "Choose recordings",
        ),
        choose,
        info.live && el("a", { class: "button", href: "#/live" }, icon("microphone"), "Speak"),
      ),
    ),
    motif(),
    el(
      "div",
      { class: "ways" },
      addElement((made) => made.forEach((job) => jobs.put(job))),
      optionsElement(info),
    ),
  );
  library.element.addEventListener("removed", () => welcome.classList.toggle("first", !library.episodes.length));
  await jobs.start();
  const endKeys = listen("Recordings", [
    { keys: ["o"], does: "Choose recordings", run: () => choose.click() },
    { keys: ["/"], does: "Filter the library", run: () => library.filter.focus() },
  ]);
  return {
    title: "",
    element: el("div", { class: "home" }, welcome, work.element, library.element),
    close() {
      jobs.close();
      endKeys();
    },
  };
}
