// Lanes of time on canvases: the shape of the sound, and spans in colours.

/** Makes a canvas as sharp as the screen; its context, with a unit of one CSS pixel, and its size. Null while it has none. */
export function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return null;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return { context, width, height };
}

/** Draws peaks (JSON of audiowaveform) as bars; quiet recordings are drawn as high as loud ones. */
export function drawPeaks(canvas, peaks, colour) {
  const drawn = sharp(canvas);
  if (!drawn || !peaks?.length) return;
  const { context, width, height } = drawn;
  const bars = Math.max(1, Math.floor(width / 3));
  const heights = barHeights(peaks, bars);
  const loudest = heights.reduce((most, one) => Math.max(most, one), 1);
  context.fillStyle = colour;
  const middle = height / 2;
  for (let bar = 0; bar < bars; bar++) {
    const size = Math.max(1, (heights[bar] / loudest) * (height - 2));
    context.beginPath();
    context.roundRect(bar * (width / bars), middle - size / 2, Math.max(1, width / bars - 1), size, 1);
    context.fill();
  }
}

/** Draws spans `{start, end}` of a recording; `colour(span)` may be null. Short ones are wide enough to be seen. */
export function drawSpans(canvas, spans, duration, colour, { gap = 0 } = {}) {
  const drawn = sharp(canvas);
  if (!drawn) return;
  const { context, width, height } = drawn;
  for (const span of spans) {
    const fill = colour(span);
    if (!fill) continue;
    context.fillStyle = fill;
    const left = (span.start / duration) * width;
    context.fillRect(left, gap, Math.max(1, ((span.end - span.start) / duration) * width), height - 2 * gap);
  }
}

/** Hatches what must be seen without its colour, too. */
export function hatch(canvas, spans, duration, colour) {
  const context = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width) return;
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  for (const { start, end } of spans) {
    const [left, right] = [
      (start / duration) * width,
      Math.max((end / duration) * width, (start / duration) * width + 2),
    ];
    context.beginPath();
    context.rect(left, 0, right - left, height);
    context.save();
    context.clip();
    context.beginPath();
    for (let x = left - height; x < right; x += 4) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.stroke();
    context.restore();
  }
  context.restore();
}

/** Times to write on an axis: round ones, at most so many. */
export function ticks(duration, most) {
  const step = STEPS_S.find((one) => duration / one <= most) ?? STEPS_S.at(-1);
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, index) => index * step).filter(
    (at) => at < 0.96 * duration,
  );
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

function barHeights({ data, length }, bars) {
  const heights = new Float32Array(bars);
  for (let bar = 0; bar < bars; bar++) {
    const first = Math.floor((bar * length) / bars);
    const last = Math.max(first + 1, Math.floor(((bar + 1) * length) / bars));
    let [low, high] = [0, 0];
    for (let place = first; place < last; place++) {
      low = Math.min(low, data[2 * place]);
      high = Math.max(high, data[2 * place + 1]);
    }
    heights[bar] = high - low;
  }
  return heights;
}
