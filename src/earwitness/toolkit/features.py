"""Spectral features of sound: mel spectrograms, MFCC, chroma, pitch and the like, over recordings of any length.

Whisper's log-mel is this project's own; all else is librosa's (McFee et al., "librosa: Audio and music signal analysis
in Python", 2015), a block at a time. Kinds, units and what is kept in a file: docs/features.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from earwitness.audio import load
from earwitness.engines import log_mel as whisper
from earwitness.errors import AudioError, OptionError
from earwitness.mapped import release
from earwitness.stems import printable
from earwitness.toolkit import spectral
from earwitness.types import Audio, Seconds
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import numpy.typing as npt

    from earwitness.types import FloatArray

SAMPLE_RATE_LIBROSA_HZ = 22_050
"""librosa's own default."""
ALL = "all"
ALIASES = {"chroma": "chroma-stft"}
PITCH_METHODS = ("pyin", "yin")
CHECKED_SAMPLES = 2**20

Report: TypeAlias = Callable[[Seconds, Seconds], None]
"""Called with the seconds of audio that are done, and all there are."""


@dataclass(frozen=True)
class FeatureOptions:
    """How features are computed. Lengths in samples are at the sample rate of the audio; the defaults are librosa's.

    Whisper's log-mel heeds `n_mels` only: its frames are 400 samples long, 160 apart, at 16 kHz.
    """

    n_fft: int = 2048
    """Samples in a frame, for all kinds; 93 ms at 22.05 kHz."""
    hop_length: int = 512
    """Samples from one frame to the next; 23 ms at 22.05 kHz."""
    n_mels: int | None = None
    """Mel bands; none is 128, and 80 for log-mel, which has 80 or 128."""
    fmin_hz: float = 0.0
    fmax_hz: float | None = None
    """Where the mel bands begin and end; none is half the sample rate."""
    n_mfcc: int = 20
    """Cepstral coefficients, the first of which is the loudness."""
    pitch_method: str = "pyin"
    """pyin, which tells voiced frames from others, or yin, which is thirty times as fast and does not."""
    pitch_min_hz: float = 65.4
    pitch_max_hz: float = 2093.0
    """Between which pitch is looked for; C2 to C7."""

    def __post_init__(self) -> None:
        _require(self.n_fft >= 16 and self.n_fft % 2 == 0, "n_fft must be an even number of samples, 16 or more")
        _require(self.hop_length >= 1, "hop_length must be 1 sample or more")
        _require(self.n_mels is None or self.n_mels >= 1, "n_mels must be 1 or more")
        _require(1 <= self.n_mfcc <= self.mel_bands, f"n_mfcc must lie between 1 and the mel bands, {self.mel_bands}")
        _require(0 <= self.fmin_hz < (self.fmax_hz or np.inf), "fmin_hz must be 0 or more, and below fmax_hz")
        _require(self.pitch_method in PITCH_METHODS, f"pitch_method must be {' or '.join(PITCH_METHODS)}")
        _require(0 < self.pitch_min_hz < self.pitch_max_hz, "pitch_min_hz must be above 0 and below pitch_max_hz")

    @property
    def mel_bands(self) -> int:
        return self.n_mels or spectral.MELS

    @property
    def whisper_bands(self) -> int:
        return self.n_mels or whisper.MELS[0]


@dataclass(frozen=True, eq=False)
class Feature:
    """A feature of a recording over time.

    `values` is float32, shape (rows, frames), finite, and maybe in a file (see `extract`); `times` the middle of each
    frame, float64, seconds. Each row has a unit; rows are bands at `frequencies_hz`, or else have `names`. `warnings`
    says what was odd about the audio or the options.
    """

    kind: str
    values: FloatArray
    times: npt.NDArray[np.float64]
    units: tuple[str, ...]
    frequencies_hz: FloatArray | None
    names: tuple[str, ...]
    sample_rate: int
    options: FeatureOptions
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def hop_s(self) -> Seconds:
        """From one frame to the next."""
        return (whisper.HOP if self.kind == "log-mel" else self.options.hop_length) / self.sample_rate

    def range(self) -> tuple[float, float]:
        """The smallest and the largest value in the unit of the first row."""
        lows, highs = [], []
        for row in self.values[: self.units.count(self.units[0])]:
            lows.append(float(row.min()))
            highs.append(float(row.max()))
            release(self.values)
        return min(lows), max(highs)


@dataclass(frozen=True)
class Kind:
    """What a kind is called in a title, its librosa function (none is Whisper's log-mel), and its rows."""

    title: str
    compute: spectral.Compute | None
    unit: str
    names: Callable[[FeatureOptions], Sequence[str]] = lambda _: ()
    """None where rows are mel bands."""


KINDS = {
    "mel": Kind("mel spectrogram", spectral.mel, "dB"),
    "log-mel": Kind("Whisper's log-mel spectrogram", None, "(log10 power + 4) / 4"),
    "mfcc": Kind("mel-frequency cepstral coefficients", spectral.mfcc, "dB", lambda o: spectral.mfcc_names(o.n_mfcc)),
    "chroma-stft": Kind("chromagram (STFT)", spectral.chroma_stft, "share of the strongest", lambda _: spectral.NOTES),
    "chroma-cqt": Kind(
        "chromagram (constant-Q)", spectral.chroma_cqt, "share of the strongest", lambda _: spectral.NOTES
    ),
    "spectral-centroid": Kind("spectral centroid", spectral.centroid, "Hz", lambda _: ("spectral centroid",)),
    "rms": Kind("RMS", spectral.rms, "full scale", lambda _: ("RMS",)),
    "zero-crossing-rate": Kind(
        "zero-crossing rate", spectral.zero_crossing_rate, "crossings per sample", lambda _: ("zero-crossing rate",)
    ),
    "pitch": Kind("pitch", spectral.pitch, "Hz", lambda o: spectral.PITCH_NAMES[: spectral.pitch_rows(o)]),
}


def parse_kinds(text: str) -> tuple[str, ...]:
    """The kinds that are named, separated by commas.

    >>> parse_kinds("mfcc,chroma")
    ('mfcc', 'chroma-stft')

    Raises:
        OptionError: there is no such kind.
    """
    if text.strip() == ALL:
        return tuple(KINDS)
    kinds = [ALIASES.get(name.strip(), name.strip()) for name in text.split(",")]
    for name in kinds:
        _require(name in KINDS, f"--kind {name}: give some of {', '.join((*KINDS, ALL))}")
    return tuple(dict.fromkeys(kinds))


def sample_rate_of(kind: str, sample_rate: int = SAMPLE_RATE_LIBROSA_HZ) -> int:
    """What a kind wants to hear, in hertz: 16 kHz for Whisper's log-mel, for all else the rate that is given."""
    return SAMPLE_RATE_HZ if kind == "log-mel" else sample_rate


def extract(
    audio: Audio,
    kind: str,
    options: FeatureOptions | None = None,
    *,
    scratch: Path | None = None,
    report: Report | None = None,
) -> Feature:
    """A feature of a recording.

    Args:
        audio: at any sample rate; at 16 kHz for "log-mel".
        kind: one of `KINDS`.
        scratch: a folder. The values lie there in a file without a name and are mapped from it, instead of in memory.
        report: called now and then with how far it is.

    Raises:
        OptionError: no such kind, or options that do not fit the sample rate.
        AudioError: no sample in it, samples that are not finite, or less than a frame of log-mel.
        ExtraError: librosa is not installed; "log-mel" does without.
        StorageError: no room under `scratch`.

    Example:
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
        >>> found = extract(Audio(tone), "log-mel")
        >>> found.values.shape, float(found.times[-1])
        ((80, 100), 0.99)
        >>> float(found.frequencies_hz[found.values.mean(axis=1).argmax()].round())
        447.0
    """
    options = options or FeatureOptions()
    _check(audio, kind, options)
    count, duration = len(audio.samples), audio.duration

    def seen(samples: int) -> None:
        if report:
            report(min(duration, samples / audio.sample_rate), duration)

    with warnings.catch_warnings(record=True) as caught:  # librosa's, which name a line of ours and no file
        warnings.simplefilter("always")
        compute = KINDS[kind].compute
        if compute is None:
            values = whisper.log_mel(audio.samples, options.whisper_bands, scratch=scratch, report=seen)
            centres: FloatArray | None = whisper.mel_frequencies_hz(options.whisper_bands)
        else:
            sound = spectral.Sound(audio.samples, audio.sample_rate, scratch, seen)
            values = compute(sound, options)
            centres = spectral.mel_frequencies_hz(sound, options) if kind == "mel" else None
    seen(count)
    names = tuple(KINDS[kind].names(options))
    units = [KINDS[kind].unit] * len(values)
    if kind == "pitch":
        units[1:] = ["0 or 1", "probability"][: len(units) - 1]
    hop = whisper.HOP if compute is None else options.hop_length
    times = np.arange(values.shape[1]) * hop / audio.sample_rate
    said = dict.fromkeys(_said(warning) for warning in caught if issubclass(warning.category, UserWarning))
    return Feature(
        kind, values, times, tuple(units), centres, names, audio.sample_rate, options, (*audio.warnings, *said)
    )


def of_file(
    path: str | Path,
    kinds: Sequence[str],
    options: FeatureOptions | None = None,
    *,
    sample_rate: int = SAMPLE_RATE_LIBROSA_HZ,
    scratch: Path | None = None,
    report: Callable[[str, Seconds, Seconds], None] | None = None,
) -> list[Feature]:
    """Features of a recording in a file, which is decoded once for each sample rate that they want.

    Args:
        sample_rate: of all kinds but "log-mel", in hertz; the file is resampled to it.
        scratch: as of `extract`; the decoded samples lie there, too.
        report: called with the kind, the seconds that are done and all there are.

    Raises:
        What `earwitness.audio.load` and `extract` raise.
    """
    audio: Audio | None = None
    found: dict[str, Feature] = {}
    for kind in sorted(kinds, key=lambda kind: sample_rate_of(kind, sample_rate)):
        rate = sample_rate_of(kind, sample_rate)
        if audio is None or audio.sample_rate != rate:
            audio = None  # before there is another
            audio = load(path, sample_rate=rate, scratch=scratch)
        try:
            found[kind] = extract(audio, kind, options, scratch=scratch, report=report and partial(report, kind))
        except AudioError as error:
            raise AudioError(f"{printable(Path(path).name)}: {error}") from error
    return [found[kind] for kind in kinds]


def _said(warning: warnings.WarningMessage) -> str:
    text = " ".join(str(warning.message).split())
    # That of a constant-Q transform, which says it of every octave.
    return "shorter than a frame; the rest of it is taken as silence" if "too large for input" in text else text


def _check(audio: Audio, kind: str, options: FeatureOptions) -> None:
    _require(kind in KINDS, f"no kind {kind!r}; give one of {', '.join(KINDS)}")
    half = audio.sample_rate / 2
    if kind == "log-mel":
        _require(audio.sample_rate == SAMPLE_RATE_HZ, f"log-mel wants audio at {SAMPLE_RATE_HZ} Hz; load it at that")
        _require(
            options.whisper_bands in whisper.MELS, f"log-mel has 80 or 128 bands, not {options.n_mels}; change n_mels"
        )
    elif kind in ("mel", "mfcc"):
        _require((options.fmax_hz or half) <= half, f"fmax_hz must be at most half the sample rate, {half:g} Hz")
        _require(options.fmin_hz < (options.fmax_hz or half), "fmin_hz must be below half the sample rate")
    elif kind == "pitch":
        _require(options.pitch_max_hz <= half, f"pitch_max_hz must be at most half the sample rate, {half:g} Hz")
        _require(
            audio.sample_rate / options.pitch_min_hz < options.n_fft - 1,
            f"n_fft {options.n_fft} holds no period of {options.pitch_min_hz:g} Hz; raise n_fft or pitch_min_hz",
        )
    fewest = whisper.HOP if kind == "log-mel" else 1
    if len(audio.samples) < fewest:
        raise AudioError(f"{len(audio.samples)} samples are too short for {kind}, which takes {fewest} or more")
    for first in range(0, len(audio.samples), CHECKED_SAMPLES):
        if not np.isfinite(audio.samples[first : first + CHECKED_SAMPLES]).all():
            raise AudioError("samples that are no numbers, or infinite; set them to 0")
        release(audio.samples)


def _require(true: bool, message: str) -> None:
    if not true:
        raise OptionError(message)
