"""The options of every stage: frozen, with the unit in the name, checked when they are made.

`Options` holds them all; `Options.of(model="small", speakers=2)` sorts flat names, which are those of the command
line, into their stages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earwitness.errors import OptionError


def _require(true: bool, message: str) -> None:
    if not true:
        raise OptionError(message)


DTYPES = ("auto", "float32", "float16", "bfloat16")
"""The numbers that models on torch can compute in."""


@dataclass(frozen=True)
class SourceOptions:
    """How a recording is fetched."""

    allow_private: bool = False
    """Whether URLs may lead to addresses that are not on the public internet."""
    max_download_bytes: int = 4 * 2**30
    """A longer answer is refused."""
    max_download_s: float = 3600.0
    """A slower answer is refused."""

    def __post_init__(self) -> None:
        _require(self.max_download_bytes > 0, "max_download_bytes must be more than 0")
        _require(self.max_download_s > 0, "max_download_s must be more than 0")


@dataclass(frozen=True)
class AudioOptions:
    """How a recording is decoded."""

    max_duration_s: float = 24 * 3600.0
    """A longer recording is refused; a small file can unpack to days of silence."""

    def __post_init__(self) -> None:
        _require(self.max_duration_s > 0, "max_duration_s must be more than 0")


@dataclass(frozen=True)
class RegionOptions:
    """Where speech is."""

    threshold: float = 0.5
    """Speech begins where the detector's probability reaches this."""
    release: float = 0.35
    """Speech ends where the probability stays below this."""
    min_speech_s: float = 0.1
    """Shorter bursts are not speech."""
    min_silence_s: float = 0.4
    """Shorter pauses do not end a region."""
    pad_s: float = 0.2
    """Added on both sides: detectors are late at onsets and early at fading ends."""
    max_region_s: float = 29.0
    """Longer regions are cut at the quietest point; Whisper hears 30 s at a time."""

    def __post_init__(self) -> None:
        _require(
            0 < self.release <= self.threshold < 1, "release and threshold must lie between 0 and 1, release first"
        )
        _require(1 <= self.max_region_s <= 30, "max_region_s must lie between 1 and 30")
        _require(min(self.min_speech_s, self.min_silence_s, self.pad_s) >= 0, "durations must not be negative")


@dataclass(frozen=True)
class ModelOptions:
    """Which recogniser, and how it runs."""

    model: str = "auto"
    """auto, a Whisper size, demo, a folder, a .pt file or a hub id."""
    engine: str = "auto"
    """auto, faster-whisper, openvino, transformers, pocketsphinx or fake; auto is the faster of the first two."""
    device: str = "auto"
    """auto, cpu or cuda."""
    compute_type: str = "auto"
    """auto, or one of CTranslate2: int8 (which auto is on a CPU), int8_float16, float16 (on a GPU), float32 and so on.

    transformers computes in float32 (auto on a CPU), float16 (on a GPU) or bfloat16.
    """
    threads: int = 0
    """CPU threads; 0 is one a core."""
    offline: bool = False
    """Never ask the hub, not even whether a cached model is the newest."""

    def __post_init__(self) -> None:
        _require(bool(self.model.strip()), "model must not be empty; try --model auto")
        _require(self.threads >= 0, "threads must not be negative")

    def of_pretrained(self) -> PretrainedOptions:
        """The same for a model of transformers that works beside the recogniser."""
        dtype = self.compute_type if self.compute_type in DTYPES else "auto"
        return PretrainedOptions(offline=self.offline, device=self.device, dtype=dtype, threads=self.threads)


@dataclass(frozen=True)
class PretrainedOptions:
    """A model of transformers, apart from its name, and how it runs."""

    revision: str | None = None
    """A commit, branch or tag of the model on the hub."""
    cache: Path | None = None
    """The hub's cache; none is the user's."""
    offline: bool = False
    """Never ask the hub."""
    device: str = "auto"
    """auto, cpu or cuda."""
    dtype: str = "auto"
    """float32 (auto on a CPU), float16 (auto on a GPU) or bfloat16."""
    threads: int = 0
    """CPU threads; 0 is one a core."""

    def __post_init__(self) -> None:
        _require(self.dtype in DTYPES, f"dtype must be {', '.join(DTYPES[:-1])} or {DTYPES[-1]}")
        _require(self.threads >= 0, "threads must not be negative")


SPEEDS = (0.25, 4.0)
"""How much slower and faster than its own way a voice can be made to speak."""


@dataclass(frozen=True)
class SpeechOptions:
    """How a text is spoken."""

    engine: str = "auto"
    """espeak (auto), speecht5 or vits."""
    model: str = ""
    """For speecht5 and vits, a folder or a hub id; empty for the engine's own choice."""
    voice: str = ""
    """espeak: the name of a voice. vits: the number of a speaker. speecht5: see `earwitness.toolkit.timbres`."""
    speed: float = 1.0
    """0.25 to 4; 2 is twice as fast as the voice's own way."""
    seed: int = 0
    """What speecht5 and vits draw at random comes of it; without a voice, also who speaks."""
    vocoder: str = ""
    """For speecht5, what makes sound of its spectrograms: a folder or a hub id; empty for that of its authors."""
    speaker_encoder: str = ""
    """For speecht5, what makes its voice of a recording: a folder or a hub id; empty for that of its authors."""
    recording: Path | None = None
    """For speecht5, a recording with a transcript in the library, in which somebody has the name `voice`."""
    library: Path | None = None
    """The database that knows such names; none is the user's."""
    pretrained: PretrainedOptions = field(default_factory=PretrainedOptions)
    """How models are had and run; the revision is that of `model`."""

    def __post_init__(self) -> None:
        _require(
            SPEEDS[0] <= self.speed <= SPEEDS[1],
            f"speed must lie between {SPEEDS[0]:g} and {SPEEDS[1]:g}, not {self.speed:g}",
        )
        _require(0 <= self.seed < 2**32, "seed must lie between 0 and 4294967295")


@dataclass(frozen=True)
class SoundOptions:
    """How what is no speech is told apart."""

    sound_model: str = "builtin"
    """builtin, or a checkpoint for audio classification (a folder or hub id) whose labels tell music, as AudioSet's."""

    def __post_init__(self) -> None:
        _require(bool(self.sound_model.strip()), "sound_model must not be empty; try --sound-model builtin")


@dataclass(frozen=True)
class WordOptions:
    """How speech is recognised."""

    language: str | None = None
    """An ISO 639-1 code; none or "auto" detects it."""
    task: str = "transcribe"
    """transcribe, or translate into English."""
    hotwords: str | None = None
    """Names and terms to expect, separated by spaces or commas."""
    initial_prompt: str | None = None
    """Text that the recogniser takes as having gone before."""
    temperature: float = 0.0
    """At which text is sampled, 0 to 1; 0 is the likeliest text. What fails the checks is tried at higher ones."""
    beam_size: int = 5
    batch_size: int = 8
    """Windows decoded side by side."""

    def __post_init__(self) -> None:
        _require(self.task in ("transcribe", "translate"), "task must be transcribe or translate")
        _require(0 <= self.temperature <= 1, "temperature must lie between 0 and 1")
        _require(1 <= self.beam_size <= 100, "beam_size must lie between 1 and 100")
        _require(1 <= self.batch_size <= 1024, "batch_size must lie between 1 and 1024")


@dataclass(frozen=True)
class SpeakerOptions:
    """Who speaks."""

    diarize: bool = True
    diarizer: str = "auto"
    """auto, builtin, discriminant, wespeaker or pyannote; the latter two also with a model, as wespeaker:FILE.onnx."""
    speakers: int | None = None
    """How many there are, where that is known."""
    min_speakers: int = 1
    max_speakers: int = 20

    def __post_init__(self) -> None:
        _require(self.speakers is None or self.speakers >= 1, "speakers must be 1 or more")
        _require(
            1 <= self.min_speakers <= self.max_speakers, "min_speakers must be 1 or more and not above max_speakers"
        )


_ANY_SPEAKERS = (None, SpeakerOptions.min_speakers, SpeakerOptions.max_speakers)


@dataclass(frozen=True)
class LibraryOptions:
    """What is known from other recordings."""

    known_voices: bool = False
    """Whether voices that the user has named before are proposed for the speakers."""
    library: Path | None = None
    """The database that keeps voices, transcripts and corrections; none is the user's."""


@dataclass(frozen=True)
class SegmentOptions:
    """How words become lines that people can read."""

    max_pause_s: float = 1.0
    """A longer pause ends a segment."""
    max_segment_s: float = 20.0
    """A longer segment is cut at its longest pause."""

    def __post_init__(self) -> None:
        _require(self.max_pause_s > 0 and self.max_segment_s > 1, "max_pause_s and max_segment_s must be positive")


@dataclass(frozen=True)
class ChapterOptions:
    """Where a new topic begins."""

    min_chapter_s: float = 30.0
    """Shorter chapters are joined to a neighbour; a greeting or a farewell may have a third of it."""

    def __post_init__(self) -> None:
        _require(self.min_chapter_s > 0, "min_chapter_s must be more than 0")


EXTRACTIVE = "extractive"
"""The summarizer whose sentences are the speakers' own."""


@dataclass(frozen=True)
class SummaryOptions:
    """What is said of it in short."""

    summarizer: str = "auto"
    """auto, extractive, seq2seq or chat, the latter two also with a model, as chat:NAME; or none."""
    chat_url: str = "http://localhost:11434/v1"
    """Where chat finds an OpenAI-compatible server; this is Ollama's address on the same machine."""
    chat_context_tokens: int = 4096
    """What chat's model can read and write at once; longer parts are divided."""
    sentence_model: str = "auto"
    """What tells that sentences mean the like: a folder, a hub id, auto (the default one, if it is here) or none."""
    long_turn_s: float = 20.0
    """Shorter turns are their own summary."""
    unsupported: str = "mark"
    """What becomes of sentences that their evidence does not support: mark, drop or keep (unmarked)."""

    def __post_init__(self) -> None:
        _require(self.long_turn_s >= 0, "long_turn_s must not be negative")
        _require(self.chat_context_tokens >= 2048, "chat_context_tokens must be 2048 or more")
        _require(bool(self.sentence_model.strip()), "sentence_model must not be empty; try --sentence-model none")
        _require(self.unsupported in ("mark", "drop", "keep"), "unsupported must be mark, drop or keep")


@dataclass(frozen=True)
class Options:
    """The options of all stages."""

    source: SourceOptions = field(default_factory=SourceOptions)
    audio: AudioOptions = field(default_factory=AudioOptions)
    regions: RegionOptions = field(default_factory=RegionOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    sounds: SoundOptions = field(default_factory=SoundOptions)
    words: WordOptions = field(default_factory=WordOptions)
    speakers: SpeakerOptions = field(default_factory=SpeakerOptions)
    library: LibraryOptions = field(default_factory=LibraryOptions)
    segments: SegmentOptions = field(default_factory=SegmentOptions)
    chapters: ChapterOptions = field(default_factory=ChapterOptions)
    summary: SummaryOptions = field(default_factory=SummaryOptions)

    def __post_init__(self) -> None:
        _require(
            self.speakers.diarize or not self.library.known_voices,
            "known voices can be proposed only where speakers are told apart; leave out --no-diarize or --known-voices",
        )

    def expecting(
        self, hotwords: Sequence[str] = (), min_speakers: int | None = None, max_speakers: int | None = None
    ) -> Options:
        """The options for a recording of which something is known; what the user says of it goes before.

        >>> Options.of(hotwords="bread").expecting(["Ada Lovelace"]).words.hotwords
        'bread, Ada Lovelace'
        """
        words, speakers = self.words, self.speakers
        if hotwords:
            words = dataclasses.replace(words, hotwords=", ".join(filter(None, (words.hotwords, *hotwords))))
        if (speakers.speakers, speakers.min_speakers, speakers.max_speakers) == _ANY_SPEAKERS:
            fewest, most = min_speakers or speakers.min_speakers, max_speakers or speakers.max_speakers
            speakers = dataclasses.replace(speakers, min_speakers=fewest, max_speakers=max(fewest, most))
        return dataclasses.replace(self, words=words, speakers=speakers)

    def changed(self, **flat: Any) -> Options:
        """These options with others of some names.

        >>> Options.of(model="small").changed(speakers=2).model.model
        'small'

        Raises:
            OptionError: a name that no stage has, or a value outside its range.
        """
        stages = {}
        for stage in dataclasses.fields(self):
            old: Any = getattr(self, stage.name)
            names = [option.name for option in dataclasses.fields(old)]
            stages[stage.name] = dataclasses.replace(old, **{name: flat.pop(name) for name in names if name in flat})
        if flat:
            raise OptionError(f"no such option: {', '.join(sorted(flat))}")
        return Options(**stages)

    @classmethod
    def of(cls, **flat: Any) -> Options:
        """Sorts flat option names into their stages.

        >>> Options.of(model="small", speakers=2).speakers.speakers
        2

        Raises:
            OptionError: a name that no stage has, or a value outside its range.
        """
        return cls().changed(**flat)
