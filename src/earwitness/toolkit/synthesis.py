"""Text to speech, of any length: sentence by sentence, joined without clicks, and written while it is spoken.

    from earwitness.toolkit import synthesis

    synthesis.write("Hello, this is a test.", "hello.mp3")

An engine says one sentence at a time (`earwitness.engines.base.Synthesizer`). Each fades in and out over a few
milliseconds, so that no join clicks, and fixed pauses come between; memory does not grow with the text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from earwitness import engines
from earwitness.errors import ModelError, ScriptError
from earwitness.exports.reading import title
from earwitness.options import SpeechOptions
from earwitness.toolkit import encoding, timbres
from earwitness.toolkit.tempo import stretched
from earwitness.toolkit.utterances import Utterance, utterances
from earwitness.types import Audio, Seconds, Summary, Transcript
from earwitness.units import to_samples, to_seconds

if TYPE_CHECKING:
    from earwitness.engines.base import Synthesizer
    from earwitness.types import FloatArray

MOST_CHARACTERS = 5_000_000
"""Some four days of speech; a longer text is a mistake."""
PEAK = 10 ** (-1 / 20)
"""Louder sentences are made softer, to 1 dB below full scale: files that lose something overshoot a little."""
FADE_S = 0.005

_SHOWN = 20

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the characters that have been spoken, and how many there are."""

_DEFAULTS = SpeechOptions()


@dataclass(frozen=True)
class Spoken:
    """A file with speech in it, made of so many utterances; `warnings` say what was left out."""

    path: Path
    duration: Seconds
    utterances: int
    warnings: tuple[str, ...] = ()


def synthesizer(options: SpeechOptions = _DEFAULTS) -> Synthesizer:
    """What speaks. Whoever says several texts makes it once, and hands it to the functions below as `engine`.

    Raises:
        OptionError: there is no such engine or voice.
        ModelError, ExtraError: what it needs cannot be had.
    """
    return engines.synthesizer(options, timbres.find(options))


def blocks(
    text: str,
    options: SpeechOptions = _DEFAULTS,
    *,
    engine: Synthesizer | None = None,
    progress: Progress | None = None,
) -> Iterator[FloatArray]:
    """What is said, sentence by sentence, while it is made: float32 (n,) each, at the engine's rate, peaks below 1.

    Args:
        text: blank lines end paragraphs; markup is read out.
        options: with an engine given, only `speed` is heeded.
        engine: what speaks.
        progress: called after each block.

    Raises:
        ScriptError: there is nothing to say, or far too much.
        OptionError, ModelError: as `synthesizer`; also while the blocks are made.

    >>> pieces = list(blocks("Hello. Who is there?"))
    >>> len(pieces), sum(map(len, pieces)) == len(say("Hello. Who is there?").samples)
    (2, True)
    """
    engine = engine or synthesizer(options)
    return _spoken(_utterances(text, engine), engine, options.speed, progress)


def say(text: str, options: SpeechOptions = _DEFAULTS, *, engine: Synthesizer | None = None) -> Audio:
    """The whole of what `blocks` makes, with a warning where letters or digits had to be left out.

    >>> say("Hello, this is a test.").sample_rate
    22050
    """
    engine = engine or synthesizer(options)
    samples = np.concatenate(list(blocks(text, options, engine=engine)))
    return Audio(samples, engine.sample_rate, left_out(engine.missing(text)))


def write(
    text: str,
    path: str | Path,
    options: SpeechOptions = _DEFAULTS,
    *,
    engine: Synthesizer | None = None,
    progress: Progress | None = None,
) -> Spoken:
    """Writes what `blocks` makes to a file, of the kind that its ending says: see `earwitness.toolkit.encoding.FORMS`.

    The file is there when it is whole; whatever stops it leaves what was there before.

    Raises:
        OptionError: another ending; and as `blocks`.
        StorageError: it cannot be written.
    """
    path = Path(path)
    encoding.form_of(path)  # before a model is loaded for nothing
    engine = engine or synthesizer(options)
    said = _utterances(text, engine)
    length = encoding.write(_spoken(said, engine, options.speed, progress), engine.sample_rate, path)
    duration = to_seconds(length, engine.sample_rate)
    return Spoken(path, duration, len(said), left_out(engine.missing(text)))


def left_out(missing: Collection[str]) -> tuple[str, ...]:
    """A line that says which letters and digits were left out, where there are any.

    >>> left_out({"7", "é"})
    ('the voice has no sound for 7 é, and leaves them out; write them as it would read them',)
    """
    shown = sorted(missing)
    more = " ..." if len(shown) > _SHOWN else ""
    line = f"the voice has no sound for {' '.join(shown[:_SHOWN])}{more}, and leaves them out; "
    return (f"{line}write them as it would read them",) if shown else ()


def summary_text(transcript: Transcript) -> str:
    """What to read aloud of a transcript: its title, its summary, and each chapter's title and summary.

    Sentences that their evidence does not bear out (`unsupported`) are not read: nobody could hear the mark.

    Raises:
        ScriptError: it has no summary.
    """
    parts = [title(transcript), _sound(transcript.summary)]
    if len(transcript.chapters) > 1:
        for chapter in transcript.chapters:
            parts += [chapter.title, _sound(chapter.summary)] if _sound(chapter.summary) else []
    if not any(parts[1:]):
        raise ScriptError(f"{transcript.source.name}: no summary to read; make one with `earwitness summarize`")
    return "\n\n".join(filter(None, parts))


def _sound(summary: Summary | None) -> str:
    return " ".join(one.text for one in summary.sentences if not one.unsupported) if summary else ""


def _utterances(text: str, engine: Synthesizer) -> list[Utterance]:
    if len(text) > MOST_CHARACTERS:
        raise ScriptError(f"a text of {len(text):,} characters is too long; give {MOST_CHARACTERS:,} at most")
    found = utterances(text, engine.language, engine.fits)
    if not found:
        raise ScriptError("there is nothing to say: the text has no letter or digit; give one that has")
    return found


def _spoken(
    said: Sequence[Utterance], engine: Synthesizer, speed: float, progress: Progress | None
) -> Iterator[FloatArray]:
    """Each utterance with the pause after it."""
    slowest, fastest = engine.speeds
    own = min(max(speed, slowest), fastest)
    total, done, heard = sum(len(one.text) for one in said), 0, False
    for one in said:
        samples = _smooth(stretched(_checked(engine, one.text, own), engine.sample_rate, speed / own), engine)
        done += len(one.text)
        if len(samples):
            heard = True
            pause = np.zeros(to_samples(one.pause_s, engine.sample_rate), np.float32)
            yield np.concatenate((samples, pause))
        if progress is not None:
            progress(done, total)
    if not heard:
        raise ScriptError(f"{engine.name} ({engine.model}) has no sound for any of this text; choose another voice")


def _checked(engine: Synthesizer, text: str, speed: float) -> FloatArray:
    samples = engine.speak(text, speed)
    if not np.isfinite(samples).all():
        raise ModelError(
            f"{engine.model}: what it says of {text[:40]!r} is not all numbers; try --dtype float32, or another model"
        )
    return samples


def _smooth(samples: FloatArray, engine: Synthesizer) -> FloatArray:
    """Fades at both ends, half a cosine each, and no sample above `PEAK`."""
    peak = float(np.abs(samples).max(initial=0.0))
    samples = samples * np.float32(min(1.0, PEAK / peak) if peak else 1.0)
    count = min(to_samples(FADE_S, engine.sample_rate), len(samples) // 2)
    if count:
        rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)).astype(np.float32)
        samples[:count] *= rise
        samples[-count:] *= rise[::-1]
    return samples
