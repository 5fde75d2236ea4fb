"""The library knows feeds by their address, and their episodes by their guids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.download import Version
from earwitness.feeds.fetching import Fetched
from earwitness.library import shows
from earwitness.library.store import Library

URL = "https://example.org/feed"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


def test_a_feed_is_remembered_as_it_was_last_read(library: Library) -> None:
    assert shows.show(library, URL) is None
    first = shows.remember(library, URL, "On Bread", Fetched(b"<rss/>" * 1000, Version('"one"', "Monday")))
    again = shows.remember(library, URL, "On Bread!", Fetched(b"<rss></rss>", Version('"two"')))
    assert first == again
    found = shows.show(library, URL)
    assert found
    assert (found.title, found.fetched) == ("On Bread!", Fetched(b"<rss></rss>", Version('"two"')))


def test_a_feed_without_content_is_read_anew(library: Library) -> None:
    shows.remember(library, URL, "On Bread", Fetched(b"<rss/>", Version('"one"')))
    with library.transaction() as database:
        database.execute("UPDATE shows SET content = x'00'")
    found = shows.show(library, URL)
    assert found
    assert found.fetched == Fetched(b"", Version())
