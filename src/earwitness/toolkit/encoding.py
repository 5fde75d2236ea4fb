"""Blocks of samples to a sound file of any common kind, while they come."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from earwitness.errors import OptionError, StorageError, reason
from earwitness.files import replacing

if TYPE_CHECKING:
    from earwitness.types import FloatArray

SPEECH_BIT_RATE = 64_000
"""Of the kinds that lose something: a voice is hardly told from the original."""


class Form(NamedTuple):
    """A kind of sound file, by FFmpeg's names."""

    container: str
    codec: str
    bit_rate: int | None = None


FORMS = {
    ".wav": Form("wav", "pcm_s16le"),
    ".flac": Form("flac", "flac"),
    ".mp3": Form("mp3", "libmp3lame", SPEECH_BIT_RATE),
    ".opus": Form("ogg", "libopus", SPEECH_BIT_RATE),
    ".ogg": Form("ogg", "libopus", SPEECH_BIT_RATE),
    ".m4a": Form("ipod", "aac", SPEECH_BIT_RATE),
    ".aac": Form("adts", "aac", SPEECH_BIT_RATE),
}


def form_of(path: Path) -> Form:
    """The kind of a file of this name.

    >>> form_of(Path("hello.mp3")).codec
    'libmp3lame'

    Raises:
        OptionError: its ending is none of `FORMS`.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise OptionError(f"cannot write {path.name or path}: it must end in one of {', '.join(FORMS)}")
    return form


def write(blocks: Iterable[FloatArray], sample_rate: int, path: Path) -> int:
    """Writes a sound file, block by block; it is there when it is whole, and until then what was there before.

    Args:
        blocks: float32 (n,) each, in [-1, 1]: one recording.
        sample_rate: in hertz; where a kind of file knows no such rate, the next higher one is written.
        path: what it is to be, by its ending; its folder is made where it is missing.

    Returns:
        How many samples there were.

    Raises:
        OptionError: another ending.
        StorageError: the file cannot be written.
    """
    form = form_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            return encode(blocks, sample_rate, temporary, form)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"cannot write {path}: {error.strerror or reason(error)}; free space there or choose another place"
        ) from error


def encode(blocks: Iterable[FloatArray], sample_rate: int, target: Path | IO[bytes], form: Form) -> int:
    """Like `write`, to any file or stream of bytes."""
    import av

    length = 0
    place = str(target) if isinstance(target, Path) else target
    with av.open(place, "w", format=form.container) as container:
        rate = _rate(av.Codec(form.codec, "w").audio_rates, sample_rate)
        stream: Any = container.add_stream(form.codec, rate, layout="mono")
        if form.bit_rate:
            stream.bit_rate = form.bit_rate
        for block in blocks:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block[None]), format="flt", layout="mono")
            frame.sample_rate = sample_rate
            frame.pts = length
            container.mux(stream.encode(frame))
            length += len(block)
        container.mux(stream.encode(None))
    return length


def _rate(known: list[int] | None, wanted: int) -> int:
    """The lowest rate that loses nothing, or the highest there is."""
    if not known:
        return wanted
    return min((rate for rate in known if rate >= wanted), default=max(known))
