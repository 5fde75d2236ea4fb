"""librosa's features over recordings of any length: what it computes of a whole one, a block of frames at a time.

Blocks give the same numbers as the whole, whatever their length, for all but two: pitch by pyin looks for the best path
through all frames, and the constant-Q transform resamples octave by octave. They are computed a minute at a time with
three seconds on either side, after which pyin's path is the same, and chroma differs by 2e-4 at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from earwitness.errors import OptionError, reason
from earwitness.extras import require
from earwitness.frames import Padding, blocks, samples_of
from earwitness.mapped import release, room

if TYPE_CHECKING:
    from earwitness.toolkit.features import FeatureOptions
    from earwitness.types import FloatArray

MELS = 128
FLOOR = 1e-10
RANGE_DB = 80.0
"""librosa's: power below the floor, and what lies further below the loudest, is lifted to there."""
DELTA_FRAMES = 9
"""Over which differences are taken, librosa's default."""
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
PITCH_NAMES = ("f0", "voiced", "voiced probability")
CQT_BINS_PER_OCTAVE = 36
TUNING_FFT, TUNING_HOP = 2048, 512
"""By which librosa finds out how far the instruments are off concert pitch for its constant-Q transform."""
PIECE_S, CONTEXT_S = 60.0, 3.0
"""What cannot be computed frame by frame is computed over so much, with that on either side."""


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples, where results go, and who is told how many samples are done."""

    samples: FloatArray
    sample_rate: int
    scratch: Path | None
    report: Callable[[int], None]

    def frames(self, options: FeatureOptions) -> int:
        return 1 + len(self.samples) // options.hop_length

    def room(self, rows: int, options: FeatureOptions) -> FloatArray:
        return room((rows, self.frames(options)), self.scratch)


Compute: TypeAlias = Callable[[Sound, "FeatureOptions"], "FloatArray"]


def mel(sound: Sound, options: FeatureOptions) -> FloatArray:
    """Power in mel bands, dB of full scale 1, at most 80 dB below the loudest: shape (mels, frames)."""
    librosa = _librosa()
    bands = _sparse(
        librosa.filters.mel(
            sr=sound.sample_rate, n_fft=options.n_fft, n_mels=options.mel_bands, fmin=options.fmin_hz,
            fmax=options.fmax_hz,
        )
    )  # fmt: skip
    found, loudest = sound.room(options.mel_bands, options), np.float32(-np.inf)
    for part, spectrum in _spectra(sound, options):
        found[:, part] = librosa.power_to_db(bands @ spectrum**2, amin=FLOOR, top_db=None)
        loudest = np.maximum(loudest, found[:, part].max())
        release(found)
    for part in blocks(found.shape[1]):
        np.maximum(found[:, part], loudest - np.float32(RANGE_DB), out=found[:, part])
        release(found)
    return found


def mel_frequencies_hz(sound: Sound, options: FeatureOptions) -> FloatArray:
    """Where each mel band is most sensitive."""
    highest = options.fmax_hz or sound.sample_rate / 2
    edges = _librosa().mel_frequencies(n_mels=options.mel_bands + 2, fmin=options.fmin_hz, fmax=highest)
    centres: FloatArray = edges[1:-1].astype(np.float32)
    return centres


def mfcc(sound: Sound, options: FeatureOptions) -> FloatArray:
    """Mel-frequency cepstral coefficients, their differences and those of these: shape (3 n_mfcc, frames)."""
    librosa, count = _librosa(), options.n_mfcc
    levels, found = mel(sound, options), sound.room(3 * count, options)
    for part in blocks(found.shape[1]):
        found[:count, part] = librosa.feature.mfcc(S=levels[:, part], n_mfcc=count)
        release(levels)
        release(found)
    # The ends of a recording that is shorter than what differences are taken over have no line through them.
    mode = "interp" if found.shape[1] >= DELTA_FRAMES else "nearest"
    for row in range(count):
        for order in (1, 2):
            found[order * count + row] = librosa.feature.delta(found[row], width=DELTA_FRAMES, order=order, mode=mode)
        release(found)
    return found


def mfcc_names(count: int) -> tuple[str, ...]:
    """The rows of `mfcc`.

    >>> mfcc_names(2)
    ('mfcc 0', 'mfcc 1', 'delta 0', 'delta 1', 'delta-delta 0', 'delta-delta 1')
    """
    return tuple(f"{name} {index}" for name in ("mfcc", "delta", "delta-delta") for index in range(count))


def chroma_stft(sound: Sound, options: FeatureOptions) -> FloatArray:
    """How strong each pitch class is beside the strongest, 0 to 1: shape (12, frames)."""
    librosa, found = _librosa(), sound.room(len(NOTES), options)
    powers = (spectrum**2 for _, spectrum in _spectra(sound, options))
    tuning = _tuning(powers, sound.sample_rate, len(NOTES))
    weights = _sparse(librosa.filters.chroma(sr=sound.sample_rate, n_fft=options.n_fft, tuning=tuning))
    for part, spectrum in _spectra(sound, options):
        found[:, part] = librosa.util.normalize(weights @ spectrum**2, norm=np.inf, axis=-2)
        release(found)
    return found


def chroma_cqt(sound: Sound, options: FeatureOptions) -> FloatArray:
    """The same by a constant-Q transform, which hears as many bins in each octave."""
    librosa, found = _librosa(), sound.room(len(NOTES), options)
    tuning = _tuning(_tuning_spectra(sound), sound.sample_rate, CQT_BINS_PER_OCTAVE)
    for part, inside, samples in _pieces(sound, options):
        try:
            chroma = librosa.feature.chroma_cqt(
                y=samples, sr=sound.sample_rate, hop_length=options.hop_length, tuning=tuning,
                bins_per_octave=CQT_BINS_PER_OCTAVE,
            )  # fmt: skip
        except librosa.ParameterError as error:  # seven octaves from C1 are too many below 9 kHz
            raise OptionError(f"chroma-cqt: {reason(error)}; raise the sample rate") from error
        found[:, part] = chroma[:, inside]
    return found


def centroid(sound: Sound, options: FeatureOptions) -> FloatArray:
    """The mean frequency, weighted by amplitude, Hz; 0 in silence: shape (1, frames)."""
    found = sound.room(1, options)
    for part, spectrum in _spectra(sound, options):
        found[:, part] = _librosa().feature.spectral_centroid(S=spectrum, sr=sound.sample_rate)
    return found


def rms(sound: Sound, options: FeatureOptions) -> FloatArray:
    """The root mean square of the samples of each frame, full scale 1: shape (1, frames)."""
    found = sound.room(1, options)
    for part, samples in _framed(sound, options, "constant"):
        found[:, part] = _librosa().feature.rms(
            y=samples, frame_length=options.n_fft, hop_length=options.hop_length, center=False
        )
    return found


def zero_crossing_rate(sound: Sound, options: FeatureOptions) -> FloatArray:
    """How often the sound changes its sign in each frame, a sample, 0 to 1: shape (1, frames)."""
    found = sound.room(1, options)
    for part, samples in _framed(sound, options, "edge"):
        found[:, part] = _librosa().feature.zero_crossing_rate(
            samples, frame_length=options.n_fft, hop_length=options.hop_length, center=False
        )
    return found


def pitch(sound: Sound, options: FeatureOptions) -> FloatArray:
    """The fundamental frequency, Hz, 0 where there is none; with pyin also whether there is one, and how probably.

    Shape (3, frames), or (1, frames) with yin, which always finds one.
    """
    librosa, found = _librosa(), sound.room(pitch_rows(options), options)
    settings = {
        "fmin": options.pitch_min_hz, "fmax": options.pitch_max_hz, "sr": sound.sample_rate,
        "frame_length": options.n_fft, "hop_length": options.hop_length,
    }  # fmt: skip
    for part, inside, samples in _pieces(sound, options):
        if options.pitch_method == "pyin":
            found[:, part] = np.stack(librosa.pyin(samples, fill_na=0.0, **settings))[:, inside]
        else:
            found[0, part] = librosa.yin(samples, **settings)[inside]
    return found


def pitch_rows(options: FeatureOptions) -> int:
    return 3 if options.pitch_method == "pyin" else 1


def _librosa() -> Any:
    return require("librosa", "features")


def _sparse(weights: Any) -> Any:
    """A full product is computed in an order that depends on threads and the length of the block; this is not."""
    from scipy.sparse import csr_array

    return csr_array(weights)


def _framed(sound: Sound, options: FeatureOptions, padding: Padding) -> Iterator[tuple[slice, FloatArray]]:
    """Blocks of frames, with the samples that they are made of."""
    for part in blocks(sound.frames(options)):
        yield part, samples_of(sound.samples, part, options.n_fft, options.hop_length, padding)
        release(sound.samples)
        sound.report(part.stop * options.hop_length)


def _spectra(sound: Sound, options: FeatureOptions) -> Iterator[tuple[slice, FloatArray]]:
    """Blocks of frames, with the amplitudes of their spectra, shape (n_fft // 2 + 1, frames)."""
    for part, samples in _framed(sound, options, "constant"):
        yield part, _amplitudes(samples, options.n_fft, options.hop_length)


def _tuning_spectra(sound: Sound) -> Iterator[FloatArray]:
    for part in blocks(1 + len(sound.samples) // TUNING_HOP):
        yield _amplitudes(
            samples_of(sound.samples, part, TUNING_FFT, TUNING_HOP, "constant"), TUNING_FFT, TUNING_HOP
        )  # fmt: skip
        release(sound.samples)


def _amplitudes(samples: FloatArray, n_fft: int, hop_length: int) -> FloatArray:
    spectrum = _librosa().stft(samples, n_fft=n_fft, hop_length=hop_length, center=False)
    amplitudes: FloatArray = np.abs(spectrum)
    return amplitudes


def _tuning(spectra: Iterable[FloatArray], sample_rate: int, bins_per_octave: int) -> float:
    """How far the peaks of the spectra are off concert pitch, in bins: what librosa's `estimate_tuning` says of all.

    The louder half of the peaks of the whole recording counts, so that all are kept: some 50 MB an hour.
    """
    librosa = _librosa()
    pitches: list[Any] = []
    levels: list[Any] = []
    for spectrum in spectra:
        pitch, level = librosa.piptrack(S=spectrum, sr=sample_rate)
        pitches.append(pitch[pitch > 0])
        levels.append(level[pitch > 0])
    found, level = np.concatenate(pitches), np.concatenate(levels)
    if not len(found):
        return 0.0
    return float(librosa.pitch_tuning(found[level >= np.median(level)], bins_per_octave=bins_per_octave))


def _pieces(sound: Sound, options: FeatureOptions) -> Iterator[tuple[slice, slice, FloatArray]]:
    """Frames of a minute, where they are among those of a piece with more sound on either side, and that piece."""
    hop, count = options.hop_length, sound.frames(options)
    context = round(CONTEXT_S * sound.sample_rate / hop)
    for part in blocks(count, max(1, round(PIECE_S * sound.sample_rate / hop))):
        first = max(0, part.start - context)
        # The last frames are centred on samples that there may not be.
        last = len(sound.samples) if part.stop == count else (part.stop + context) * hop
        inside = slice(part.start - first, part.stop - first)
        yield part, inside, np.array(sound.samples[first * hop : last])
        release(sound.samples)
        sound.report(part.stop * hop)
