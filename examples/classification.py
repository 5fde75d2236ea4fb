r"""What a recording is of, and when: rain, a chord, and people who talk.

    python examples/classification.py [AUDIO] [MODEL]

MODEL is builtin, or a checkpoint for audio classification of transformers, a folder or a hub id.

Prints:
    the whole: (\w+ 0\.\d\d(, )?){3}
    0\.0 - \d+\.\d s  noise .*
    \d+\.\d - \d+\.\d s  music .*
    \d+\.\d - 30\.0 s  speech .*
"""

import sys
from pathlib import Path

import numpy as np

from earwitness.audio import load
from earwitness.engines import sound_classifier
from earwitness.toolkit.classification import listen
from earwitness.types import Audio

EPISODE = Path(__file__).parent / "episode.flac"


def made_up(rate: int) -> Audio:
    """Ten seconds each of rain, a chord that is struck twice a second, and the example episode."""
    times = np.arange(10 * rate) / rate
    rain = np.random.default_rng(0).normal(0, 0.05, len(times))
    notes = sum(np.sin(2 * np.pi * hz * times * n) / n for hz in (262, 330, 392, 523) for n in (1, 2, 3))
    chord = 0.05 * notes * np.exp(-4 * (times % 0.5))
    talk = load(EPISODE, sample_rate=rate).between(0, 10)
    return Audio(np.concatenate([rain, chord, talk]).astype(np.float32), rate)


classifier = sound_classifier(sys.argv[2] if len(sys.argv) > 2 else "builtin")
rate = classifier.sample_rate
timeline = listen(load(sys.argv[1], sample_rate=rate) if len(sys.argv) > 1 else made_up(rate), classifier)
print("the whole:", ", ".join(f"{found.label} {found.score:.2f}" for found in timeline.top(3)))
for event in timeline.events(threshold=0.5, min_length_s=1.0):
    print(f"{event.start:.1f} - {event.end:.1f} s  {event.label} ({event.score:.2f})")
