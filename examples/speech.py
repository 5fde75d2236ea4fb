r"""Text to speech: a file from a text, a summary read aloud, and speech sentence by sentence, as it is made.

    python examples/speech.py [TEXT]

Needs: espeakng_loader
Prints:
    hello\.mp3: 1\.\d\d s, 1 sentence\(s\)
    summary\.flac: \d+\.\d\d s, 6 sentence\(s\)
    the first of 2 sentences came after a part of the work: 22050 samples a second, peak 0\.\d\d
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from earwitness.exports import json
from earwitness.options import SpeechOptions
from earwitness.toolkit import synthesis
from earwitness.types import Summary, SummarySentence

EPISODE = Path(__file__).parent / "episode.json"


def main(text: str = "Hello, this is a test.") -> None:
    spoken = synthesis.write(text, "hello.mp3")
    print(f"{spoken.path}: {spoken.duration:.2f} s, {spoken.utterances} sentence(s)")

    # This transcript is the truth of a made-up episode and has no summary: its first sentences stand for one here.
    transcript = json.read(EPISODE)
    sentences = tuple(SummarySentence(one.text, (one.id,), 1.0) for one in transcript.segments[:5])
    aloud = synthesis.summary_text(replace(transcript, summary=Summary(sentences)))
    british = SpeechOptions(voice="en-gb-scotland+m2", speed=1.2)
    spoken = synthesis.write(aloud, "summary.flac", british)
    print(f"{spoken.path}: {spoken.duration:.2f} s, {spoken.utterances} sentence(s)")

    engine = synthesis.synthesizer()  # SpeechOptions("speecht5", voice="me.wav") and "vits" go the same way
    blocks = synthesis.blocks("One sentence. And another one.", engine=engine)
    first, *rest = blocks
    print(
        f"the first of {1 + len(rest)} sentences came after a part of the work: {engine.sample_rate} samples a second, "
        f"peak {np.abs(first).max():.2f}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
