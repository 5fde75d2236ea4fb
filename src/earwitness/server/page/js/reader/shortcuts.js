// The keys of the reader.

import { selectedWords } from "./correct.js";
import { rename } from "./people.js";

/** The shortcuts of a reader. */
export function shortcuts(reader) {
  const { reading, corrections, dock, finder, review, pane } = reader;
  const { player } = reading;
  const word = (step) => () => {
    const index = Math.max(0, Math.min(reading.model.words.length - 1, reading.word + step));
    if (reading.model.words.length) reading.seek(index);
  };
  const sentence = (step) => () => {
    const next = reading.model.segments[Math.max(0, (reading.segment?.index ?? 0) + step)];
    if (next) reading.seek(next.first);
  };
  const select = (step) => {
    const { first, end_ } = selectedWords() ?? { first: reading.word, end_: reading.word };
    pane.select({ first, end_: Math.max(first + 1, Math.min(reading.model.words.length, end_ + step)) });
  };
  const speaks = () => pane.wordElement(reading.word) ?? dock.playButton;
  const all = [
    { keys: [" ", "k"], does: "Play or pause", run: () => player.toggle() },
    { keys: ["j"], does: "15 seconds back", run: () => dock.jump(-15) },
    { keys: ["l"], does: "15 seconds forward", run: () => dock.jump(15) },
    {
      keys: ["ArrowLeft", "ArrowRight"],
      does: "5 seconds back, forward",
      run: (event) => dock.jump(event.key === "ArrowLeft" ? -5 : 5),
    },
    { keys: [",", "."], does: "The word before, the next one", run: (event) => word(event.key === "," ? -1 : 1)() },
    {
      keys: ["[", "]"],
      does: "The sentence before, the next one",
      run: (event) => sentence(event.key === "[" ? -1 : 1)(),
    },
    {
      keys: ["-", "+", "="],
      shown: ["-", "+"],
      does: "Slower, faster",
      run: (event) => player.changeSpeed(event.key === "-" ? -1 : 1),
    },
    {
      keys: ["<", ">"],
      does: "Select one word less, one more",
      run: (event) => select(event.key === "<" ? -1 : 1),
    },
    { keys: ["f"], does: "Follow what is spoken, or not", run: () => pane.follow(!pane.isFollowing) },
    {
      keys: ["n", "N"],
      shown: ["n", "Shift+N"],
      does: "The next doubtful place, the one before",
      run: (event) => review.step(event.key === "n" ? 1 : -1),
    },
    { keys: ["/"], does: "Find in this transcript", run: () => finder.focus() },
    { keys: ["Escape"], does: "Leave, close, select nothing", run: () => reader.leave() },
  ];
  if (reading.source.isShared)
    all.push({ keys: ["y"], does: "Copy a link to this time, or to what is selected", run: () => reader.copy() });
  return reading.source.isEditable
    ? [
        ...all,
        {
          keys: ["e"],
          does: "Edit the sentence",
          run: () => corrections.edit(undefined, Math.max(reading.word, reading.segment?.first ?? 0)),
        },
        {
          keys: ["s"],
          does: "Give the sentence, or what is selected, to a speaker",
          run: () => corrections.give(speaks()),
        },
        {
          keys: ["r"],
          does: "Rename the speaker",
          run: () => reading.segment?.speaker && rename(reading, reading.segment.speaker),
        },
        { keys: ["c"], does: "Cut the sentence before this word", run: () => corrections.cut() },
        { keys: ["m"], does: "Join the sentence with the next one", run: () => corrections.join() },
        { keys: ["u"], does: "Undo the last correction", run: () => corrections.undo() },
      ]
    : all;
}
