// Recordings from the web: one by its address, or the newest of a podcast by its feed.

import { post } from "../api.js";
import { el, say } from "../dom.js";
import { count } from "../text.js";
import { options } from "./options.js";

/** Addresses of feeds mostly look like feeds; whoever adds one can say otherwise. */
const LIKE_A_FEED = /(\.(rss|xml|atom)|[/.](feed|feeds|rss)\b[^.]*)(\?.*)?$/i;

/** The form; `onJobs` is given the jobs that were made. */
export function addElement(onJobs) {
  const said = el("p", { class: "problem small", role: "alert" });
  const button = el("button", {}, "Add");
  let guessing = true;
  const input = el("input", {
    type: "url",
    id: "address",
    name: "address",
    required: true,
    placeholder: "Address of a recording or a feed",
    autocomplete: "off",
    maxlength: "4000",
    oninput: () => {
      said.textContent = "";
      if (guessing) kind(LIKE_A_FEED.test(input.value));
    },
  });
  const limit = el("input", {
    type: "number",
    id: "limit",
    name: "limit",
    min: "1",
    max: "1000",
    value: "5",
    "aria-label": "How many of its newest episodes",
  });
  const newest = el("span", { class: "newest" }, "the newest ", limit);
  const radio = (value, label) =>
    el(
      "label",
      {},
      el("input", {
        type: "radio",
        name: "kind",
        value,
        checked: value === "url",
        onchange: () => {
          guessing = false;
          kind(value === "feed");
        },
      }),
      ` ${label}`,
    );
  const kinds = el(
    "fieldset",
    { class: "kinds" },
    el("legend", { class: "unseen" }, "What the address is of"),
    radio("url", "Recording"),
    radio("feed", "Podcast feed"),
    newest,
  );
  const form = el(
    "form",
    {
      class: "address",
      onsubmit: (event) => {
        event.preventDefault();
        add();
      },
    },
    el("label", { for: "address" }, "Or from the web"),
    el("div", { class: "line" }, input, button),
    kinds,
    said,
  );

  function kind(isFeed) {
    form.elements.kind.value = isFeed ? "feed" : "url";
    newest.hidden = !isFeed;
  }

  async function add() {
    button.disabled = true;
    said.textContent = "";
    const url = input.value.trim();
    const isFeed = form.elements.kind.value === "feed";
    try {
      const jobs = isFeed
        ? await post("/api/feeds", { feed: url, limit: Number(limit.value) })
        : [await post("/api/jobs", { url, options: options() })];
      onJobs(jobs);
      say(
        jobs.length
          ? `${count(jobs.length, isFeed ? "episode" : "recording")} handed in.`
          : "This feed has no episodes.",
      );
      form.reset();
      guessing = true;
      kind(false);
    } catch (error) {
      said.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  }

  kind(false);
  return form;
}
