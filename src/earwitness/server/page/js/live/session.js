// One live transcription: sound out, words in.

import { get } from "../api.js";
import { Microphone } from "./microphone.js";

/**
 * Tells `state` when that changes, `level` (detail: the peak of a tenth of a second), and `heard` (detail: an event of
 * the server's). `state` is idle, asking, live, finishing, done or failed; then `reason` says why.
 * Until `isReady` the server loads its models; what is said meanwhile is heard all the same.
 */
export class Session extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { state: "idle", reason: null, episode: null, isReady: false });
  }

  async begin(options) {
    this.#change("asking");
    try {
      await get("/api/server"); // which asks for a key where the session has ended: a WebSocket only fails
      this.microphone = await Microphone.open((buffer, loudest) => this.#block(buffer, loudest));
      await this.#connect({ sample_rate: this.microphone.rate, options });
      if (this.state === "asking") this.#change("live");
      else this.#giveBack();
    } catch (error) {
      this.#fail(error.message);
    }
  }

  /** No more sound; what was said is still transcribed to its end. */
  async stop() {
    if (this.state === "asking") this.#fail("Stopped.");
    if (this.state !== "live") return;
    this.#change("finishing");
    await this.#giveBack();
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send("end");
  }

  #block(buffer, loudest) {
    if (!["live", "finishing"].includes(this.state) || this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(buffer);
    this.dispatchEvent(new CustomEvent("level", { detail: loudest }));
  }

  #connect(first) {
    const address = new URL("/api/live", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => this.#told(JSON.parse(data));
    this.socket.onclose = ({ reason }) => this.#closed(reason);
    return new Promise((resolve, reject) => {
      this.socket.onopen = () => {
        this.socket.send(JSON.stringify(first));
        resolve();
      };
      this.socket.onerror = () => reject(new Error("The server does not listen now; try again in a moment."));
    });
  }

  #told(event) {
    if (event.type === "error") this.#fail(event.detail);
    else if (event.type === "done") {
      this.episode = event.episode;
      this.#change("done");
      this.socket.close();
    } else if (event.type === "ready") {
      this.isReady = true;
      this.dispatchEvent(new Event("state"));
    } else this.dispatchEvent(new CustomEvent("heard", { detail: event }));
  }

  #closed(reason) {
    if (!["done", "failed"].includes(this.state))
      this.#fail(reason || "The connection broke. What was said until then may still come to the library.");
  }

  #fail(reason) {
    if (this.state === "failed") return;
    this.reason = reason;
    this.#change("failed");
    this.#giveBack();
    this.socket?.close();
  }

  async #giveBack() {
    const { microphone } = this;
    this.microphone = null;
    await microphone?.close();
  }

  #change(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
