"""Ears on a stream: blocks of sound in, words out while they are still being said.

    blocks -> regions as they end -> hypotheses that agree -> final words -> who said them

Speech that is going on is heard again with every second that is added, and a word is final when two successive
hypotheses agree on it (`earwitness.agreement`). When a region ends (`earwitness.endpoints`), it is heard once more as
`earwitness transcribe` would hear it: in one window with the regions before it, with second hearings where something
is wrong. What that says is kept, so that the transcript at the end, which is a batch run's, hears nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from earwitness.agreement import Agreement
from earwitness.blocks import at_16_khz, sane
from earwitness.endpoints import Endpoints
from earwitness.guards import doubts_of, is_silence
from earwitness.online_speakers import OnlineSpeakers
from earwitness.onsets import from_their_sound
from earwitness.options import Options
from earwitness.pipeline import Engines, Stages
from earwitness.recent import PIECE_S, Recent
from earwitness.regions import pack, split
from earwitness.repair import Heard
from earwitness.types import Region, Seconds, Word
from earwitness.units import SAMPLE_RATE_HZ, to_seconds
from earwitness.windows import Window, in_file, name_of, whole_words
from earwitness.words import MIN_LANGUAGE_S, hear, spoken

if TYPE_CHECKING:
    from earwitness.types import FloatArray

STEP_S = 1.0
"""So much more speech asks for a new hypothesis."""
REACH_S = 10.0
"""Where an engine has no window, a hypothesis hears so much at most, from the last final word on."""
BEHIND_S = 10.0
"""Who is given so much at once is late, and does without hypotheses until it has caught up."""
FORGOTTEN_S = 60.0
"""What may or may not become speech for so long is heard by the transcript at the end only."""


@dataclass(frozen=True)
class Partial:
    """What may be being said: words after the last final one. Each replaces the one before.

    `at` is the time at which this was known, in seconds of the stream.
    """

    words: tuple[Word, ...]
    at: Seconds


@dataclass(frozen=True)
class Final:
    """Words that stay as they are, in order of time; with their speaker, where the speech they are in has ended.

    `at` is the time at which this was known, in seconds of the stream: the lag of a word is that less its end.
    """

    words: tuple[Word, ...]
    at: Seconds


@dataclass(frozen=True)
class Closed:
    """Speech that has ended, from `start` to `end`: all its words are final, and this speaker's.

    `words` are what it says when it is heard whole. Where that is something else than the final words, which were
    heard before its end, it is the better text, and nearer to the transcript. The speaker is none where speakers are
    not told apart, or only by an engine that wants the whole recording.
    """

    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    speaker: str | None
    at: Seconds


Event: TypeAlias = Partial | Final | Closed


def listen(
    blocks: Iterable[FloatArray],
    engines: Engines,
    options: Options | None = None,
    *,
    sample_rate: int = SAMPLE_RATE_HZ,
    now: Callable[[], Seconds] | None = None,
) -> Iterator[Event]:
    """Words while they are being said.

    The blocks may come from anywhere: a file, a queue that a WebSocket fills, or an `earwitness.tape.Tape`, which
    loses nothing where the sound comes faster than it is heard. The next block is asked for when all before was
    heard, so a slow engine is given longer ones, and makes fewer hypotheses.

    Args:
        blocks: mono sound, float32 (n,), in [-1, 1]; a tenth of a second each is sensible. What is not finite is taken
            as silence.
        engines: the recogniser, the detector, and the embedder that tells voices apart.
        options: as for `earwitness.transcribe`; by default its own.
        sample_rate: of the blocks, in hertz.
        now: the time of the stream, `Tape.now` for one; by default what was heard so far, so that lags leave out the
            time that hearing takes.

    Yields:
        `Partial`, `Final` and `Closed` events, in the order in which they are known.

    Raises:
        OptionError: a block that is not mono, or no sample rate.
        ModelError: a model cannot be had.

    >>> from earwitness.audio import load
    >>> from earwitness.engines.fake import Fake
    >>> options = Options.of(language="en", diarize=False)
    >>> sound = load("examples/episode.flac").between(0.0, 8.0)
    >>> blocks = (sound[first : first + 1600] for first in range(0, len(sound), 1600))
    >>> events = list(listen(blocks, Engines(options, recognizer=Fake()), options))
    >>> print(*(word.word for event in events if isinstance(event, Final) for word in event.words)) # doctest: +ELLIPSIS
     one  two  three ...
    """
    return Listening(engines, options or Options(), now).events(blocks, sample_rate)


class Listening:
    """One stream that is listened to, and then the way to its transcript.

        listening = Listening(engines, options)
        for event in listening.events(blocks): ...
        stages = Stages(source, options, checkpoints)  # of the recording of these blocks
        listening.tell(stages)
        transcript = transcript_of(stages, engines)

    `known` has what whole windows said; `warnings`, after the last event, what was wrong with the sound.
    """

    def __init__(self, engines: Engines, options: Options, now: Callable[[], Seconds] | None = None) -> None:
        self.known: dict[str, Heard] = {}
        self.warnings: tuple[str, ...] = ()
        self._engines, self._options = engines, options
        self._sound = Recent()
        self._now = now or (lambda: self._sound.seconds)
        self._ends = Endpoints(engines.detector.frame_s, options.regions)
        self._window: Window = ()
        self._waiting: list[tuple[Region, Agreement]] = []
        """What of the window has ended and was not heard since."""
        self._agreement, self._cut, self._heard_to = Agreement(), 0.0, 0.0
        """Of the region that is going on: its words, where it begins if it was cut, and what was heard of it."""
        self._language = options.words.language
        self._speakers = OnlineSpeakers(engines.embedder, options.speakers) if engines.embedder else None
        self._damaged, self._looked_at = 0, 0.0

    def load(self) -> None:
        """Loads the models, which would be done when they are first asked."""
        second = np.zeros(SAMPLE_RATE_HZ, np.float32)
        self._engines.detector.probabilities([second])
        options = replace(self._options.words, language=self._language or "en", beam_size=1)
        self._engines.recognizer.recognize([second], options)
        if self._engines.embedder:
            self._engines.embedder.embed(second, [Region(0.0, 1.0)])

    def events(self, blocks: Iterable[FloatArray], sample_rate: int = SAMPLE_RATE_HZ) -> Iterator[Event]:
        """As `listen`."""
        detector, heard, rest = self._engines.detector, 0.0, np.zeros(0, np.float32)
        for probabilities in detector.frames(self._taken(at_16_khz(map(self._sane, blocks), sample_rate))):
            new_s, heard = self._sound.seconds - heard, self._sound.seconds
            if not new_s:  # after the last block
                rest = np.concatenate([rest, probabilities])
                continue
            for region in self._ends.feed(probabilities):
                yield from self._end(region)
            yield from self._hear_window()
            yield from self._go_on(late=new_s > BEHIND_S)
            self._forget()
        for region in self._ends.finish(self._sound.seconds, rest):
            yield from self._end(region)
        yield from self._hear_window()
        if self._damaged:
            self.warnings = (f"{self._damaged} samples that are not sensible numbers are taken as silence",)

    def _sane(self, block: FloatArray) -> FloatArray:
        block, damaged = sane(block)
        self._damaged += damaged
        return block

    def _taken(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        for block in blocks:
            if len(block):
                self._sound.append(block)
                yield block

    # Speech that has ended

    def _end(self, region: Region) -> Iterator[Event]:
        region = replace(region, start=max(region.start, self._cut))
        if region.duration <= 0:
            return
        for piece in split(self._sound, region, self._options.regions.max_region_s):
            yield from self._add(piece)
        self._agreement, self._heard_to = Agreement(), 0.0

    def _add(self, piece: Region) -> Iterator[Event]:
        """Puts a piece into the window, and hears that first if it is full: as `regions.pack` fills windows."""
        together = pack((*self._window, piece), self._engines.recognizer.window_s)
        if len(together) > 1:
            yield from self._hear_window()
            self._window = ()
        self._window = (*self._window, piece)
        self._waiting.append((piece, self._agreement))
        self._cut = piece.end

    def _hear_window(self) -> Iterator[Event]:
        """Hears the window as it is, and tells what its new pieces say."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        language = self._spoken(self._sound.between(self._window[0].start, self._window[0].end))
        recognizer, options = self._engines.recognizer, self._options.words
        (_, heard), *_ = hear(self._sound, [self._window], recognizer, options, language)
        self.known.pop(name_of(self._window[: -len(waiting)]), None)
        self.known[name_of(self._window)] = heard
        words = from_their_sound(self._sound, self._window, heard.words)
        for piece, agreement in waiting:
            own = [word for word in words if piece.start <= word.start < piece.end]
            yield from self._close(piece, agreement, own)

    def _close(self, piece: Region, agreement: Agreement, words: Sequence[Word]) -> Iterator[Event]:
        """Tells what a piece says that was heard whole, and who says it."""
        speaker = self._speakers.speaker(self._sound.between(piece.start, piece.end)) if self._speakers else None
        words = tuple(replace(word, speaker=speaker) for word in words)
        if rest := agreement.closed(words):
            yield Final(rest, self._now())
        yield Closed(piece.start, piece.end, words, speaker, self._now())

    # Speech that goes on

    def _go_on(self, *, late: bool) -> Iterator[Event]:
        """Makes a hypothesis of the region that has not ended, if there is enough new in it."""
        region = self._ends.going_on
        if region is None:
            return
        region = replace(region, start=max(region.start, self._cut), end=self._sound.seconds)
        for piece in split(self._sound, region, self._options.regions.max_region_s)[:-1]:
            yield from self._add(piece)
            region = replace(region, start=piece.end)
        yield from self._hear_window()
        if not late and region.end - max(region.start, self._heard_to) >= STEP_S:
            self._heard_to = region.end
            yield from self._guess(region)

    def _guess(self, region: Region) -> Iterator[Event]:
        agreement, recognizer = self._agreement, self._engines.recognizer
        if region.duration > (recognizer.window_s or REACH_S) and agreement.final:
            region = replace(region, start=max(region.start, agreement.final[-1].start))
        samples = self._sound.between(region.start, region.end)
        options = replace(self._options.words, language=self._spoken(samples))
        (result,) = recognizer.recognize([samples], options)
        said = whole_words(result.words)
        if recognizer.temperatures and (is_silence(result) or doubts_of(replace(result, words=said), region.duration)):
            return  # whoever is not sure waits for more
        words = from_their_sound(self._sound, [region], in_file((region,), said))
        final = agreement.heard(words)
        if final:
            yield Final(final, self._now())
        if agreement.open:
            yield Partial(agreement.open, self._now())

    def _spoken(self, samples: FloatArray) -> str:
        """The language that was given, or that of the first speech that is long enough to tell."""
        if self._language:
            return self._language
        (chances,) = self._engines.recognizer.languages([samples])
        language = max(chances, key=lambda code: chances[code])
        if to_seconds(len(samples)) >= MIN_LANGUAGE_S:
            self._language = language
        return language

    def _forget(self) -> None:
        """Keeps the sound of the window, and of what may still become part of one."""
        if self._sound.seconds < self._looked_at + PIECE_S:
            return
        self._looked_at = self._sound.seconds
        after = max(self._cut, self._ends.undecided_from) if self._ends.going_on else self._ends.undecided_from
        if after < self._sound.seconds - FORGOTTEN_S:
            after = self._cut = self._sound.seconds - FORGOTTEN_S
        self._sound.keep(self._window, after)

    # The end

    def tell(self, stages: Stages) -> None:
        """Tells what is known to the stages of the same recording (all of it, and nothing else)."""
        windows = pack(stages.regions(self._engines.detector), self._engines.recognizer.window_s)
        if any(name_of(window) in self.known for window in windows):
            language = spoken(stages.audio, windows, self._engines.recognizer, self._options.words)
            if language == self._language:
                stages.known = {**self.known, "language": language}
