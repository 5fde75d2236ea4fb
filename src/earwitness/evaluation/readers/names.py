"""`Name: text`, as scripts, subtitles and podcast transcripts write who speaks."""

from __future__ import annotations

import re

_NAMED = re.compile(r"([^:：]{1,40})(?::\s+|：\s*)(.*)", re.DOTALL)
_MAX_WORDS = 5
_NOT_IN_NAMES = re.compile(r"[?!,;]|\.\.")


def named(text: str) -> tuple[str | None, str]:
    """Who says it, and what; nobody where what stands before the colon is not like a name.

    >>> named("Dr. Ann Lee: Good morning."), named("He said: no.")
    (('Dr. Ann Lee', 'Good morning.'), (None, 'He said: no.'))
    """
    match = _NAMED.fullmatch(f"{text} ")
    if match is None or not _is_name(match[1]):
        return None, text
    return match[1].strip(), match[2].strip()


def _is_name(text: str) -> bool:
    words = text.split()
    return (
        0 < len(words) <= _MAX_WORDS
        and not _NOT_IN_NAMES.search(text)
        and all(not word[0].islower() or any(character.isdigit() for character in word) for word in words)
    )
