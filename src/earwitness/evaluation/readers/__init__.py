"""Files of references and transcripts to `Truth`: a reader a format, one table.

A reader takes a file's text and name, and raises `TranscriptError` with the line or entry that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath

from earwitness.evaluation.readers import captions, json, nist, pages
from earwitness.evaluation.truth import Truth

Reader = Callable[[str, str], Truth]

READERS: dict[str, Reader] = {
    ".json": json.read,
    ".rttm": nist.read_rttm,
    ".stm": nist.read_stm,
    ".ctm": nist.read_ctm,
    ".srt": captions.read_srt,
    ".vtt": captions.read_vtt,
    ".tsv": captions.read_tsv,
    ".html": pages.read_html,
    ".htm": pages.read_html,
    ".md": pages.read_md,
    ".txt": pages.read_txt,
}
_LOOKS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"\s*[{\[]"), json.read),
    (re.compile(r"WEBVTT\b"), captions.read_vtt),
    (re.compile(r"SPEAKER \S+ \S+ [\d.]+ [\d.]+ "), nist.read_rttm),
    (re.compile(r"\s*\d+\s*\n[\d:]+,\d{3} --> "), captions.read_srt),
    (re.compile(r"\s*<(cite|!doctype html|html)\b", re.IGNORECASE), pages.read_html),
)


def parse(text: str, name: str) -> Truth:
    """What a file of that name says.

    >>> parse("SPEAKER talk 1 0.5 2.0 <NA> <NA> ann <NA> <NA>", "talk.rttm").turns
    (Turn(start=0.5, end=2.5, speaker='ann', id=0, segments=(), summary=None),)

    Raises:
        TranscriptError: the text is not what the name says, or has impossible times.
        ExtraError: it holds subtitles, and pysubs2 is not installed.
    """
    reader = READERS.get(PurePath(name).suffix.lower())
    if reader is None:
        reader = next((reader for look, reader in _LOOKS if look.match(text)), pages.read_txt)
    return reader(text, name)
