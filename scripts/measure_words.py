"""Measures how many words get the right speaker, all of them and the two beside each change of speaker.

    python scripts/measure_words.py DATA [--set joined short] [--condition clean noise10 telephone mp3-24k]

Talk is that of `scripts/measure_speakers`, of two speakers or more, the number given. What the recogniser says is left
out of it: words of `WORD_S` lie evenly in every turn, and are given to whom `earwitness transcribe` would give them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).with_name("measure_speakers")))

from conditions import CLEAN, CONDITIONS
from earwitness import engines
from earwitness.attribution import assign
from earwitness.evaluation.diarization import diarization_error_rate
from earwitness.options import SpeakerOptions
from earwitness.regions import detect
from earwitness.speakers import diarize
from earwitness.types import Audio, Turn, Word
from sets import SETS, items_of
from systems import trained_on

WORD_S = 0.35
TALKS = 40


def words_in(turns: Sequence[Turn]) -> Iterator[Word]:
    for turn in turns:
        edges = np.linspace(turn.start, turn.end, max(1, round((turn.end - turn.start) / WORD_S)) + 1)
        for start, end in pairwise(edges.tolist()):
            yield Word(" word", start, end, 1.0, turn.speaker)


def right_words(audio: Audio, truth: Sequence[Turn]) -> tuple[list[bool], list[bool]]:
    """Of every word whether its speaker is right, and whether it is beside a change."""
    said = list(words_in(truth))
    options = SpeakerOptions(speakers=len({turn.speaker for turn in truth}))
    voices = diarize(audio, detect(audio, engines.detector()), engines.embedder("auto"), options)
    unsaid = [replace(word, speaker=None) for word in said]
    heard = assign(unsaid, voices.turns, voices.overlapping, voices.stretches)
    names = diarization_error_rate(truth, voices.turns, duration=audio.duration).mapping
    right = [names.get(str(guess.speaker)) == word.speaker for guess, word in zip(heard, said, strict=True)]
    changes = [one.speaker != next_.speaker for one, next_ in pairwise(said)]
    return right, [before or after for before, after in zip([False, *changes], [*changes, False], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--set", nargs="+", choices=("joined", "short"), default=["joined", "short"], dest="sets")
    parser.add_argument("--condition", nargs="+", choices=tuple(CONDITIONS), default=[CLEAN], dest="conditions")
    parser.add_argument("--seed", type=int, default=0, help="of the first talk; the others have the next ones")
    given = parser.parse_args()

    items = items_of(given.data, "asr", trained_on("builtin"))
    for name in given.sets:
        talks = [SETS[name][0](items, seed) for seed in range(given.seed, given.seed + TALKS)]
        for condition in given.conditions:
            right, beside = [], []
            for number, talk in enumerate(talks):
                if len({turn.speaker for turn in talk.turns}) > 1:
                    samples = CONDITIONS[condition](talk.samples, np.random.default_rng((given.seed, number)))
                    found, near = right_words(Audio(samples), talk.turns)
                    right, beside = right + found, beside + near
            near_right = np.array(right)[np.array(beside)]
            print(
                f"{name}, {condition}: beside a change {near_right.mean():.1%} of {len(near_right)}, "
                f"all {np.mean(right):.1%} of {len(right)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
