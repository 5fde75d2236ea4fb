// The server's answers: JSON, or one line that says what is wrong.

import { el, sheet } from "./dom.js";

/** What the server says is wrong, as a person may read it. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** What is thrown where no answer comes. */
export const unreachable = () => new ApiError(0, "The server cannot be reached; is it still running?");

/** GET: the answer's JSON. */
export const get = (path, signal) => ask("GET", path, { signal });
/** POST with a JSON body, or none: the answer's JSON. */
export const post = (path, content) => ask("POST", path, { content });
/** DELETE: the answer's JSON, or null. */
export const remove = (path) => ask("DELETE", path);

/**
 * Asks the server. A `content` is sent as JSON. Where the server wants a key, whoever reads is asked for it, once for
 * all requests that wait.
 */
export async function ask(method, path, { content, signal, headers = {} } = {}) {
  const options = { method, signal, headers: { Accept: "application/json", ...headers } };
  if (content !== undefined) {
    options.body = JSON.stringify(content);
    options.headers["Content-Type"] = "application/json";
  }
  let answer = await reached(path, options);
  while (answer.status === 401) {
    await withKey();
    answer = await reached(path, options);
  }
  if (!answer.ok) throw new ApiError(answer.status, await detail(answer));
  return answer.status === 204 ? null : answer.json();
}

/** Asks for a key until the server takes it; whoever waits already waits for the same. */
export function withKey() {
  asking ??= keySheet().finally(() => { asking = null; });
  return asking;
}

/** A query string of what is set. */
export function query(values) {
  const set = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return set.length ? `?${new URLSearchParams(set)}` : "";
}

let asking = null;

async function reached(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
}

async function detail(answer) {
  try {
    const problem = await answer.json();
    return problem.detail || problem.title || `The server answered ${answer.status}.`;
  } catch {
    return `The server answered ${answer.status}.`;
  }
}

function keySheet() {
  return new Promise((resolve, reject) => {
    const said = el("p", { class: "problem", role: "alert" });
    const input = el("input", { type: "password", id: "key", autocomplete: "current-password", required: true });
    let taken = false;
    const form = el("form", { class: "stack", onsubmit: async (event) => {
      event.preventDefault();
      try {
        const answer = await reached("/api/session", {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ key: input.value }),
        });
        if (!answer.ok) throw new ApiError(answer.status, await detail(answer));
        taken = true;
        dialog.close();
      } catch (error) {
        said.textContent = error.message;
        input.select();
      }
    } },
    el("p", {}, "This server asks for a key. Whoever runs it has one for you."),
    el("label", { for: "key" }, "Key"), input, said, el("button", { class: "primary" }, "Enter"));
    const dialog = sheet("Key", form);
    dialog.addEventListener("close", () => (taken ? resolve() : reject(new ApiError(401, "This server asks for a key."))));
    input.focus();
  });
}
