"""Whose voice a synthesizer without voices of its own speaks with: an x-vector, 512 numbers that describe a voice.

SpeechT5 was trained with the x-vectors of speechbrain's `spkrec-xvect-voxceleb`, so that is what makes them here
(`earwitness.engines.xvector`), out of sound. The voice prints of the library are numbers of another kind, from which
no x-vector can be told; a voice that it knows by name is therefore heard again, in a recording of which the library
has the transcript: in the turns of whoever has that name there.
"""

from __future__ import annotations

import tempfile
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from earwitness import audio, engines
from earwitness.errors import AudioError, OptionError, SourceError, reason
from earwitness.options import SpeechOptions
from earwitness.types import Audio, Transcript
from earwitness.units import to_samples

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SIZE = 512
"""The numbers of an x-vector."""
ARRAYS = (".npy", ".npz")
SPEAKS_WITH_ANY = ("speecht5",)
"""Engines that have no voices of their own."""
LEAST_S, MOST_S = 1.0, 60.0
"""Less is too little to know a voice by, more does not make it better known."""
_SHOWN = 5
_REMEDY = "give a name that `earwitness library list` or `speakers list` shows, a recording of one speaker, or an .npy"
SILENCE = 1e-4
"""Peak below which there is no voice: -80 dB of full scale."""


def find(options: SpeechOptions) -> FloatArray | None:
    """The x-vector of `options.voice`: float32 (512,), of length 1; none where none is wanted.

    The voice is a file of numpy's (.npy, or .npz with one array), a recording of one speaker, or a name that the
    library knows; for the latter, the recording is `options.recording`.

    Raises:
        OptionError: there is no such voice.
        SourceError, AudioError: a file cannot be read, or does not hold what it should.
        ModelError, ExtraError: the encoder cannot be had.
    """
    takes_any = options.engine in SPEAKS_WITH_ANY
    if options.recording is not None and not (takes_any and options.voice):
        raise OptionError("--recording is for --engine speecht5 with --voice NAME, whose voice is heard in it")
    if not takes_any or not options.voice:
        return None
    path = Path(options.voice)
    if path.suffix.lower() in ARRAYS:
        return from_array(path)
    if path.is_file():
        return _embedded(_load(path).samples, path.name, options)
    if path.suffix and len(path.parts) > 1:
        raise SourceError(f"{path}: no such file; check the path")
    return _named(options)


def from_array(path: Path) -> FloatArray:
    """The x-vector in a file of numpy's.

    Raises:
        SourceError: it cannot be read.
        OptionError: it holds something else than 512 numbers.
    """
    try:
        content = np.load(path, allow_pickle=False)
        arrays = [content[name] for name in content.files] if path.suffix.lower() == ".npz" else [content]
    except (OSError, ValueError, EOFError, AttributeError, TypeError) as error:
        raise SourceError(f"{path}: cannot be read as an array of numpy's ({reason(error)}); check it") from error
    if len(arrays) != 1 or arrays[0].size != SIZE or arrays[0].dtype.kind not in "fiu":
        shapes = ", ".join(f"{array.dtype} {array.shape}" for array in arrays[:4]) or "nothing"
        raise OptionError(f"{path}: not the {SIZE} numbers of an x-vector, but {shapes}; give one such array")
    vector = arrays[0].reshape(SIZE).astype(np.float32)
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise OptionError(f"{path}: an x-vector has a direction, and this is all zeros or not all numbers")
    return np.asarray(vector / length, np.float32)


def _named(options: SpeechOptions) -> FloatArray:
    """The voice of whoever has this name in the library's transcript of the recording."""
    from earwitness.library.episodes import episodes, kept, spoken_in, transcript_of
    from earwitness.library.store import Library

    name, recording = options.voice, options.recording
    with Library(options.library) as library:
        if recording is None:
            heard = [one.name for one in spoken_in(library, name)]
            remedy = f"give --recording FILE, one of {', '.join(heard[:_SHOWN])}" if heard else _REMEDY
            have = "the library keeps no sound of" if heard else "the library knows nobody called"
            raise OptionError(f"{have} {name!r}; {remedy}")
        sound = _load(recording)  # first: it says best what is wrong with a file
        with recording.open("rb") as file:
            sha256 = file_digest(file, "sha256").hexdigest()
        found = kept(library, sha256)
        if found is None:
            known = ", ".join(one.name for one in episodes(library)[:_SHOWN]) or "none yet"
            raise OptionError(f"{recording}: the library has no transcript of it; there are those of {known}")
        transcript = transcript_of(library, found.id)
    return _embedded(_said(sound, transcript, name), name, options)


def _said(sound: Audio, transcript: Transcript, name: str) -> FloatArray:
    """The sound of the turns of whoever has this name, as much as is needed."""
    labels = {one.id for one in transcript.speakers if one.name.casefold() == name.casefold()}
    if not labels:
        known = ", ".join(one.name for one in transcript.speakers) or "nobody"
        raise OptionError(f"{transcript.source.name}: no speaker is called {name!r}; there are {known}")
    pieces = [sound.between(turn.start, turn.end) for turn in transcript.turns if turn.speaker in labels]
    return np.concatenate([np.zeros(0, np.float32), *pieces])


def _load(path: Path) -> Audio:
    # A long recording lies in a file without a name, not in memory.
    return audio.load(path, scratch=Path(tempfile.gettempdir()))


def _embedded(samples: FloatArray, name: str, options: SpeechOptions) -> FloatArray:
    samples = samples[: to_samples(MOST_S)]
    if len(samples) < to_samples(LEAST_S):
        raise AudioError(
            f"{name}: less than {LEAST_S:g} s of a voice, too little to know it by; give a longer recording"
        )
    if float(np.abs(samples).max()) < SILENCE:
        raise AudioError(f"{name}: silent, and there is no voice to take from it; give a recording of one speaker")
    encoder = engines.timbre_encoder(options.speaker_encoder, options.pretrained)
    return encoder.embed(samples)
