"""Diarizes what it is given on the standard input by whichever earwitness can be imported, an older one perhaps.

A line in is the path of an array of samples and the number of speakers; a line out, all turns with that number given
and with it estimated. Nothing but what every version has may be imported here.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from earwitness import engines
from earwitness.options import SpeakerOptions
from earwitness.regions import detect
from earwitness.speakers import diarize
from earwitness.types import Audio


def main() -> None:
    embedder, detector = engines.embedder(sys.argv[1]), engines.detector()
    for line in sys.stdin:
        path, speakers = json.loads(line)
        audio = Audio(np.load(path))
        regions = detect(audio, detector)
        found = [diarize(audio, regions, embedder, SpeakerOptions(speakers=known)) for known in (speakers, None)]
        # Earlier versions give the turns alone.
        talks = [getattr(answer, "turns", answer) for answer in found]
        print(json.dumps([[(turn.start, turn.end, turn.speaker) for turn in turns] for turns in talks]), flush=True)


if __name__ == "__main__":
    main()
