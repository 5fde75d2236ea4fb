"""Speaks examples/episode.txt with espeak-ng: examples/episode.flac and, beside it, its exact truth.

    pip install 'earwitness[tts]'
    python scripts/make_episode.py

The truth (episode.truth.json) comes from the synthesiser's own events: every word with the time it begins and who says
it, every turn, every chapter.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "training" / "demo_model"))

from speech import SAMPLE_RATE, say  # noqa: E402

SCRIPT = ROOT / "examples" / "episode.txt"
TURN_PAUSE_S = 0.55
CHAPTER_PAUSE_S = 1.2
NOISE_RMS = 0.0001


@dataclass(frozen=True)
class Voice:
    """An espeak-ng voice, its rate in words a minute, its pitch (0 to 99), and its loudness."""

    name: str
    rate_wpm: int
    pitch: int
    gain: float


CAST = {
    "Host": Voice("en-us+f4", 165, 55, 0.9),
    "Guest": Voice("en-us+m3", 155, 42, 0.8),
    "Listener": Voice("en-gb-scotland+m2", 170, 62, 0.5),
}


def main() -> None:
    pieces, truth, at, number = [], {"words": [], "turns": [], "chapters": []}, 0.4, 0
    pieces.append(np.zeros(round(at * SAMPLE_RATE), np.float32))
    for line in SCRIPT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            truth["chapters"].append({"start": round(at, 3), "title": line[3:]})
            continue
        if ": " not in line or line.startswith("#"):
            continue
        speaker, text = line.split(": ", 1)
        voice = CAST[speaker]
        samples, words = say(text, voice.name, voice.rate_wpm, voice.pitch)
        end = at + len(samples) / SAMPLE_RATE
        truth["turns"].append({"start": round(at, 3), "end": round(end, 3), "speaker": speaker, "text": text})
        for word in words:
            spoken = re.match(r"\S+", text[word.offset :])
            truth["words"].append({"word": spoken[0], "start": round(at + word.start, 3), "speaker": speaker})
        number += 1
        pause = TURN_PAUSE_S if number % 3 else CHAPTER_PAUSE_S
        pieces += [samples * voice.gain, np.zeros(round(pause * SAMPLE_RATE), np.float32)]
        at += sum(map(len, pieces[-2:])) / SAMPLE_RATE
    sound = np.concatenate(pieces)
    sound += np.random.default_rng(0).normal(0, NOISE_RMS, len(sound)).astype(np.float32)
    write_flac(SCRIPT.with_suffix(".flac"), sound)
    SCRIPT.with_name("episode.truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    print(f"{len(sound) / SAMPLE_RATE:.0f} s, {len(truth['words'])} words, {len(truth['turns'])} turns")


def write_flac(path: Path, samples: np.ndarray) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono", options={"compression_level": "12"})
        whole = np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
        for start in range(0, len(whole), 4096):
            frame = av.AudioFrame.from_ndarray(whole[None, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
