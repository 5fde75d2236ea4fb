// The server's jobs as they are now: read once, then told by server-sent events.

import { get, post, remove } from "../api.js";

const AGAIN_MS = 3000;
export const ENDED = ["done", "failed", "cancelled"];

/**
 * Tells `change`, whose detail is a job and the state in which it was before (undefined for one that is new), and
 * `contact`, whose detail is whether the server is there.
 */
export class Jobs extends EventTarget {
  constructor() {
    super();
    this.known = new Map();
    this.closed = false;
  }

  /** Reads the jobs, then listens; whatever happened in between is read once the events flow. */
  async start() {
    await this.#read();
    this.#listen();
  }

  close() {
    this.closed = true;
    clearTimeout(this.again);
    this.events?.close();
  }

  put(job) {
    const before = this.known.get(job.id);
    this.known.set(job.id, job);
    this.dispatchEvent(new CustomEvent("change", { detail: { job, before: before?.state } }));
  }

  async cancel(job) {
    this.put(await remove(`/api/jobs/${job.id}`));
  }

  async retry(job) {
    this.put(await post(`/api/jobs/${job.id}/retry`));
  }

  /** Removes a job that failed or was cancelled; somebody else may have done so already. */
  async forget(job) {
    await post(`/api/jobs/${job.id}/forget`).catch((error) => {
      if (error.status !== 404) throw error;
    });
    this.known.delete(job.id);
  }

  async #read() {
    for (const job of (await get("/api/jobs")).reverse()) if (!this.#isStale(job)) this.put(job);
  }

  /** While a list was on its way, an event may have told the end of a job that is not over in it. */
  #isStale({ id, state, changed }) {
    const known = this.known.get(id);
    return Boolean(known) && ENDED.includes(known.state) && !ENDED.includes(state) && changed <= known.changed;
  }

  #listen() {
    if (this.closed) return;
    this.events = new EventSource("/api/jobs/events");
    this.events.addEventListener("open", () => {
      this.#contact(true);
      this.#read().catch(() => {});
    });
    this.events.addEventListener("job", (event) => this.put(JSON.parse(event.data)));
    this.events.addEventListener("error", () => {
      this.#contact(false);
      if (this.events.readyState === EventSource.CLOSED) this.#later();
    });
  }

  #contact(isThere) {
    this.dispatchEvent(new CustomEvent("contact", { detail: isThere }));
  }

  /** After a break that the browser does not mend itself: the server was restarted, or the session has ended. */
  #later() {
    this.again = setTimeout(
      () =>
        this.#read().then(
          () => this.#listen(),
          () => this.#later(),
        ),
      AGAIN_MS,
    );
  }
}
