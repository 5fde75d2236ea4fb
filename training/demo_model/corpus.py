"""The sentences that are learned from: what they say, and their sound as log-mel power."""

from __future__ import annotations

import multiprocessing
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from earwitness.evaluation.synth.chatter import script
from earwitness.evaluation.synth.script import Line
from earwitness.evaluation.synth.sentences import sentence
from earwitness.units import SAMPLE_RATE_HZ
from mel import FRAMES_PER_SECOND, log_power
from phonemes import plain
from speech import VOICES, say

FIRST_SEED = 1000
SENTENCES_A_JOB, REPORT_JOBS = 250, 20
SHORTEST = SAMPLE_RATE_HZ // 8
TALK = 0.3
"""How much is what people say in made-up podcasts; the rest is from the grammar, whose words come in any order."""
TALK_HOURS, TALKERS = 0.3, (1, 4)


@dataclass(frozen=True, eq=False)
class Sentence:
    """A spoken sentence; `mel` has shape (80, frames), float16.

    `words` has the first character and the first frame of each word, `phonemes` the name and the first frame of each.
    """

    text: str
    voice: int
    mel: np.ndarray
    words: tuple[tuple[int, int], ...]
    phonemes: tuple[tuple[str, int], ...]


def corpus(folder: Path, count: int) -> list[Sentence]:
    """So many sentences less those too short, always the same; spoken once, then kept in a file in the folder."""
    path = folder / f"sentences-{count}.pickle"
    if path.exists():
        with path.open("rb") as file:
            found: list[Sentence] = pickle.load(file)
        return found
    sizes = [min(SENTENCES_A_JOB, count - at) for at in range(0, count, SENTENCES_A_JOB)]
    spoken: list[Sentence] = []
    with multiprocessing.get_context("spawn").Pool() as pool:
        for number, chunk in enumerate(pool.imap(_spoken, enumerate(sizes, FIRST_SEED)), 1):
            spoken += chunk
            if number % REPORT_JOBS == 0:
                print(f"{len(spoken)} of {count} sentences spoken", flush=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        pickle.dump(spoken, file, protocol=5)
    partial.replace(path)
    return spoken


def hours(sentences: Sequence[Sentence]) -> float:
    return sum(sentence.mel.shape[1] for sentence in sentences) / FRAMES_PER_SECOND / 3600


def made(text: str, voice: int, r: Random) -> Sentence:
    """The text in one of `VOICES`, at some rate and pitch."""
    speech = say(text, VOICES[voice], r)
    return Sentence(
        text,
        voice,
        log_power(speech.samples) if len(speech.samples) > SHORTEST else np.zeros((80, 0), np.float16),
        tuple((word.offset, round(word.start * FRAMES_PER_SECOND)) for word in speech.words),
        tuple((plain(sound.name), round(sound.start * FRAMES_PER_SECOND)) for sound in speech.phonemes),
    )


def _spoken(job: tuple[int, int]) -> list[Sentence]:
    seed, count = job
    r = Random(seed)
    talked = _talked(seed, r)
    texts = (r.choice(talked) if r.random() < TALK else sentence(r) for _ in range(count))
    spoken = (made(text, r.randrange(len(VOICES)), r) for text in texts)
    return [one for one in spoken if one.mel.shape[1]]


def _talked(seed: int, r: Random) -> list[str]:
    """All sentences of a made-up podcast."""
    lines = (item.text for item in script(TALK_HOURS, r.randint(*TALKERS), seed).items if isinstance(item, Line))
    return [said for line in lines for said in re.split(r"(?<=[.?]) ", line)]
