"""File -> Audio: any recording to mono float32 at 16 kHz, decoded block by block.

FFmpeg (through PyAV) does the decoding, and only that: it is handed an open file under no name, may open nothing
else, and may use only the containers in `CONTAINERS`. Without those three, a text file that begins
`ffconcat version 1.0`, or a playlist, makes it read other local files or call the network.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from earwitness.errors import AudioError, OptionError, SourceError, StorageError
from earwitness.mapped import mapped
from earwitness.options import AudioOptions
from earwitness.types import Audio, Seconds
from earwitness.units import SAMPLE_RATE_HZ, to_samples, to_seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

CONTAINERS = (
    "mp3", "wav", "w64", "flac", "ogg", "mov", "matroska", "aac", "aiff", "asf", "amr", "caf", "au", "ac3",
    "nistsphere",
)  # fmt: skip
"""FFmpeg's names; `mov` is also mp4, m4a and 3gp, `matroska` also webm, `asf` also wma, `nistsphere` the .sph files of
speech corpora. None refers to other files."""

BLOCK_S = 1.0
"""Long enough to tell whether channels cancel, short enough to forget."""

SAMPLE_RATES_HZ = (1_000, 768_000)
MAX_CHANNELS = 64
"""Outside these a header is damaged, and the resampler would build gigabytes of filters for it."""

MAX_AMPLITUDE = 1e6
"""Some float files are scaled as 24-bit integers, none beyond; larger values are damage and overflow later."""

CANCELLATION = 1e-3
"""Below this share of the channels' energy (-30 dB), their mean is what is left of channels that cancel."""
SILENCE_ENERGY = 1e-8
"""Mean square below which (-80 dB) nothing is worth rescuing."""

MIN_GAP_S = 0.2
"""Shorter holes in the time stamps are rounding."""
MIN_SHORTFALL_S = 0.25
"""Encoders' delay and padding explain that a recording ends this much before its header says."""

OGG_PAGE_BYTES = 65_307
"""The longest page there can be."""

_DEFAULTS = AudioOptions()


@dataclass
class _Damage:
    """What the decoder had to forgive, counted while it works."""

    frames: int = 0
    samples: int = 0
    cancelled_s: Seconds = 0.0
    gap_s: Seconds = 0.0
    unreadable: bool = False

    def warnings(self) -> Iterator[str]:
        if self.unreadable:
            yield "the file cannot be read to its end; it is damaged"
        if self.frames:
            yield f"{self.frames} damaged {'frame' if self.frames == 1 else 'frames'} skipped"
        if self.gap_s:
            yield f"{self.gap_s:.1f} s without any audio in the file are taken as silence"
        if self.samples:
            yield f"{self.samples} samples that are not sensible numbers are taken as silence"
        if self.cancelled_s:
            yield f"the channels cancel each other in {self.cancelled_s:.0f} s of audio; one of them is used there"


class _Samples:
    """Float32 samples that grow: in a file without a name under `scratch`, or else in memory, held once."""

    def __init__(self, scratch: Path | None) -> None:
        self._memory = bytearray()
        self._file: IO[bytes] | None = None if scratch is None else _scratch_file(scratch)
        self.count = 0

    def append(self, block: FloatArray) -> None:
        content = block.tobytes()
        if self._file is None:
            self._memory += content
        else:
            try:
                self._file.write(content)
            except OSError as error:
                raise _full(error) from error
        self.count += len(block)

    def finish(self) -> FloatArray:
        """All samples, read-only; a file's pages are read when they are looked at."""
        if self._file is None:
            samples = np.frombuffer(self._memory, dtype=np.float32)
            samples.flags.writeable = False
            return samples
        try:
            self._file.flush()
        except OSError as error:
            raise _full(error) from error
        return mapped(self._file)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def load(
    path: str | Path,
    options: AudioOptions = _DEFAULTS,
    *,
    sample_rate: int = SAMPLE_RATE_HZ,
    scratch: Path | None = None,
    progress: Callable[[Seconds], None] | None = None,
) -> Audio:
    """Decodes the first audio stream of a file.

    The channels are averaged, except where they cancel each other: there the first one that carries the sound is
    taken. Holes in the file's time stamps become silence, so that a sample's position is the time a player shows.
    What is damaged is left out and said in `Audio.warnings`.

    Args:
        path: Any file with sound in it: mp3, m4a, aac, ogg, opus, flac, wav, wma, aiff, webm, mp4 and so on.
        sample_rate: Of what is returned, in hertz; other stages want the default.
        scratch: A folder. The samples (230 MB an hour) lie there in a file without a name and are mapped from it,
            instead of in memory.
        progress: Called with the seconds decoded so far, about once a second of audio.

    Returns:
        Audio with `samples` float32, shape (n,), finite, read-only, at `sample_rate`.

    Raises:
        SourceError: there is no such file, or it cannot be read.
        AudioError: it is not audio, holds none, or more than `options.max_duration_s`.
        OptionError: a sample rate that is none.
        StorageError: `scratch` cannot be written.

    Example:
        >>> import wave
        >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        ...     with wave.open(file.name, "wb") as writer:
        ...         writer.setparams((2, 2, 8000, 0, "NONE", ""))
        ...         writer.writeframes(bytes(4 * 8000))
        ...     load(file.name).duration
        1.0
    """
    if not SAMPLE_RATES_HZ[0] <= sample_rate <= SAMPLE_RATES_HZ[1]:
        raise OptionError(f"sample rate {sample_rate} Hz: give one from {SAMPLE_RATES_HZ[0]} to {SAMPLE_RATES_HZ[1]}")
    path = Path(path)
    name = _shown(path)
    store = _Samples(scratch)
    damage = _Damage()
    try:
        with _opened(path) as file, _container(file, name) as container:
            stream = _audio_stream(container, name)
            for block in _blocks(_frames(container, stream, damage), _clock(container), damage, sample_rate):
                store.append(block)
                duration = to_seconds(store.count, sample_rate)
                if duration > options.max_duration_s:
                    raise AudioError(f"{name}: longer than {options.max_duration_s:g} s; cut it into shorter files")
                if progress is not None:
                    progress(duration)
            if not store.count:
                raise _nothing(name, damage)
            warnings = (*_truncation(file, container, stream, to_seconds(store.count, sample_rate)), *damage.warnings())
        return Audio(store.finish(), sample_rate, warnings)
    finally:
        store.close()


def blocks(path: str | Path, sample_rate: int = SAMPLE_RATE_HZ) -> Iterator[FloatArray]:
    """What `load` gives of a file, a second at a time while it is decoded; none of it is kept.

    Raises:
        SourceError, AudioError: as `load`.
    """
    path, damage = Path(path), _Damage()
    with _opened(path) as file, _container(file, _shown(path)) as container:
        frames = _frames(container, _audio_stream(container, _shown(path)), damage)
        yield from _blocks(frames, _clock(container), damage, sample_rate)


def _shown(path: Path) -> str:
    # Control and right-to-left characters in a name must not reach a terminal.
    return repr(path.name or str(path))[1:-1]


def _scratch_file(folder: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot write there ({error.strerror}); name another folder") from error


def _full(error: OSError) -> StorageError:
    return StorageError(f"decoded audio cannot be stored ({error.strerror}); free some disk space")


def _nothing(name: str, damage: _Damage) -> AudioError:
    if damage.frames or damage.unreadable:
        return AudioError(f"{name}: damaged, nothing in it can be decoded; get the recording again")
    return AudioError(f"{name}: empty audio; the file has a header but no sound, get the recording again")


def _opened(path: Path) -> IO[bytes]:
    name = _shown(path)
    try:
        if path.is_dir():
            raise SourceError(f"{name}: is a folder; give a file")
        if path.exists() and not path.is_file():
            raise SourceError(f"{name}: not a regular file; give a recording")
        # A descriptor has no name, so FFmpeg cannot take one for a protocol, or believe its extension.
        file = open(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), "rb")  # noqa: SIM115, PTH123
    except SourceError:
        raise
    except FileNotFoundError as error:
        raise SourceError(f"{name}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceError(f"{name}: cannot be read ({reason}); check the path and its permissions") from error
    if os.fstat(file.fileno()).st_size == 0:
        file.close()
        raise AudioError(f"{name}: empty audio; the file has no bytes, get the recording again")
    return file


def _container(file: IO[bytes], name: str) -> Any:
    import av

    def refuse(url: str, *_: object) -> None:
        raise PermissionError(errno.EPERM, "recordings may not refer to other files", url)

    try:
        return av.open(
            file,
            options={"format_whitelist": ",".join(CONTAINERS)},
            io_open=refuse,
            # Old tags are in whatever encoding their author used; none of them is a reason to refuse the sound.
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError(
            f"{name}: not audio that earwitness reads, or its header is damaged; "
            "give a recording such as mp3, m4a, ogg, flac or wav"
        ) from error


def _audio_stream(container: Any, name: str) -> Any:
    if not container.streams.audio:
        kind = "a video without sound" if container.streams.video else "no audio in it"
        raise AudioError(f"{name}: {kind}; give a file that has an audio track")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise AudioError(f"{name}: its audio codec is unknown; convert it to mp3, flac or wav")
    return stream


def _frames(container: Any, stream: Any, damage: _Damage) -> Iterator[Any]:
    """The stream's frames as FFmpeg decodes them, without those that it cannot decode."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError, ValueError):
            damage.unreadable = True
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            damage.frames += 1
            continue
        for frame in frames:
            if _is_plausible(frame):
                yield frame
            else:
                damage.frames += 1


def _is_plausible(frame: Any) -> bool:
    low, high = SAMPLE_RATES_HZ
    return bool(low <= frame.sample_rate <= high and 1 <= frame.layout.nb_channels <= MAX_CHANNELS)


@dataclass(frozen=True)
class _Clock:
    """Where a player's time begins, and where the container says that it ends."""

    start: Seconds
    end: Seconds | None

    def gap(self, frame: Any, heard: Seconds) -> Seconds:
        """The silence before a frame, once `heard` seconds have been decoded."""
        if self.end is None or frame.time is None:
            return 0.0
        time = float(frame.time) - self.start
        # A time stamp after the end is damage, and a day of silence would follow from it.
        return time - heard if heard + MIN_GAP_S < time <= self.end else 0.0


def _clock(container: Any) -> _Clock:
    import av

    start = (container.start_time or 0) / av.time_base
    return _Clock(start, None if container.duration is None else container.duration / av.time_base)


def _blocks(frames: Iterator[Any], clock: _Clock, damage: _Damage, rate_hz: int) -> Iterator[FloatArray]:
    """Mono blocks of a second at a rate; a new resampler wherever the stream changes its rate, format or channels."""
    import av

    setup: tuple[int, str, str] | None = None
    resampler: Any = None
    heard: Seconds = 0.0
    for frame in frames:
        needed = (frame.sample_rate, frame.format.name, frame.layout.name)
        gap = clock.gap(frame, heard)
        if needed != setup or gap:
            yield from _resampled(resampler, None, damage, rate_hz)
            # Interleaved, since PyAV runs past the end of its table of planes when there are eight or more.
            resampler = av.AudioResampler("flt", frame.layout, rate_hz, to_samples(BLOCK_S, rate_hz))
            setup = needed
        if gap:
            yield from _silence(to_samples(gap, rate_hz), rate_hz)
            damage.gap_s += gap
        yield from _resampled(resampler, frame, damage, rate_hz)
        heard += gap + frame.samples / frame.sample_rate
    yield from _resampled(resampler, None, damage, rate_hz)


def _resampled(resampler: Any, frame: Any, damage: _Damage, rate_hz: int) -> Iterator[FloatArray]:
    """What the resampler gives for a frame, or for the end (none)."""
    if resampler is not None:
        for block in resampler.resample(frame):
            channels = block.to_ndarray().reshape(-1, block.layout.nb_channels)
            yield _downmixed(np.ascontiguousarray(channels.T), damage, rate_hz)


def _silence(samples: int, most: int) -> Iterator[FloatArray]:
    while samples > 0:
        yield np.zeros(min(samples, most), dtype=np.float32)
        samples -= most


def _downmixed(channels: FloatArray, damage: _Damage, rate_hz: int) -> FloatArray:
    """The mean of the channels, shape (channels, n) to (n,), or one of them where the mean cancels."""
    if not np.abs(channels).max(initial=0.0) < MAX_AMPLITUDE:  # also true of NaN
        bad = ~(np.abs(channels) < MAX_AMPLITUDE)
        damage.samples += int(bad.any(axis=0).sum())
        channels = np.where(bad, np.float32(0), channels)
    mean: FloatArray = channels.mean(axis=0)
    if len(channels) == 1:
        return mean
    energies = np.square(channels).mean(axis=1)
    if energies.mean() > SILENCE_ENERGY and np.square(mean).mean() < CANCELLATION * energies.mean():
        damage.cancelled_s += to_seconds(len(mean), rate_hz)
        first_loud = int(np.argmax(energies >= energies.max() / 2))
        mean = channels[first_loud]
    return mean


def _truncation(file: IO[bytes], container: Any, stream: Any, duration: Seconds) -> Iterator[str]:
    """A warning, where the file itself tells that there was more of it."""
    declared = _declared_duration(file, container, stream, duration)
    if declared is not None and declared - duration > MIN_SHORTFALL_S:
        yield f"the audio stopped at {duration:.1f} s of {declared:.1f} s; the file may be truncated"
    elif container.format.name == "ogg" and not _ogg_is_ended(file, container.size):
        yield f"the audio stopped at {duration:.1f} s without an end mark; the file may be truncated"


def _declared_duration(file: IO[bytes], container: Any, stream: Any, duration: Seconds) -> Seconds | None:
    """How long the file claims to be, or none where FFmpeg only guesses it from the bit rate."""
    import av

    name: str = container.format.name
    size: int = container.size
    if name in ("aac", "ac3", "amr"):
        return None
    if name == "wav":
        return duration * max(1.0, _riff_size(file) / size)
    declared: Seconds
    if stream.duration is not None:
        declared = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        declared = container.duration / av.time_base
    else:
        return None
    bit_rate = stream.codec_context.bit_rate
    # An MP3 without a Xing header says nothing; one with it says more than what is left of a truncated file.
    if name == "mp3" and (not bit_rate or declared < 1.01 * 8 * size / bit_rate):
        return None
    return declared


def _riff_size(file: IO[bytes]) -> int:
    """The bytes that a WAV file should have, 0 where it was written to a pipe; FFmpeg believes the file's size."""
    file.seek(4)
    size = int.from_bytes(file.read(4), "little")
    return 0 if size >= 0xFFFFFF00 else size + 8


def _ogg_is_ended(file: IO[bytes], size: int) -> bool:
    """Whether the last Ogg page has the flag "end of stream" (RFC 3533, section 6)."""
    file.seek(max(0, size - OGG_PAGE_BYTES))
    tail = file.read()
    last_page = tail.rfind(b"OggS")
    return last_page >= 0 and len(tail) > last_page + 5 and bool(tail[last_page + 5] & 0x04)
