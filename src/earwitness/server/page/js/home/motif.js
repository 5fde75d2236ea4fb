// A drawing of what becomes of sound: a waveform, and under it who speaks when. It says nothing to a screen reader.

const SVG = "http://www.w3.org/2000/svg";
const STEP = 6;
/** Turns: who, and for how many bars. */
const TURNS = [
  [0, 17],
  [1, 26],
  [0, 6],
  [1, 19],
  [2, 22],
  [0, 9],
  [2, 15],
  [1, 12],
  [0, 8],
];

/** The drawing. Its colours are those of the speakers. */
export function motif() {
  const svg = document.createElementNS(SVG, "svg");
  const bars = TURNS.flatMap(([voice, length]) => Array.from({ length }, (_, index) => [voice, index, length]));
  svg.setAttribute("viewBox", `0 0 ${bars.length * STEP} 150`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("motif");
  bars.forEach(([voice, index, length], place) => {
    // Syllables swell and fade; a turn begins and ends softly.
    const turn = Math.sin((Math.PI * (index + 0.7)) / (length + 0.4)) ** 0.4;
    const height = 5 + 88 * turn * (0.22 + 0.78 * Math.abs(Math.sin(place * 1.37) * Math.cos(place * 0.43 + 1)));
    svg.append(line(place, 52 - height / 2, 52 + height / 2, voice));
  });
  let from = 0;
  for (const [voice, length] of TURNS) {
    const lane = line(0, 0, 0, voice);
    lane.setAttribute("d", `M${from * STEP + 2} ${116 + voice * 14}H${(from + length) * STEP - 5}`);
    lane.classList.add("lane-line");
    svg.append(lane);
    from += length;
  }
  return svg;
}

function line(place, top, bottom, voice) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", `M${place * STEP + 2} ${top.toFixed(1)}V${bottom.toFixed(1)}`);
  path.classList.add(`v${voice}`);
  return path;
}
