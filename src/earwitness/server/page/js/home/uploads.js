// Recordings on their way to the server. They go on whichever view is shown, two at a time.

import { withKey } from "../api.js";
import { server } from "../server.js";
import { size } from "../text.js";

/** More at once would leave none of the browser's six connections for the rest of the page. */
const AT_ONCE = 2;

/** One file: `state` is waiting, sending, failed, cancelled or accepted; `sent` is in bytes. */
class Upload {
  constructor(file, options) {
    Object.assign(this, { file, options, key: randomKey(), state: "waiting", sent: 0, reason: null });
  }

  get name() {
    return this.file.name;
  }

  get isOver() {
    return ["failed", "cancelled", "accepted"].includes(this.state);
  }

  cancel() {
    this.change({ state: "cancelled" });
    this.request?.abort();
    next();
  }

  /** Sends it again. The key is the same, so that a recording which had arrived after all is not transcribed twice. */
  retry() {
    this.change({ state: "waiting", sent: 0, reason: null });
    next();
  }

  change(values) {
    Object.assign(this, values);
    uploads.dispatchEvent(new CustomEvent("change", { detail: this }));
  }

  async send() {
    this.change({ state: "sending" });
    const { max_upload_bytes: most } = await server();
    if (this.file.size > most)
      throw new Error(`It has ${size(this.file.size)}; this server takes up to ${size(most)}.`);
    let answer = await this.#posted();
    while (answer.status === 401) {
      await withKey();
      answer = await this.#posted();
    }
    if (answer.status !== 202) throw new Error(answer.content?.detail ?? `The server answered ${answer.status}.`);
    return answer.content;
  }

  /** XMLHttpRequest, because fetch does not tell how much of a body has been sent. */
  #posted() {
    const form = new FormData();
    form.append("options", JSON.stringify(this.options));
    form.append("file", this.file);
    const request = new XMLHttpRequest();
    this.request = request;
    request.open("POST", "/api/jobs");
    request.setRequestHeader("Idempotency-Key", this.key);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) =>
      this.change({ sent: this.file.size * (total ? loaded / total : 0) });
    return new Promise((resolve, reject) => {
      request.onload = () => resolve({ status: request.status, content: request.response });
      request.onerror = () => reject(new Error("The connection broke, or the file can no longer be read."));
      request.onabort = () => reject(new Error("Cancelled."));
      request.send(form);
    });
  }
}

/** Tells `change` (detail: the upload) and `job` (detail: the upload, and the job that the server made of it). */
export const uploads = new EventTarget();

let all = [];

/** The uploads that are not accepted yet. */
export function underWay() {
  return all;
}

/** Sends files, as soon as those before them are there. */
export function send(files, options) {
  const added = [...files].map((file) => new Upload(file, options));
  all.push(...added);
  for (const upload of added) upload.change({});
  next();
}

/** Shows an upload that has failed or was cancelled no longer. */
export function forget(upload) {
  all = all.filter((one) => one !== upload);
}

function next() {
  const sending = all.filter(({ state }) => state === "sending").length;
  for (const upload of all.filter(({ state }) => state === "waiting").slice(0, Math.max(0, AT_ONCE - sending)))
    run(upload);
}

async function run(upload) {
  try {
    const job = await upload.send();
    forget(upload);
    upload.change({ state: "accepted" });
    uploads.dispatchEvent(new CustomEvent("job", { detail: { upload, job } }));
  } catch (error) {
    if (upload.state !== "cancelled") upload.change({ state: "failed", reason: error.message });
  }
  next();
}

/** `crypto.randomUUID` is only there where the page came over https, or from this machine. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

addEventListener("beforeunload", (event) => {
  if (all.some(({ isOver }) => !isOver)) event.preventDefault();
});
