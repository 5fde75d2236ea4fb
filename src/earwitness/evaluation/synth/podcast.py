"""A script to a podcast, spoken by espeak-ng, and its exact truth.

The sound is made as it is written, line by line, so that hours of it take little memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from earwitness import __version__
from earwitness.engines import espeak
from earwitness.errors import OptionError
from earwitness.evaluation.synth import sound
from earwitness.evaluation.synth.episode import Episode as Episode
from earwitness.evaluation.synth.episode import encoding_of, write_blocks
from earwitness.evaluation.synth.episode import write as write
from earwitness.evaluation.synth.podcast_truth import transcript_of
from earwitness.evaluation.synth.script import (
    Gain,
    Heading,
    Item,
    Line,
    Music,
    Noise,
    Overlap,
    Pause,
    Room,
    Script,
    Telephone,
    Voice,
    voices_of,
)  # fmt: skip
from earwitness.types import EngineInfo, Progress, Region, Seconds, SourceInfo, Transcript, Word
from earwitness.units import rounded, to_samples, to_seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

LEAD_S = 0.4
"""Silence before the first turn."""
TURN_PAUSE_S = 0.6
"""Silence before every other one, and after the last, where the script does not say how long."""
MUSIC_FADE_S, NOISE_FADE_S = 0.5, 0.01
"""Music and noise come and go in this time, counted from where the script has them."""
_MARGIN = to_samples(0.005)
"""So much is heard of the silence before a turn: a resampler rings a little."""
_BLOCK = to_samples(60.0)
_MILLISECOND = to_samples(0.001)
"""A recording ends with a whole one, so that its truth, which counts in them, has its very length."""


def make(script: Script, *, seed: int = 0, progress: Progress | None = None) -> Episode:
    """Speaks a script. The same script and seed give the same samples; the seed decides on noise, rooms and music.

    The truth has a segment for every sentence with its words, in the order of their beginning, and a turn for every
    line of the script. A turn reaches from the first sound of its first word to the end of its last, so pauses are
    exactly as long as the script says. Echoes of a room are not part of it.

    Raises:
        ScriptError: a voice that espeak-ng does not have, or a line with nothing it can say.
        ExtraError: the extra `tts` is not installed.

    >>> from earwitness.evaluation.synth.script import parse
    >>> episode = make(parse("Ann: Good morning, Bob.\\nBob: Hello!", "short"))
    >>> [segment.text for segment in episode.truth.segments]
    ['Good morning, Bob.', 'Hello!']
    """
    studio = _Studio(script, seed, progress)
    return Episode(np.concatenate(list(studio.blocks())), studio.truth())


def record(script: Script, path: Path, *, seed: int = 0, progress: Progress | None = None) -> Transcript:
    """The files that `write` makes of what `make` makes, without ever holding the whole recording.

    Raises:
        ScriptError, OptionError, ExtraError, StorageError: as they do.
    """
    encoding_of(path)
    studio = _Studio(script, seed, progress)
    return write_blocks(studio.blocks(), studio.truth, path)


class _Tape:
    """What is being mixed: sound is laid on it at any place after what was taken off."""

    def __init__(self) -> None:
        self.start = 0
        self._samples = np.zeros(0, np.float32)

    @property
    def end(self) -> int:
        return self.start + len(self._samples)

    def lay(self, at: int, samples: FloatArray) -> None:
        first = at - self.start
        missing = first + len(samples) - len(self._samples)
        if missing > 0:
            self._samples = np.pad(self._samples, (0, missing))
        self._samples[first : first + len(samples)] += samples

    def take(self, until: int) -> FloatArray:
        """What lies before sample `until`, silence where there is nothing."""
        count = max(0, until - self.start)
        taken = np.pad(self._samples[:count], (0, max(0, count - len(self._samples))))
        self._samples = self._samples[count:]
        self.start += count
        return taken


class _Studio:
    """Works through a script once: `blocks` are the sound, and when they are at an end, `truth` is what was said.

    Positions are samples. `_here` is where what was said until now ends, and `_gap` goes between it and the next turn.
    """

    def __init__(self, script: Script, seed: int, progress: Progress | None) -> None:
        self._script, self._seed, self._progress = script, seed, progress
        self._voices = voices_of(script)
        self._languages = {speaker: _language(script, speaker, voice) for speaker, voice in self._voices.items()}
        self._tape = _Tape()
        self._here, self._gap = 0, to_samples(LEAD_S)
        self._begun = 0
        self._ends: dict[str, int] = {}
        self._gain_db, self._gains_db = 0.0, dict.fromkeys(self._voices, 0.0)
        self._on_telephone: set[str] = set()
        self._room_s: Seconds | None = None
        self._rooms: dict[str, FloatArray] = {}
        self._noise, self._noise_level = np.random.default_rng(seed), sound.Level(to_samples(NOISE_FADE_S))
        self._music, self._music_level = sound.music(self._rng("music")), sound.Level(to_samples(MUSIC_FADE_S))
        self._music_changes: list[tuple[int, bool]] = []
        self._heading: Heading | None = None
        self._chapters: list[tuple[Seconds, str]] = []
        self._said: list[tuple[Word, ...]] = []

    def _rng(self, *what: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, *"/".join(what).encode()])

    def blocks(self) -> Iterator[FloatArray]:
        total = sum(len(line.text) for line in self._script.lines)
        done = 0
        for item in self._script.items:
            if isinstance(item, Line):
                self._say(item)
                yield from self._finished(self._begun - _MARGIN)
                done += len(item.text)
                if self._progress:
                    seconds = to_seconds(self._here)
                    self._progress("speech", seconds, seconds * total / done)
            else:
                self._change(item)
        end = max(self._here + self._gap, self._tape.end)
        self._here = end + -end % _MILLISECOND
        if self._music_changes and self._music_changes[-1][1]:
            self._play(None, max(self._music_changes[-1][0], self._begun, self._here - to_samples(MUSIC_FADE_S)))
        yield from self._finished(self._here)

    def _say(self, line: Line) -> None:
        voice = self._voices[line.speaker]
        speech = espeak.speak(line.text, voice.name, rate_wpm=voice.rate_wpm, pitch=voice.pitch)
        if not speech.words:
            raise self._script.error(f"{voice.name} can say nothing of {line.text!r}; change the text", line.line)
        first = to_samples(speech.words[0].start)
        start = max(self._here + self._gap, self._begun, self._ends.get(line.speaker, 0))
        before = min(first, start, _MARGIN)
        self._tape.lay(start - before, self._heard(line.speaker, speech.samples[first - before :]))
        shift = to_seconds(start) - speech.words[0].start
        words = tuple(_placed(word, shift, line) for word in speech.words)
        self._said.append(words)
        self._open_chapter(start)
        end = to_samples(words[-1].end)
        self._begun, self._ends[line.speaker] = start, end
        self._here, self._gap = max(self._here, end), to_samples(TURN_PAUSE_S)

    def _heard(self, speaker: str, samples: FloatArray) -> FloatArray:
        """A speaker's voice as the recording has it."""
        gain_db = self._voices[speaker].gain_db + self._gain_db + self._gains_db[speaker]
        louder = samples * np.float32(sound.factor(gain_db))
        if speaker in self._on_telephone:
            return sound.telephone(louder)
        if self._room_s is None:
            return louder
        if speaker not in self._rooms:
            self._rooms[speaker] = sound.impulse_response(self._room_s, self._rng("room", speaker))
        return sound.reverberated(louder, self._rooms[speaker])

    def _change(self, item: Item) -> None:
        """What a directive changes."""
        match item:
            case Heading():
                self._heading = item
            case Pause(seconds=seconds):
                self._here, self._gap = self._here + to_samples(seconds), 0
            case Overlap(seconds=seconds):
                self._gap = -to_samples(seconds)
            case Gain(speaker=None, db=db):
                self._gain_db = db
            case Gain(speaker=str(speaker), db=db):
                self._gains_db[speaker] = db
            case Telephone(speaker=speaker, on=on):
                (self._on_telephone.add if on else self._on_telephone.discard)(speaker)
            case Room(seconds=room_s):
                self._room_s = room_s
                self._rooms.clear()
            case Noise(level_db=level_db):
                self._noise_level.change(self._here, _factor(level_db))
            case Music(level_db=level_db):
                self._play(level_db, self._here)

    def _play(self, level_db: float | None, at: int) -> None:
        self._music_level.change(at, _factor(level_db))
        self._music_changes.append((at, level_db is not None))
        if level_db is not None:
            self._open_chapter(at)

    def _open_chapter(self, at: int) -> None:
        if self._heading:
            self._chapters.append((to_seconds(at), self._heading.title))
            self._heading = None

    def _finished(self, until: int) -> Iterator[FloatArray]:
        """The sound before sample `until`, with noise and music; nothing comes to it any more."""
        while self._tape.start < until:
            start = self._tape.start
            block = self._tape.take(min(until, start + _BLOCK))
            noise, music = (level.over(start, len(block)) for level in (self._noise_level, self._music_level))
            if noise.any():
                block += noise * self._noise.standard_normal(len(block)).astype(np.float32)
            if music.any():
                block += music * self._music[np.arange(start, start + len(block)) % len(self._music)]
            yield block

    def truth(self) -> Transcript:
        """Everything that is true of the blocks, once they have come."""
        voices = dict.fromkeys(voice.name for voice in self._voices.values())
        versions = {"earwitness": __version__, "espeakng-loader": espeak.package_version()}
        duration = to_seconds(self._tape.start)
        return transcript_of(
            self._said,
            SourceInfo(self._script.name, "", duration),
            EngineInfo(espeak.NAME, ", ".join(voices), None, None, versions),
            languages=self._languages,
            chapters=self._chapters,
            music=self._music_spans(duration),
        )

    def _music_spans(self, duration: Seconds) -> list[Region]:
        """Where music plays, from its beginning until it has faded."""
        found: list[Region] = []
        began: int | None = None
        for at, plays in self._music_changes:
            if plays:
                began = at if began is None else began
            elif began is not None:
                end = rounded(to_seconds(at) + MUSIC_FADE_S)
                found.append(Region(rounded(to_seconds(began)), end if end < rounded(duration) else duration))
                began = None
        return found


def _placed(word: espeak.SpokenWord, shift: Seconds, line: Line) -> Word:
    """A word as Whisper writes it, with the white space before it."""
    space = " " if not word.offset or line.text[word.offset - 1].isspace() else ""
    return Word(space + word.text, word.start + shift, word.end + shift, 1.0, line.speaker, 1.0)


def _factor(level_db: float | None) -> float:
    return 0.0 if level_db is None else sound.factor(level_db)


def _language(script: Script, speaker: str, voice: Voice) -> str:
    try:
        return espeak.require_voice(voice.name)
    except OptionError as problem:
        raise script.error(f"the voice of {speaker}: {problem}", voice.line) from None
