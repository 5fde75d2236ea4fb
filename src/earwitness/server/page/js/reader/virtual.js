// A list of which only what is near the window is in the page, however long it is: five hours scroll like five minutes.
//
// Every row has its exact height before it is seen: rows are measured, unseen, in idle moments, and what is above the
// window never moves what is in it.

/** Rows this far above and below the window are in the page, too. */
const MARGIN_PX = 900;
const MEASURED_AT_ONCE = 40;
/** Rows that are not seen yet wait for the next frame when drawing has taken so long. */
const FRAME_SHARE_MS = 4;

export class VirtualList {
  /**
   * `build(index)` is a row; `sketch(index)` one of the same height that is quicker to make; `guess(index)` its height
   * as far as one can tell without looking.
   */
  constructor(container, { build, sketch, guess, onScrolled }) {
    Object.assign(this, { container, build, sketch, guess, onScrolled });
    this.rows = new Map();
    this.count = 0;
    this.#sizes = new ResizeObserver((entries) => this.#resized(entries));
    this.#widths = new ResizeObserver(() => this.#reflow());
    this.#ruler = document.createElement("div");
    this.#ruler.className = "ruler";
    this.#ruler.setAttribute("aria-hidden", "true");
    this.#ruler.inert = true;
    container.append(this.#ruler);
    this.#widths.observe(container);
    addEventListener("beforeprint", this.#onprint);
    addEventListener("scroll", this.#onscroll, { passive: true });
    addEventListener("resize", this.#onscroll, { passive: true });
  }

  #heights = new Float64Array(0);
  #exact = new Uint8Array(0);
  #tops = new Float64Array(1);
  #sizes;
  #widths;
  #width = 0;
  #ruler;
  #asked = 0;
  #idle = 0;
  #pinned = null;
  #onscroll = () => this.#ask();
  #onprint = () => {
    for (let index = 0; index < this.count; index++) this.row(index);
  }; // paper has no window

  /** Shows other rows; `same(index)` is the old index of a row whose height has not changed, or -1. */
  reset(count, same = () => -1) {
    const anchor = this.anchor();
    const [heights, exact] = [this.#heights, this.#exact];
    this.#heights = new Float64Array(count);
    this.#exact = new Uint8Array(count);
    for (let index = 0; index < count; index++) {
      const old = same(index);
      this.#heights[index] = old >= 0 ? heights[old] : this.guess(index);
      this.#exact[index] = old >= 0 ? exact[old] : 0;
    }
    this.count = count;
    this.#pinned = null;
    for (const row of this.rows.values()) this.#drop(row);
    this.rows.clear();
    this.#stack();
    this.draw();
    this.restore(anchor);
    this.#measureLater();
  }

  /** The row at the top of the window and how far it is from there, to come back to; null before there are rows. */
  anchor() {
    if (!this.count) return null;
    const top = this.container.getBoundingClientRect().top;
    if (top > 0) return null; // the list begins below: nothing above it can move what is seen
    const index = this.#indexAt(-top);
    return { index, offset: this.#tops[index] + top };
  }

  restore(anchor) {
    if (!anchor) return;
    const index = Math.min(anchor.index, this.count - 1);
    const moved = this.container.getBoundingClientRect().top + this.#tops[index] - anchor.offset;
    if (Math.abs(moved) >= 1) {
      this.onScrolled();
      scrollBy({ top: moved, behavior: "instant" });
    }
  }

  /** Where a row is, in pixels from the top of the document. */
  topOf(index) {
    return this.container.getBoundingClientRect().top + scrollY + this.#tops[index];
  }

  /** The row's element, made if it is not in the page; it stays only while it is near the window. */
  row(index) {
    if (!this.rows.has(index)) this.#add(index);
    return this.rows.get(index);
  }

  /** Keeps a row in the page wherever the window goes, while somebody works in it; null lets it go. */
  pin(index) {
    this.#pinned = index;
  }

  /** Makes a row anew. */
  renew(index) {
    const row = this.rows.get(index);
    if (!row) return;
    this.#drop(row);
    this.rows.delete(index);
    this.#add(index);
  }

  /** Puts the rows near the window into the page, those that are seen first, and takes the others out. */
  draw() {
    const began = performance.now();
    const top = this.container.getBoundingClientRect().top;
    const [first, last] = this.#within(-top - MARGIN_PX, -top + innerHeight + MARGIN_PX);
    const busy = document.activeElement;
    for (const [index, row] of this.rows)
      if ((index < first || index > last) && index !== this.#pinned && !row.contains(busy)) {
        this.#drop(row);
        this.rows.delete(index);
      }
    const [seen, unseen] = this.#within(-top, -top + innerHeight);
    for (let index = seen; index <= unseen; index++) if (!this.rows.has(index)) this.#add(index);
    for (let index = first; index <= last; index++) {
      if (this.rows.has(index)) continue;
      if (performance.now() - began > FRAME_SHARE_MS) {
        this.#ask();
        return;
      }
      this.#add(index);
    }
  }

  close() {
    removeEventListener("beforeprint", this.#onprint);
    removeEventListener("scroll", this.#onscroll);
    removeEventListener("resize", this.#onscroll);
    this.#sizes.disconnect();
    this.#widths.disconnect();
    cancelIdle(this.#idle);
    cancelAnimationFrame(this.#asked);
  }

  #ask() {
    this.#asked ||= requestAnimationFrame(() => {
      this.#asked = 0;
      this.draw();
    });
  }

  /** The first and the last row between two heights. */
  #within(top, bottom) {
    return this.count ? [this.#indexAt(top), this.#indexAt(bottom)] : [0, -1];
  }

  #add(index) {
    const row = this.build(index);
    row.dataset.row = index;
    row.style.top = `${this.#tops[index]}px`;
    let after = null; // rows stand in the page in their order, for those who read it out, or select
    for (const [other, element] of this.rows)
      if (other > index && (after === null || other < Number(after.dataset.row))) after = element;
    this.container.insertBefore(row, after);
    this.rows.set(index, row);
    this.#sizes.observe(row);
  }

  #drop(row) {
    this.#sizes.unobserve(row);
    row.remove();
  }

  #resized(entries) {
    const changed = entries
      .filter(({ target }) => target.isConnected)
      .map(({ target, borderBoxSize }) => [Number(target.dataset.row), borderBoxSize[0].blockSize]);
    this.#take(changed);
  }

  /** Takes true heights in; what is in the window stays where it is. */
  #take(measured) {
    const anchor = this.anchor();
    let differs = false;
    for (const [index, height] of measured) {
      differs ||= Math.abs(this.#heights[index] - height) > 0.1;
      this.#heights[index] = height;
      this.#exact[index] = 1;
    }
    if (!differs) return;
    this.#stack();
    this.restore(anchor);
    this.draw();
  }

  #stack() {
    this.#tops = new Float64Array(this.count + 1);
    for (let index = 0; index < this.count; index++) this.#tops[index + 1] = this.#tops[index] + this.#heights[index];
    this.container.style.height = `${this.#tops[this.count]}px`;
    for (const [index, row] of this.rows) row.style.top = `${this.#tops[index]}px`;
  }

  /** The row at so many pixels from the top of the list. */
  #indexAt(offset) {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tops[middle + 1] <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, Math.min(low, this.count - 1));
  }

  #reflow() {
    const width = this.container.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    this.#exact.fill(0);
    this.#take([...this.rows].map(([index, row]) => [index, row.getBoundingClientRect().height]));
    this.#measureLater();
  }

  #measureLater() {
    cancelIdle(this.#idle);
    let index = 0;
    const some = () => {
      const wanted = [];
      for (; index < this.count && wanted.length < MEASURED_AT_ONCE; index++)
        if (!this.#exact[index]) wanted.push(index);
      if (!wanted.length) return;
      const sketches = wanted.map((one) => this.sketch(one));
      this.#ruler.replaceChildren(...sketches);
      const measured = sketches.map((sketch, place) => [wanted[place], sketch.getBoundingClientRect().height]);
      this.#ruler.replaceChildren();
      this.#take(measured);
      this.#idle = whenIdle(some);
    };
    this.#idle = whenIdle(some);
  }
}

const whenIdle = (run) => (window.requestIdleCallback ?? ((later) => setTimeout(later, 30)))(run);
const cancelIdle = (id) => (window.cancelIdleCallback ?? clearTimeout)(id);
