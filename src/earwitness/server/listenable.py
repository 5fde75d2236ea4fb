"""What browsers play of a recording: the file as it is, or a copy of it that all of them play.

All of them means Chromium, Firefox and Safari. What they play, and that they seek in it exactly, was tried: a click on
a word must play that word. In MP3 of a variable bit rate they guess where a time is (after half an hour they are
seconds off), and so they do in bare AAC.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from earwitness.audio import CONTAINERS, blocks
from earwitness.toolkit.encoding import FORMS, encode

_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
_WEBM = "matroska,webm"
_PCM = ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw")
TYPES = {
    ("mp3", "mp3"): "audio/mpeg",
    ("flac", "flac"): "audio/flac",
    ("ogg", "opus"): "audio/ogg",
    ("ogg", "vorbis"): "audio/ogg",
    (_MP4, "aac"): "audio/mp4",
    (_WEBM, "opus"): "audio/webm",
    (_WEBM, "vorbis"): "audio/webm",
    **{("wav", codec): "audio/wav" for codec in _PCM},
}
"""FFmpeg's names of a container and a codec -> what a browser is told."""

MOST_DRIFT_S = 0.05
"""So far from where it is said to be may a time be in a file."""

COPY = FORMS[".m4a"]
COPY_TYPE = "audio/mp4"
COPY_RATE_HZ = 48_000
"""AAC in MP4 is what every browser has played for the longest, Safari too, and its index tells where each time is. At
this rate even a player that knows nothing of an encoder's delay is only 21 ms late."""

_EBML_HEAD_BYTES = 64


def type_of(path: Path) -> str | None:
    """What a browser is told of a file, by what is in it; none where some browser does not play it well."""
    import av

    try:
        with path.open("rb") as file, av.open(file, options={"format_whitelist": ",".join(CONTAINERS)}) as container:
            stream = container.streams.audio[0]
            name, codec = container.format.name, stream.codec_context.codec.canonical_name
            if (name == _WEBM and not _is_webm(path)) or (name == "mp3" and _drift_s(container, stream) > MOST_DRIFT_S):
                return None
            return TYPES.get((name, codec))
    except (av.error.FFmpegError, OSError, ValueError, IndexError, AttributeError):  # no sound, or nothing known of it
        return None


def write_copy(source: Path, target: Path) -> None:
    """Writes a copy of a recording, mono, whose times are those of the transcript; little of it is in memory.

    Raises:
        SourceError, AudioError: the recording cannot be read.
        OSError: the copy cannot be written.
    """
    encode(blocks(source, COPY_RATE_HZ), COPY_RATE_HZ, target, COPY)


def _is_webm(path: Path) -> bool:
    """Whether Matroska's head says that it is what browsers know of it."""
    with path.open("rb") as file:
        return b"webm" in file.read(_EBML_HEAD_BYTES)


def _drift_s(container: Any, stream: Any) -> float:
    """How far a time is from where it were if every byte lasted as long, at most, in seconds."""
    packets = (packet for packet in container.demux(stream) if packet.size and packet.duration)
    read = np.fromiter(((packet.size, packet.duration) for packet in packets), np.dtype((float, 2)))
    if not len(read):
        return 0.0
    ends = np.cumsum(read, axis=0)
    size, length = ends[-1]
    return float(np.abs(ends[:, 0] / size * length - ends[:, 1]).max() * stream.time_base)
