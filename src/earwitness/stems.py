"""Texts of somebody else's as names: of files on any system, and to show on one line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

MAX_STEM_CHARACTERS = 120
MAX_STEM_BYTES = 200
"""File systems allow 255; the rest is for `.podcast.json` and the temporary name beside it."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)", re.IGNORECASE)
_UNSAFE = re.compile(r'[<>:"/\\|?*]')


def safe_stem(text: str, max_characters: int = MAX_STEM_CHARACTERS, max_bytes: int = MAX_STEM_BYTES) -> str:
    """`text` as part of a file's name on any system.

    >>> safe_stem("../../etc/passwd"), safe_stem("-rf"), safe_stem("CON"), safe_stem("AC/DC: live?")
    ('_.._etc_passwd', 'rf', '_CON', 'AC_DC_ live_')
    """
    stem = _UNSAFE.sub("_", printable(unicodedata.normalize("NFC", text))).strip().lstrip("-. ")
    stem = stem[:max_characters].encode()[:max_bytes].decode(errors="ignore").rstrip(". ")
    if _RESERVED.match(stem):
        stem = f"_{stem}"[:max_characters]
    return stem or "recording"


def printable(text: str) -> str:
    """`text` on one line without what a terminal or a reader would act on: controls, marks of direction, surrogates.

    >>> printable("a\\x1b[31m\\u202eb\\n")
    'a[31mb '
    """
    if text.isprintable():
        return text
    spaced = re.sub(r"\s", " ", text)
    return "".join(character for character in spaced if unicodedata.category(character) not in ("Cc", "Cf", "Cs"))


def stem_key(stem: str) -> str:
    """Equal for names that are one name on a file system that ignores case."""
    return unicodedata.normalize("NFC", stem.casefold())


def numbered(stem: str, used: Collection[str]) -> str:
    """The stem with the first number that makes its key one that is not in use."""
    number = 1
    while True:
        tail = f"-{number}"
        found = safe_stem(stem, MAX_STEM_CHARACTERS - len(tail), MAX_STEM_BYTES - len(tail)) + tail
        if stem_key(found) not in used:
            return found
        number += 1
