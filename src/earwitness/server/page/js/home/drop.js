// The whole window takes files.

import { el, say } from "../dom.js";
import { count } from "../text.js";
import { options } from "./options.js";
import { send } from "./uploads.js";

/** Sends what somebody dropped or chose; of folders it says what to do with them. */
export function take(files, folders = []) {
  if (folders.length) say(`${folders.join(", ")}: a folder; open it and drop the recordings in it.`, "error");
  if (!files.length) return;
  send(files, options());
  if (location.hash.replace(/^#\/?/, ""))
    say(`${count(files.length, "recording")} on the way; Recordings shows how far.`);
}

/** Lets files be dropped anywhere. A veil says so while they are over the window. */
export function listenForFiles() {
  const veil = el("div", { class: "veil", hidden: true, "aria-hidden": "true" }, el("p", {}, "Drop to transcribe"));
  document.body.append(veil);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (hasFiles(event)) veil.hidden = false;
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    const folders = new Set(entries.filter((entry) => entry?.isDirectory).map(({ name }) => name));
    take(
      [...event.dataTransfer.files].filter(({ name }) => !folders.has(name)),
      [...folders],
    );
  });
}
