// A transcript as it is read: words in one list, paragraphs, and what there is to check.

/** A longer turn is broken at its next sentence. */
const PARAGRAPH_CHARACTERS = 700;
/** Words that the recogniser, or whoever told the speakers apart, is less sure of are doubtful. */
const DOUBTFUL = 0.5;
const DOUBTFUL_SPEAKER = 0.7;
/** A turn's summary is shown where it is at most this share of the turn; a longer one saves no reading. */
const GIST_SHARE = 0.5;
const VOICES = 8;
/** Languages that are written without a space between words. */
const UNSPACED = new Set(["zh", "yue", "ja", "th", "lo", "my"]);

const UNSHOWN = /[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/;
const UNSHOWN_ALL = new RegExp(UNSHOWN, "g");

export const COVERAGE = {
  transcribed: "transcribed",
  repaired: "transcribed at a second hearing",
  dropped: "speech without words",
  silence: "silence",
  music: "music",
  noise: "noise",
};

/**
 * What the reader shows of a transcript JSON.
 *
 * `words` are all words in order, each with its `index`, `segment` (an index) and `paragraph` (likewise); a segment and
 * a paragraph have their words from `first` to before `end_`. `doubts` are runs of words `{first, end_, kind, sure}`.
 */
export function modelOf(transcript) {
  clean(transcript);
  const gap = UNSPACED.has(transcript.language) ? "" : " ";
  const speakers = speakersOf(transcript);
  const words = [];
  const segments = transcript.segments.map((segment, index) => {
    const first = words.length;
    for (const word of timedWords(segment, gap)) words.push({ ...word, index: words.length, segment: index });
    return { ...segment, index, first, end_: words.length };
  });
  const ids = new Map(segments.map((segment) => [segment.id, segment]));
  const chapters = transcript.chapters.map((chapter, index) => ({
    ...chapter,
    index,
    opening: chapter.segments.map((id) => ids.get(id)).find(Boolean) ?? null,
  }));
  const heard = heardBefore(transcript.events ?? [], segments);
  const paragraphs = paragraphsOf(transcript, segments, chapters, heard);
  for (const { index, first, end_ } of paragraphs)
    for (let place = first; place < end_; place++) words[place].paragraph = index;
  let latest = 0;
  const starts = Float64Array.from(words, ({ start }) => (latest = Math.max(latest, start)));
  return {
    transcript,
    gap,
    speakers,
    words,
    segments,
    chapters,
    paragraphs,
    starts,
    closing: heard.get(null) ?? [],
    duration: transcript.duration || transcript.source.duration,
    byId: (id) => ids.get(id) ?? null,
    speaker: (label) => speakers.find(({ id }) => id === label) ?? { id: label, name: label ?? "", voice: "unknown" },
    doubts: doubtsOf(segments, words),
  };
}

/** The last word that has begun at a time; -1 before the first. */
export function wordAt({ starts }, time) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The span of a sorted list `{start, end}` that a time lies in, or null. */
export function spanAt(spans, time) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].start <= time) low = middle + 1;
    else high = middle;
  }
  return low && time < spans[low - 1].end ? spans[low - 1] : null;
}

/** The words from `first` to before `end_` as a text. */
export function textOf({ words }, first, end_) {
  return words
    .slice(first, end_)
    .map(({ text }) => text)
    .join("")
    .trim();
}

/** The title that a feed gives, or the recording's name. */
export function titleOf(transcript) {
  return transcript.episode?.title || transcript.source.name.replace(/\.[^./]*$/, "") || "Transcript";
}

/** A summary's sentences, each with the segments that it rests on. */
export function evidenceOf(model, summary) {
  return (summary?.sentences ?? []).map((sentence) => ({
    ...sentence,
    segments: sentence.evidence.map(model.byId).filter(Boolean),
  }));
}

/**
 * Takes out of all texts what does not show, and what would turn round what stands about it: controls, embeddings and
 * overrides of direction.
 */
function clean(value) {
  for (const [key, one] of Object.entries(value))
    if (typeof one === "string") {
      if (UNSHOWN.test(one)) value[key] = one.replace(UNSHOWN_ALL, "");
    } else if (one && typeof one === "object") clean(one);
}

/** Colours go by the numbers in labels, where those have some: a speaker added later takes nobody's colour. */
function speakersOf({ speakers }) {
  const total = speakers.reduce((sum, { seconds }) => sum + seconds, 0);
  return speakers.map((speaker, index) => ({
    ...speaker,
    voice: `v${(speaker.id.match(/^SPEAKER_(\d+)$/)?.[1] ?? index) % VOICES}`,
    share: total ? speaker.seconds / total : 0,
  }));
}

/** A segment's words with the space before each; where they do not spell its text, those of the text in its time. */
function timedWords(segment, gap) {
  const words = segment.words.filter(({ word }) => word.trim()).map(({ word, ...rest }) => ({ ...rest, text: word }));
  const bare = (text) => text.replace(/\s+/g, "");
  if (bare(words.map(({ text }) => text).join("")) === bare(segment.text)) return words;
  const pieces = gap
    ? segment.text
        .trim()
        .split(/\s+/)
        .map((piece) => ` ${piece}`)
    : [...segment.text];
  const step = (segment.end - segment.start) / Math.max(1, pieces.join("").length);
  let at = segment.start;
  return pieces
    .filter((text) => text.trim())
    .map((text) => {
      const start = at;
      at += step * text.length;
      return { text, start, end: at, probability: 1, speaker_probability: null };
    });
}

function paragraphsOf(transcript, segments, chapters, heard) {
  const turns = new Map(transcript.turns.flatMap((turn) => turn.segments.map((id) => [id, turn])));
  const opens = new Map(chapters.filter(({ opening }) => opening).map((chapter) => [chapter.opening.id, chapter]));
  const paragraphs = [];
  for (const segment of segments) {
    const last = paragraphs.at(-1);
    const sameTurn =
      last && turns.get(segment.id) === turns.get(last.segments[0].id) && segment.speaker === last.speaker;
    if (sameTurn && last.characters < PARAGRAPH_CHARACTERS && !opens.has(segment.id) && !heard.has(segment)) {
      last.segments.push(segment);
      last.characters += segment.text.length;
    } else paragraphs.push({ segments: [segment], speaker: segment.speaker, characters: segment.text.length });
  }
  return paragraphs.map((paragraph, index) => {
    const [opening, closing] = [paragraph.segments[0], paragraph.segments.at(-1)];
    const chapter = opens.get(opening.id) ?? null;
    const events = heard.get(opening) ?? [];
    return {
      ...paragraph,
      index,
      chapter,
      events,
      start: opening.start,
      end: closing.end,
      first: opening.first,
      end_: closing.end_,
      more: !chapter && !events.length && index > 0 && paragraphs[index - 1].speaker === paragraph.speaker,
      gist: gistOf(turns.get(opening.id), opening, segments),
    };
  });
}

/** What else is heard, by the segment before which it begins; under null what begins after the last. */
function heardBefore(events, segments) {
  const heard = new Map();
  for (const event of events) {
    const next = segments.find(({ start }) => start >= event.start) ?? null;
    heard.set(next, [...(heard.get(next) ?? []), event]);
  }
  return heard;
}

function gistOf(turn, opening, segments) {
  if (!turn?.summary || turn.segments[0] !== opening.id) return null;
  const ids = new Set(turn.segments);
  let said = 0;
  for (let place = opening.index; place < segments.length && ids.has(segments[place].id); place++)
    said += segments[place].text.length;
  const told = turn.summary.sentences.reduce((sum, { text }) => sum + text.length + 1, -1);
  return told > 0 && told <= GIST_SHARE * said ? turn.summary : null;
}

function doubtsOf(segments, words) {
  const found = [];
  for (const { first, end_ } of segments)
    for (let place = first; place < end_; place++) {
      const { probability, speaker_probability: whose } = words[place];
      for (const [kind, sure] of [
        ["word", probability < DOUBTFUL && probability],
        ["speaker", whose !== null && whose !== undefined && whose < DOUBTFUL_SPEAKER && whose],
      ]) {
        if (sure === false) continue;
        words[place][kind === "word" ? "doubtful" : "doubtfulSpeaker"] = true;
        const run = found.findLast((one) => one.kind === kind);
        if (run && run.end_ === place && run.first >= first) {
          run.end_ = place + 1;
          run.sure = Math.min(run.sure, sure);
        } else found.push({ kind, first: place, end_: place + 1, sure });
      }
    }
  return found.sort((one, other) => one.first - other.first);
}
