"""What elements of a feed hold: http(s) addresses, texts on one line, numbers above 0, lengths and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urljoin, urlsplit
from xml.etree.ElementTree import Element

from earwitness.feeds.xml import BASE
from earwitness.source import printable

MAX_NUMBER_CHARACTERS = 18

_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f]")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)")


def address_of(link: Element, *attributes: str) -> str | None:
    """The http(s) address of an element, in its attributes or, where it has none, its text.

    There is none where it has another kind or, without a base, a relative one.
    """
    names = attributes or ("url", "href", "uri")
    given = next((value for attribute in names if (value := link.get(attribute))), "").strip()
    if not given and not attributes and link.tag != "podcast:person":
        given = own_text(link)
    try:
        address = urljoin(link.get(BASE, ""), given)
        parts = urlsplit(address)
    except ValueError:
        return None
    if not given or parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        return None
    return _UNSAFE_IN_URL.sub(lambda character: quote(character[0]), address)


def first_address(parent: Element, *tags: str) -> str | None:
    found = (address_of(child) for tag in tags for child in parent if child.tag == tag)
    return next(filter(None, found), None)


def linked(parent: Element, rel: str) -> str | None:
    links = (link for link in parent if link.tag == "atom:link" and link.get("rel", "alternate") == rel)
    return next(filter(None, map(address_of, links)), None)


def text_of(parent: Element, *tags: str) -> str:
    """The text of the first child that has one of these tags, in their order, and is not empty; on one line."""
    found = (own_text(child) for tag in tags for child in parent if child.tag == tag)
    return next(filter(None, found), "")


def own_text(element: Element) -> str:
    return " ".join(printable("".join(element.itertext())).split())


def raw_texts(parent: Element, tags: tuple[str, ...]) -> Iterator[str]:
    for tag in tags:
        for child in parent:
            if child.tag == tag and (text := "".join(child.itertext()).strip()):
                yield text


def number(text: str) -> float | None:
    """A number above 0."""
    text = text.strip()
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) or len(text) > MAX_NUMBER_CHARACTERS:
        return None
    return float(text) or None


def whole(number: float | None) -> int | None:
    return int(number) if number is not None and number.is_integer() else None


def seconds(text: str) -> float | None:
    """A length as HH:MM:SS, MM:SS or seconds."""
    match = _CLOCK.fullmatch(text)
    if not match or len(text) > MAX_NUMBER_CHARACTERS:
        return None
    hours, minutes, seconds, alone = match.groups()
    return float(alone) if alone else 3600.0 * int(hours or 0) + 60.0 * int(minutes) + float(seconds)


def moment(text: str) -> datetime | None:
    """A date as RFC 2822 or ISO 8601 write it; without a zone it is UTC."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
