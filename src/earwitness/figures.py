"""Numbers in a text, whether written in figures or spelt out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_UNITS = {
    word: value
    for value, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""".split()
    )
}
_TENS = {
    word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_ORDINALS = {
    "first": "one", "second": "two", "third": "three", "fifth": "five", "eighth": "eight", "ninth": "nine",
    "twelfth": "twelve",
    **{f"{word}th": word for word in _UNITS if word not in ("zero", "one", "two", "three", "five", "eight", "nine")},
    **{f"{word[:-1]}ieth": word for word in _TENS},
    **{f"{word}th": word for word in _SCALES},
}  # fmt: skip
_SPELT = {**_UNITS, **_TENS, **_SCALES}
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_DECIMAL = re.compile(r"\d+(?:\.\d+)?")
_GROUPING = re.compile(r",(?=\d{3}(?!\d))")
# As English uses them, these are as often no numbers; the ordinals are where they follow one of `_DETERMINERS`.
_SELDOM_NUMBERS = frozenset(("one", "first", "second", "oh"))
_DETERMINERS = frozenset("the my your his her its our their every each".split())
_BETWEEN = frozenset(("and", "oh"))


def numbers_in(words: Sequence[str], language: str) -> list[tuple[int, frozenset[str]]]:
    """The numbers among the words of a text in lower case, in order: the place of the word after each, and its values.

    A number that is spelt out has every value that people read it as: "eighteen seventy one" is 1871 and not 89.
    Spelt numbers are known for English; "one" alone is taken for no number, and so are "first" and "second" where no
    determiner goes before them.

    >>> numbers_in("in eighteen seventy-one we had 2,500 boats and two hundred and five men".split(), "en")
    [(3, frozenset({'1871'})), (6, frozenset({'2500'})), (12, frozenset({'205'}))]
    """
    found = []
    for first, last in _runs(words, language):
        figures = [_GROUPING.sub("", word) for word in words[first:last] if word[0].isdigit()]
        figures = [match.group() for match in map(_FIGURE.match, figures) if match]
        if figures:
            scaled = _value([figures[-1], *words[first + 1 : last]]) if last - first > 1 else None  # "3 million"
            found.append((last, frozenset(figures if scaled is None else [str(scaled)])))
            continue
        spelt = _spelt_parts(words[first:last])
        seldom = _SELDOM_NUMBERS.issuperset(spelt)
        if not seldom or (spelt[0] in _ORDINALS and first and words[first - 1] in _DETERMINERS):
            found.append((last, frozenset(_readings([_ORDINALS.get(word, word) for word in spelt]))))
    return found


def _runs(words: Sequence[str], language: str) -> Iterator[tuple[int, int]]:
    """First and last of each stretch of words that make one number."""
    first = 0
    while first < len(words):
        last = first
        while last < len(words) and (_is_number(words[last], language, last == first) or _joins(words, first, last)):
            last += 1
            if words[last - 1][0].isdigit() and not (last < len(words) and words[last] in _SCALES):
                break
        if last > first:
            yield first, last
        first = max(last, first + 1)


def _is_number(word: str, language: str, alone: bool) -> bool:
    if word[0].isdigit():
        return alone
    parts = _spelt_parts([word])
    return language == "en" and bool(parts) and all(part in _SPELT or part in _ORDINALS for part in parts)


def _joins(words: Sequence[str], first: int, last: int) -> bool:
    """ "two hundred and five", "nineteen oh five"."""
    if last == first or last + 1 >= len(words) or words[last] not in _BETWEEN:
        return False
    after = words[last + 1].split("-")[0]
    return after in _SPELT and (words[last] == "oh" or words[last - 1] in _SCALES)


def _spelt_parts(words: Sequence[str]) -> list[str]:
    return [part for word in words for part in word.split("-") if part != "and"]


def _readings(words: Sequence[str]) -> set[str]:
    if not set(words) & set(_SCALES):
        pairs = _pairs(words)
        if len(pairs) > 1:
            # Years ("nineteen eighty four") and strings of digits ("four oh one").
            return {
                "".join(f"{value:02d}" if number and value > 9 else str(value) for number, value in enumerate(pairs))
            }
    value = _value(words)
    return {str(value)} if value is not None else set()


def _pairs(words: Sequence[str]) -> list[int]:
    """ "nineteen eighty four" as 19 and 84."""
    found: list[int] = []
    tens = False
    for word in words:
        value = 0 if word == "oh" else _SPELT[word]
        if tens and 0 < value < 10:
            found[-1] += value
            tens = False
        else:
            found.append(value)
            tens = word in _TENS
    return found


def _value(words: Sequence[str]) -> int | None:
    """ "three million two hundred thousand" or "3.5 million" as a number; none where that is no whole one."""
    total = current = 0.0
    for word in words:
        if word in _SCALES:
            scale = _SCALES[word]
            if scale == 100:
                current = max(1, current) * scale
            else:
                total, current = total + max(1, current) * scale, 0
        elif _DECIMAL.fullmatch(word):
            current += float(word)
        elif word in _SPELT:
            current += _SPELT[word]
        elif word != "oh":
            return None
    value = round(total + current, 6)
    return int(value) if value == int(value) else None
