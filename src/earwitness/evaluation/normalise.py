"""What of two texts shall count as the same: Whisper's own rules (Radford et al. 2022, appendix C).

`whisper-english`: lower case, no punctuation, brackets or fillers; contractions spelt out, numbers and currencies as
figures, American spelling. `whisper-basic`, for other languages: lower case, and neither punctuation, symbols,
combining marks nor what stands in brackets. `none` changes nothing but white space.

The rules are openai-whisper 20250625's to the letter, by way of the package whisper-normalizer, so that numbers compare
with published ones. That includes what they do badly: a curly apostrophe parts a word ("don’t" becomes "don t"), and
the basic rules part words of scripts whose vowels are combining marks (Devanagari, Tamil); mind the character error
rate there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

from earwitness.errors import OptionError
from earwitness.extras import require
from earwitness.text import UNSPACED_LANGUAGES

ENGLISH = "whisper-english"
BASIC = "whisper-basic"
NONE = "none"
CHOICES = ("auto", "english", "basic", "none")

_NOT_WHISPERS = (r"\bkinda\b", r"\bsorta\b", r"\bdunno\b", r"\bcause\b")
"""Contractions that whisper-normalizer spells out and Whisper does not."""
_ENGLISH_CODES = ("en", "eng", "english")
"""ISO 639-1, ISO 639-3, and OpenAI's API."""
_SCRIPTS = {
    "CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "THAI": "th", "LAO": "lo", "MYANMAR": "my", "HANGUL": "ko",
    "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi",
}  # fmt: skip
_SAMPLE = 2000
"""So many letters tell a text's script."""


def normaliser(name: str, language: str | None) -> tuple[str, Callable[[str], str]]:
    """A rule set's full name, and the function that applies it.

    Args:
        name: english, basic, none, or auto: the English rules for English and where `language` is none, else the basic.
        language: a code such as en or pt-BR. Languages written without spaces (zh, yue, ja, th, lo, my) are parted
            into characters by the basic rules, as in Whisper's paper, so that a "word" is a character.

    >>> rules, normalised = normaliser("auto", "en")
    >>> rules, normalised("Mr. Brown won't pay, um, twenty dollars for colour!")
    ('whisper-english', 'mister brown will not pay $20 for color')
    >>> normaliser("auto", "zh")[1]("今天,很好。")
    '今 天 很 好'

    Raises:
        OptionError: no rule set is called `name`.
        ExtraError: whisper-normalizer is not installed.
    """
    if name not in CHOICES:
        raise OptionError(f"no normaliser is called {name!r}; there are {', '.join(CHOICES)}")
    code = primary(language)
    if name == "none":
        return NONE, _one_line
    if name == "english" or (name == "auto" and code in (None, "en")):
        return ENGLISH, _with(_english())
    return BASIC, _with(_basic(code in UNSPACED_LANGUAGES))


def primary(language: str | None) -> str | None:
    """The code of a language without its region; none where it is not known.

    >>> primary("pt-BR"), primary("und"), primary("english")
    ('pt', None, 'en')
    """
    code = (language or "").replace("_", "-").partition("-")[0].lower()
    return None if code in ("", "und", "auto") else "en" if code in _ENGLISH_CODES else code


def by_characters(rules: str, language: str | None) -> bool:
    """Whether these rules take every character of the language for a word."""
    return rules == BASIC and primary(language) in UNSPACED_LANGUAGES


def guess_language(text: str) -> str | None:
    """A language that is written in the text's script; none for Latin script, which many are.

    Good enough to choose a normaliser by, where nobody says the language.

    >>> guess_language("今日はいい天気"), guess_language("Hello, Мир")
    ('ja', None)
    """
    counts: dict[str | None, int] = {}
    for character in [character for character in text[: 5 * _SAMPLE] if character.isalpha()][:_SAMPLE]:
        script = unicodedata.name(character, "").partition(" ")[0]
        counts[_SCRIPTS.get(script)] = counts.get(_SCRIPTS.get(script), 0) + 1
    # Japanese has more Chinese characters than kana; Chinese has no kana.
    if counts.get("ja") and "zh" in counts:
        counts["ja"] += counts.pop("zh")
    return max(counts, key=lambda code: counts[code], default=None)


def simple(word: str) -> str:
    """One word to compare with another: NFKC, case folded, straight apostrophes, no punctuation or symbols around it.

    >>> simple(" “Don’t!”"), simple("Straße,"), simple("…")
    ("don't", 'strasse', '')
    """
    text = unicodedata.normalize("NFKC", word).casefold().replace("’", "'")
    kept = [place for place, character in enumerate(text) if not _is_edge(character)]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _is_edge(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] in "PSC"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _with(rules: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: _one_line(rules(text))


@cache
def _english() -> Any:
    rules = require("whisper_normalizer.english").EnglishTextNormalizer()
    for pattern in _NOT_WHISPERS:
        rules.replacers.pop(pattern, None)
    return rules


@cache
def _basic(split_letters: bool) -> Any:
    return require("whisper_normalizer.basic").BasicTextNormalizer(split_letters=split_letters)
