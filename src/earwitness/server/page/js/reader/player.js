// The sound: one audio element behind controls of our own.

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const EARLY_S = 0.03;

/**
 * Plays a recording, or, where there is none, only knows a time.
 *
 * Events: `time` (also while it plays, every frame), `state` (plays, pauses, speed, ready or not), `jump` (somebody
 * wants to be elsewhere).
 */
export class Player extends EventTarget {
  constructor(duration) {
    super();
    this.duration = duration;
    this.audio = new Audio();
    this.audio.preload = "metadata";
    this.isReady = false;
    this.problem = "";
    this.#time = 0;
    const state = () => this.#tell("state");
    this.audio.addEventListener("play", () => {
      this.#follow();
      state();
    });
    for (const name of ["pause", "ended", "ratechange"]) this.audio.addEventListener(name, state);
    this.audio.addEventListener("seeked", () => this.#tell("time"));
    this.audio.addEventListener("loadedmetadata", () => {
      this.isReady = true;
      if (this.#time) this.audio.currentTime = this.#time;
      state();
    });
    this.audio.addEventListener("error", () => {
      this.isReady = false;
      if (this.audio.src) this.problem ||= "This browser cannot play the recording.";
      state();
    });
  }

  #time;
  #queue = [];

  /** Takes the sound from an address. */
  load(address) {
    this.problem = "";
    this.audio.src = address;
  }

  /** There is no sound to play, and why. */
  unload(problem) {
    this.problem = problem;
    this.isReady = false;
    this.audio.removeAttribute("src");
    this.#tell("state");
  }

  get time() {
    return this.isReady ? this.audio.currentTime : this.#time;
  }

  get isPlaying() {
    return !this.audio.paused && !this.audio.ended;
  }

  get speed() {
    return this.audio.playbackRate;
  }

  /** Goes to a time; what plays goes on there. */
  seek(time) {
    this.#queue = [];
    this.#go(time);
    this.#tell("jump");
  }

  /** Plays from a time on, or from where it is. */
  play(time) {
    if (time !== undefined) this.seek(time);
    if (this.audio.src) this.audio.play().catch(() => this.#tell("state"));
    else this.#tell("state");
  }

  /** Plays spans `{start, end}` one after another, and then stops. */
  playSpans(spans) {
    if (!spans.length) return;
    this.play(spans[0].start);
    this.#queue = [...spans];
  }

  toggle() {
    if (this.isPlaying) this.audio.pause();
    else this.play();
  }

  pause() {
    this.audio.pause();
  }

  /** The next speed up (1) or down (-1); it is the one to come back to, too. */
  changeSpeed(direction) {
    const at = SPEEDS.findIndex((speed) => speed >= this.speed);
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + direction))]);
  }

  setSpeed(speed) {
    this.audio.defaultPlaybackRate = this.audio.playbackRate = speed;
  }

  close() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  #go(time) {
    this.#time = Math.max(0, Math.min(time, this.duration));
    if (this.isReady) this.audio.currentTime = this.#time;
    this.#tell("time");
  }

  #follow() {
    if (!this.isPlaying) return;
    const [span, next] = this.#queue;
    if (span && this.audio.currentTime >= span.end - EARLY_S) {
      this.#queue.shift();
      if (!next) this.audio.pause();
      else if (next.start > span.end + 0.3 || next.start < span.start) this.#go(next.start);
    }
    this.#tell("time");
    requestAnimationFrame(() => this.#follow());
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

export { SPEEDS };
