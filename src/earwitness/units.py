"""Seconds, samples and frames, and the one rule that converts between them.

A time is a float in seconds of the source file. A position in samples or frames is the nearest one, halves going
up, so that converting there and back again moves a time by at most half a step and never drifts.
"""

from __future__ import annotations

import math

SAMPLE_RATE_HZ = 16_000
"""Everything inside earwitness is mono at this rate: Whisper, Silero and the speaker features all expect it."""

MILLISECONDS_PER_SECOND = 1000


def to_samples(seconds: float, sample_rate_hz: int = SAMPLE_RATE_HZ) -> int:
    """The sample nearest to a time, halves going up.

    >>> to_samples(1.5)
    24000
    """
    return math.floor(seconds * sample_rate_hz + 0.5)


def to_seconds(samples: int, sample_rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """The time of a sample.

    >>> to_seconds(24000)
    1.5
    """
    return samples / sample_rate_hz


def to_milliseconds(seconds: float) -> int:
    """Whole milliseconds, for the formats that count in them.

    >>> to_milliseconds(1.0005)
    1001
    """
    return math.floor(seconds * MILLISECONDS_PER_SECOND + 0.5)


def rounded(seconds: float) -> float:
    """A time as transcripts write it: to the millisecond.

    >>> rounded(1.23456)
    1.235
    """
    return to_milliseconds(seconds) / MILLISECONDS_PER_SECOND


def clock(seconds: float, *, separator: str = ".", hours: bool = True) -> str:
    """`HH:MM:SS.mmm`, as WebVTT (and with `separator=","` SubRip) writes a time.

    >>> clock(3661.5), clock(61.5, separator=",")
    ('01:01:01.500', '00:01:01,500')
    >>> clock(61.5, hours=False)
    '01:01.500'
    """
    minutes, milliseconds = divmod(to_milliseconds(seconds), 60 * MILLISECONDS_PER_SECOND)
    whole_hours, minutes = divmod(minutes, 60)
    tail = f"{milliseconds // 1000:02d}{separator}{milliseconds % 1000:03d}"
    return f"{whole_hours:02d}:{minutes:02d}:{tail}" if hours or whole_hours else f"{minutes:02d}:{tail}"


def short_clock(seconds: float) -> str:
    """`M:SS` or `H:MM:SS`, as people write a time; the fraction is cut, so that the time is never late.

    >>> short_clock(61.9), short_clock(3661)
    ('1:01', '1:01:01')
    """
    minutes, whole = divmod(int(seconds), 60)
    whole_hours, minutes = divmod(minutes, 60)
    return f"{whole_hours}:{minutes:02d}:{whole:02d}" if whole_hours else f"{minutes}:{whole:02d}"
