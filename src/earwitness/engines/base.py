"""What an engine must do. Stages know these protocols and nothing else of an engine.

Recordings in several threads share their engines: one that can do only one thing at a time keeps the others waiting.
To add one: a file here with a class that satisfies its protocol, and a row in the table of `earwitness.engines`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from earwitness.options import SpeakerOptions, WordOptions
from earwitness.types import Audio, Progress, Region, Seconds, Turn, Word

if TYPE_CHECKING:
    from earwitness.types import FloatArray


@dataclass(frozen=True)
class Recognized:
    """What a recogniser heard in one window; times in seconds of the window.

    `avg_logprob` is the natural log probability a token, `no_speech_prob` 0 to 1, `compression_ratio` that of the
    text under zlib (Whisper's mark of a loop is more than 2.4). `language` and `temperature` are those asked for.
    """

    words: tuple[Word, ...]
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    compression_ratio: float = 1.0
    language: str = "en"
    temperature: float = 0.0


class Recognizer(Protocol):
    """Speech to words."""

    name: str
    """As in the table and on the command line."""
    temperatures: Sequence[float]
    """What to try, in order, on a window that fails the checks; empty where trying again is of no use."""

    @property
    def window_s(self) -> float:
        """Windows are filled with regions up to this length; 0 asks for one region a window."""
        ...

    @property
    def model(self) -> str:
        """The size, folder or hub id that is used; `auto` has been decided."""
        ...

    @property
    def notice(self) -> str | None:
        """One line that the user must read, or none."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """Packages that do the work."""
        ...

    @property
    def ignores(self) -> Collection[str]:
        """The options of recognition that it cannot follow; the user is told."""
        ...

    def identity(self) -> str:
        """A text that changes whenever the same audio might come out differently."""
        ...

    def languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        """The probabilities of the languages that each window may be in, by ISO 639-1 code; one at least."""
        ...

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        """One result a window. Each window is float32 (n,) at 16 kHz, at most 30 s; `options.language` is set.

        An engine may keep what it computed of an array until that is gone: nobody changes the samples.
        """
        ...

    def token_ids(self, text: str) -> Sequence[int]:
        """The numbers of the tokens that a text is written in; none where the engine knows of no tokens."""
        ...


class SpeechDetector(Protocol):
    """Sound to the probability that somebody speaks."""

    name: str
    frame_s: float
    """Seconds between two probabilities."""

    def probabilities(self, blocks: Iterable[FloatArray]) -> FloatArray:
        """Shape (frames,), 0 to 1, over the blocks' samples (float32 at 16 kHz) taken as one recording."""
        ...

    def frames(self, blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """The same a piece at a time: what each block completes, when it is asked for, and at the end what is left."""
        ...


class VoiceEmbedder(Protocol):
    """Spans of speech to points: those of one voice lie close together.

    Distance is Euclidean; an embedder made for cosine distance returns rows of length one.
    """

    name: str
    window_s: float
    """The length of span it is made for."""

    def identity(self) -> str:
        """A text that changes whenever the same spans might become other points."""
        ...

    def embed(self, samples: FloatArray, spans: Sequence[Region]) -> FloatArray:
        """Shape (len(spans), d), finite. `samples` are a whole recording at 16 kHz."""
        ...


@dataclass(frozen=True)
class Stretch:
    """Speech without a pause; `chances` are the probabilities of the speakers whose it may be."""

    start: Seconds
    end: Seconds
    chances: Mapping[str, float]

    @property
    def speaker(self) -> str:
        """Whose it is most likely."""
        return max(self.chances, key=lambda label: self.chances[label])


@dataclass(frozen=True)
class Diarization:
    """Who speaks when.

    `turns` are sorted and disjoint, so that every word has one speaker. `overlapping` are all turns, of which several
    may be going on at once; none where the engine knows of one voice at a time only. `stretches`, sorted and disjoint,
    say how sure the turns are, by the same labels; none where the engine does not tell.
    """

    turns: tuple[Turn, ...] = ()
    overlapping: tuple[Turn, ...] = ()
    stretches: tuple[Stretch, ...] = ()


class Diarizer(Protocol):
    """Sound to turns: an engine that finds speech, voices and their number by itself."""

    name: str

    @property
    def versions(self) -> Mapping[str, str]:
        """Packages that do the work."""
        ...

    def identity(self) -> str:
        """A text that changes whenever the same audio might come out differently."""
        ...

    def diarize(self, audio: Audio, options: SpeakerOptions, progress: Progress | None = None) -> Diarization:
        """The turns of a recording, with the labels SPEAKER_00, SPEAKER_01, ... in order of first appearance."""
        ...


@dataclass(frozen=True)
class Line:
    """Something that was said, or that a summary says of it: what a summarizer reads.

    `id` is that of a segment, or a number by which an engine cites the line; `speaker` a name to show.
    """

    id: int
    text: str
    speaker: str | None = None


TaskKind = Literal["said", "episode", "speaker", "description"]


@dataclass(frozen=True)
class Task:
    """What a summarizer is asked for: at most so many `sentences` on `lines`.

    `kind` is what the lines are: a part of a recording as it was said, or sentences on all of it, on what one speaker
    (`speaker`) said, or those from which the one line that describes a recording is to be made. `language` is an
    ISO 639-1 code, or "und".
    """

    kind: TaskKind
    lines: tuple[Line, ...]
    sentences: int
    language: str
    speaker: str | None = None


@dataclass(frozen=True)
class Written:
    """A piece of text that an engine wrote, and the lines it cites for it; none where it cannot cite."""

    text: str
    cites: tuple[int, ...] = ()


class Summarizer(Protocol):
    """Lines to sentences of the engine's own."""

    name: str

    @property
    def model(self) -> str:
        """The folder, hub id or name that is used."""
        ...

    @property
    def notice(self) -> str | None:
        """One line that the user must read before the engine reads anything, or none."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """Packages that do the work."""
        ...

    @property
    def budget(self) -> int:
        """What the lines of one task may come to, by `size`."""
        ...

    def size(self, line: Line) -> int:
        """The tokens of a line, or a number that is not less."""
        ...

    def identity(self) -> str:
        """A text that changes whenever the same task might be answered otherwise: the model and the prompt."""
        ...

    def write(self, tasks: Sequence[Task]) -> Iterator[tuple[int, tuple[Written, ...] | None]]:
        """The place of each task and its answer, as they are reached, in any order.

        None instead of an answer where the task is too long for the model after all.

        Raises:
            ModelError: the model cannot be had, or does not answer sensibly.
        """
        ...


class SentenceEmbedder(Protocol):
    """Sentences to directions: those that mean the like point the like way."""

    name: str

    @property
    def versions(self) -> Mapping[str, str]:
        """Packages that do the work."""
        ...

    def identity(self) -> str:
        """A text that changes whenever the same sentence might get another embedding."""
        ...

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """An embedding a text: float32, shape (len(texts), d), rows of length 1.

        Raises:
            ModelError: the model cannot be had or run.
        """
        ...


@dataclass(frozen=True, eq=False)
class SoundEmbedding:
    """A window of sound as points: `clip`, float32 (d,), for the whole of it, and `frames`, float32 (t, d'), one every
    `frame_s` seconds from the window's beginning; none (shape (0, d')) where an engine knows only the whole."""

    clip: FloatArray
    frames: FloatArray
    frame_s: Seconds


class SoundEmbedder(Protocol):
    """Sound to points: what sounds alike lies close together."""

    name: str
    model: str
    """The folder or hub id that is used."""
    sample_rate: int
    """In hertz, of the windows."""
    window_s: float
    """The longest window that it hears at once."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Packages that do the work."""
        ...

    def identity(self) -> str:
        """A text that changes whenever the same sound might become other points."""
        ...

    def embed(self, windows: Sequence[FloatArray]) -> list[SoundEmbedding]:
        """One result a window. Each window is float32 (n,) at `sample_rate`, at most `window_s` long.

        Raises:
            ModelError: the model cannot be had or run.
        """
        ...


class SoundTextEmbedder(SoundEmbedder, Protocol):
    """Sound and text to points in one space: a sound lies close to what it is called."""

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """A point a text: float32, shape (len(texts), d), rows of length 1.

        Raises:
            OptionError: a text is empty.
            ModelError: the model cannot be had or run.
        """
        ...

    def scales(self) -> tuple[float, float]:
        """What cosines are multiplied with before a softmax: over texts for a sound, over sounds for a text.

        Raises:
            ModelError: the model cannot be had.
        """
        ...


class SoundClassifier(Protocol):
    """Sound to what it is of."""

    name: str
    model: str
    """The folder or hub id that is used, or what ships with the package."""
    labels: Sequence[str]
    sample_rate: int
    """In hertz, of the windows."""
    window_s: float
    """The length of window that it judges at once."""
    exclusive: bool
    """Whether a window is of one label only: then its scores add up to 1."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Packages that do the work."""
        ...

    def identity(self) -> str:
        """A text that changes whenever the same sound might be judged otherwise."""
        ...

    def classify(self, windows: Sequence[FloatArray]) -> FloatArray:
        """Scores of 0 to 1, float32 (len(windows), len(labels)). Each window is float32 (n,) at `sample_rate`.

        Raises:
            ModelError: the model cannot be had or run.
        """
        ...


class Synthesizer(Protocol):
    """Text to speech."""

    name: str
    """As in the table and on the command line."""

    @property
    def model(self) -> str:
        """The folder, hub id or voice that is used."""
        ...

    @property
    def language(self) -> str:
        """What it speaks, as an ISO 639-1 code, or "und"."""
        ...

    @property
    def sample_rate(self) -> int:
        """In hertz, of what it says."""
        ...

    @property
    def speeds(self) -> tuple[float, float]:
        """The slowest and the fastest that it can speak by itself; 1 is its own speed, 2 is twice as fast."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """Packages that do the work."""
        ...

    def identity(self) -> str:
        """A text that changes whenever the same text might sound otherwise."""
        ...

    def fits(self, text: str) -> bool:
        """Whether it can say so much in one go."""
        ...

    def missing(self, text: str) -> Collection[str]:
        """The letters and digits of a text for which it has no sound: it leaves them out."""
        ...

    def speak(self, text: str, speed: float = 1.0) -> FloatArray:
        """What it says: float32 (n,) at `sample_rate`, in [-1, 1]; no samples where there is nothing to say.

        The same text always sounds the same. `text` fits, and `speed` is one of `speeds`.

        Raises:
            ModelError: the model cannot be had or run.
        """
        ...


class TimbreEncoder(Protocol):
    """Speech to how a voice sounds: what a synthesizer needs to sound like somebody."""

    name: str

    def embed(self, samples: FloatArray) -> FloatArray:
        """Float32 (512,), of length 1. `samples` are of one speaker, float32 (n,) at 16 kHz, a second at least.

        Raises:
            ModelError: the model cannot be had or run.
        """
        ...
