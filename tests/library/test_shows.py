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


def test_what_became_of_episodes(library: Library) -> None:
    show = shows.remember(library, URL, "On Bread", Fetched(b""))
    other = shows.remember(library, "https://example.org/other", "On Wine", Fetched(b""))
    shows.done(library, show, "a")
    shows.set_aside(library, show, "b", "no audio")
    shows.set_aside(library, show, "c", "no audio")
    shows.done(library, show, "c")
    assert shows.states(library, show) == {"a": None, "b": "no audio", "c": None}
    assert shows.states(library, other) == {}


def test_an_episode_stays_done_when_the_library_forgets_it(library: Library) -> None:
    show = shows.remember(library, URL, "On Bread", Fetched(b""))
    with library.transaction() as database:
        database.execute(
            "INSERT INTO episodes (id, recording, name, title, language, seconds, words, added, transcript)"
            " VALUES (7, 'sha', 'a', 'a', 'en', 1.0, 1, '', x'')"
        )
    shows.done(library, show, "a", 7)
    with library.transaction() as database:
        assert database.execute("SELECT episode FROM feed_episodes").fetchone() == (7,)
        database.execute("DELETE FROM episodes")
        assert database.execute("SELECT episode FROM feed_episodes").fetchone() == (None,)
    assert shows.states(library, show) == {"a": None}
