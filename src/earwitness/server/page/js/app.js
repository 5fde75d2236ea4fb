// The page: which view is shown, by the address after the #.
//
// A view is a module with `open({id, query, signal})`, which returns (or promises)
// `{title, element, update?(query), close?()}`: `update` where only the query has changed, `close` when it is left;
// `signal` is aborted then, too.

import { ApiError, unreachable } from "./api.js";
import { el, fill, icon } from "./dom.js";
import { listenForFiles } from "./home/drop.js";
import { help, listen } from "./keys.js";
import { server } from "./server.js";
import { themeButton } from "./theme.js";

const VIEWS = {
  "": () => import("./home.js"),
  episode: () => import("./reader/episode.js"),
  search: () => import("./search.js"),
  voices: () => import("./voices.js"),
  live: () => import("./live.js"),
};

const main = document.getElementById("main");
let shown = null;

/** The address as `{place, id, query}`: `#/episode/3?t=12.5` is place "episode", id "3", query t. */
export function address(hash = location.hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [place = "", id = ""] = path.split("/");
  return { place, id: decoded(id), query: new URLSearchParams(search) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody cut the address short
  }
}

/** Goes to an address without a new entry in the history, and without opening the view again. */
export function note(hash) {
  history.replaceState(null, "", hash);
}

async function go() {
  if (location.hash && !location.hash.startsWith("#/")) return; // a place on the page
  const { place, id, query } = address();
  if (shown?.place === place && shown.id === id && shown.view?.update) {
    shown.view.update(query);
    return;
  }
  shown?.abort.abort();
  shown?.view?.close?.();
  const first = shown === null;
  const now = { place, id, abort: new AbortController(), view: null };
  shown = now;
  mark(place);
  try {
    const module = await (VIEWS[place] ?? unknown)().catch(() => { throw unreachable(); });
    const view = await module.open({ id, query, signal: now.abort.signal });
    if (shown !== now) view.close?.();
    else show(now, view, first);
  } catch (error) {
    if (shown === now) show(now, failed(error), first);
  }
}

function show(now, view, first) {
  now.view = view;
  document.title = view.title ? `${view.title} · earwitness` : "earwitness";
  fill(main, view.element);
  main.removeAttribute("aria-busy");
  if (first) return;
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function mark(place) {
  main.dataset.place = place;
  main.setAttribute("aria-busy", "true");
  for (const link of document.querySelectorAll("#places a")) {
    if (link.dataset.place === place) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function unknown() {
  throw new Error("There is nothing at this address.");
}

function failed(error) {
  if (!(error instanceof ApiError)) console.error(error);
  const again = el("button", { type: "button", onclick: go }, "Try again");
  return { title: "", element: el("div", { class: "empty" }, el("h1", {}, "That did not work"),
    el("p", { role: "alert" }, error.message), el("p", {}, again, " or go to ", el("a", { href: "#/" }, "all recordings"), ".")) };
}

const helpButton = document.getElementById("help");
helpButton.append(icon("help"));
helpButton.addEventListener("click", help);
themeButton(document.getElementById("theme"));
listen("Everywhere", [
  { keys: ["?"], does: "This list", run: help },
]);
listenForFiles();
addEventListener("hashchange", go);
go();
server().then(({ live }) => { document.querySelector("[data-place=live]").hidden = !live; }, () => {}); // the view says why
