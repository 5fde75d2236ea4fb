"""Prints the first lines of a transcript and its summary: the end of `make demo`."""

from __future__ import annotations

import sys
from pathlib import Path

from earwitness.exports.json import read
from earwitness.units import short_clock

TURNS = 5


def main() -> None:
    path = Path(sys.argv[1])
    transcript = read(path)
    print(f"\nThe first turns of {path.with_suffix('.txt')}:\n")
    for turn in transcript.turns[:TURNS]:
        text = " ".join(transcript.segments[index].text for index in turn.segments)
        print(f"  [{short_clock(turn.start)}] {transcript.name_of(turn.speaker)}: {text}")
    print("\nChapters:\n")
    for chapter in transcript.chapters:
        print(f"  {short_clock(chapter.start):>5}  {chapter.title}")
    print("\nSummary, every sentence with the second it rests on:\n")
    for sentence in transcript.summary.sentences if transcript.summary else ():
        times = ", ".join(short_clock(transcript.segments[index].start) for index in sentence.evidence)
        print(f"  - {sentence.text} [{times}]")
    print(f"\nTo read it: open {path.with_suffix('.html').resolve()}")


if __name__ == "__main__":
    main()
