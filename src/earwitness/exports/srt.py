"""SubRip subtitles within Podcasting 2.0's limits: at most two lines of 32 characters, a new card for each speaker."""

from __future__ import annotations

import re

from earwitness.exports.cards import cards
from earwitness.exports.reading import encode
from earwitness.types import Transcript
from earwitness.units import MILLISECONDS_PER_SECOND, clock

LINE_COLUMNS = 32

# SubRip has no escapes: players take an arrow, or just two times, for the head of another card, and angles and braces
# for markup.
_LOOKALIKES = str.maketrans("<>{}", "‹›()")
_TIME_COMMA = re.compile(r"(?<=\d:\d\d:\d\d)[.,](?=\d)")


def write(transcript: Transcript) -> bytes:
    """The speaker's name stands before the first words of each turn."""
    made = cards(transcript, LINE_COLUMNS, named=True)
    return encode(
        "".join(
            f"{number}\n{_clock(card.start_ms)} --> {_clock(card.end_ms)}\n{_text(card.lines)}\n\n"
            for number, card in enumerate(made, 1)
        )
    )


def _clock(milliseconds: int) -> str:
    return clock(milliseconds / MILLISECONDS_PER_SECOND, separator=",")


def _text(lines: tuple[str, ...]) -> str:
    return _TIME_COMMA.sub("‚", "\n".join(lines).replace("-->", "→").translate(_LOOKALIKES))
