r"""Find a jingle in an episode, offline: it is hidden under the talk twice, and searched for by example.

    python examples/matching.py

Prints:
    episode\.wav from 21\.\d s to 24\.\d s, similarity 0\.\d+
    episode\.wav from 80\.\d s to 83\.\d s, similarity 0\.\d+
    2 hits
"""

import tempfile
import wave
from pathlib import Path

import numpy as np

from earwitness import engines
from earwitness.audio import load
from earwitness.library.store import Library
from earwitness.options import PretrainedOptions
from earwitness.source import find
from earwitness.toolkit.sound_search import index, search, sound_queries

RATE = 16_000
EPISODE = Path(__file__).parent / "episode.flac"


def write(path: Path, samples: np.ndarray) -> str:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return str(path)


def complain(name: str, error: Exception) -> None:
    print(error)


times = np.arange(RATE // 4) / RATE
notes = [440, 554, 659, 880, 659, 554, 740, 880, 988, 740, 587, 440]
jingle = 0.3 * np.concatenate([np.sin(2 * np.pi * note * times) * np.exp(-6 * times) for note in notes])

with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library.sqlite") as library:
    samples = load(EPISODE).samples.copy()
    for second in (21, 80):
        samples[second * RATE : second * RATE + len(jingle)] += jingle
    theme, episode = write(Path(folder) / "theme.wav", jingle), write(Path(folder) / "episode.wav", samples)

    engine = engines.sound_embedder("builtin", PretrainedOptions())
    heard = index(library, find([episode]), engine, complain)  # kept: the next search does not listen again
    hits = search(library, sound_queries(find([theme]), engine, complain), engine, recordings=heard)

for hit in sorted(hits, key=lambda hit: hit.start):
    print(f"{hit.name} from {hit.start:.1f} s to {hit.end:.1f} s, similarity {hit.similarity:.2f}")
print(f"{len(hits)} hits")
