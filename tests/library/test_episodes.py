from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.errors import OptionError, StorageError
from earwitness.library.episodes import episode, episodes, keep, kept, remove, transcript_of
from earwitness.library.migrations import MIGRATIONS
from earwitness.library.search import search
from earwitness.library.store import Library
from earwitness.types import EpisodeInfo, SourceInfo, Transcript
from factories import make_transcript


def recording(number: int, name: str = "") -> Transcript:
    source = SourceInfo(name or f"episode {number}.mp3", f"{number:x}{'f' * 63}", 60.0)
    return replace(make_transcript(), source=source)


def test_what_is_kept_is_what_comes_back(library: Library) -> None:
    transcript = make_transcript()
    number = keep(library, transcript)
    assert transcript_of(library, number) == Transcript.from_dict(transcript.to_dict())
    (one,) = episodes(library)
    assert (one.id, one.recording, one.name, one.title) == (number, "0" * 64, "episode one.mp3", "episode one")
    assert (one.language, one.words, one.show, one.published) == ("en", len(transcript.words), None, None)
    assert one == episode(library, "episode one") == kept(library, "0" * 64)


def test_what_a_feed_says_of_an_episode_is_kept_with_it(library: Library) -> None:
    told = EpisodeInfo("The Bridge Show", "Old bridges", "guid-7", "2024-03-15T06:00:00+00:00")
    number = keep(library, replace(make_transcript(), episode=told))
    one = episode(library, "old bridges")
    assert (one.id, one.show, one.published) == (number, told.show, told.published)
    assert episode(library, "episode one").id == number
    assert [hit.show for hit in search(library, "glad", since="2024-03-15")] == ["The Bridge Show"]
    assert search(library, "glad", since="2024-03-16") == ()


def test_the_same_recording_is_kept_once_and_anew(library: Library) -> None:
    first = keep(library, make_transcript())
    keep(library, recording(1))
    other = make_transcript((("A", "Nothing but whales."),), chapters=(), name="renamed.mp3")
    assert keep(library, other) == first
    assert len(episodes(library)) == 2
    assert transcript_of(library, first).text == "Nothing but whales."
    assert [hit.episode for hit in search(library, "whales")] == [first]
    assert {hit.episode for hit in search(library, "bridge")} == {2}
    integrity(library)


def integrity(library: Library) -> None:
    """The index says what the passages say, and nothing else."""
    with library.transaction() as database:
        database.execute("INSERT INTO found (found, rank) VALUES ('integrity-check', 1)")
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_an_episode_is_found_by_number_name_title_and_hash(library: Library) -> None:
    for number, name in ((1, "The Bridge.mp3"), (2, "whales.flac"), (3, "42.mp3")):
        keep(library, recording(number, name))
    assert [episode(library, said).id for said in ("1", "the bridge", "The Bridge.mp3", "1fff")] == [1, 1, 1, 1]
    assert episode(library, "42").id == 3
    for said, message in (
        ("wales", r"no episode is called 'wales'; like it: 2 \(whales\)"),
        ("bridge", r"like it: 1 \(The Bridge\)"),
        ("7", r"no episode is called '7'; there are 3 \(42\), 2 \(whales\), 1 \(The Bridge\)"),
        ("", "no episode is called ''"),
    ):
        with pytest.raises(OptionError, match=message):
            episode(library, said)


def test_two_episodes_of_one_name_are_told_apart_by_number(library: Library) -> None:
    for number in (1, 2):
        keep(library, recording(number, "pilot.mp3"))
    with pytest.raises(OptionError, match=r"2 episodes are called 'pilot': 2 \(pilot\), 1 \(pilot\); give the number"):
        episode(library, "pilot")
    assert episode(library, "2").id == 2


def test_an_empty_library_says_how_to_fill_it(library: Library) -> None:
    with pytest.raises(OptionError, match="there are none yet; `earwitness transcribe` keeps them"):
        episode(library, "pilot")


def test_what_is_removed_is_in_none_of_the_files(library: Library) -> None:
    secret = make_transcript((("A", "Say xylophonist quagmire."),), chapters=(), names={"A": "Zebedee"})
    number = keep(library, secret)
    keep(library, recording(1))
    remove(library, number)
    assert [one.id for one in episodes(library)] == [2]
    assert not search(library, "quagmire")
    assert search(library, "bridge")
    integrity(library)
    library.close()
    content = b"".join(path.read_bytes() for path in library.path.parent.iterdir())
    assert not any(word in content for word in (b"xylophonist", b"quagmire", b"Zebedee"))


def test_an_older_version_says_so_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library:
        keep(library, make_transcript())
    before = path.read_bytes()
    for version in range(1, len(MIGRATIONS)):
        with pytest.raises(StorageError, match=r"library\.sqlite: made by a newer earwitness; upgrade this one"):
            Library(path, migrations=MIGRATIONS[:version])
        assert path.read_bytes() == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_library_that_may_only_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path).close()
    path.chmod(0o400)
    with pytest.raises(StorageError, match="the library cannot be opened"):
        Library(path)


def test_a_library_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library:
        for number in range(12):
            keep(library, recording(number))
    content = path.read_bytes()
    problems = []
    for part in range(1, 10):
        damaged = tmp_path / f"damaged{part}.sqlite"
        at = part * len(content) // 10
        damaged.write_bytes(content[:at] + b"\xa5" * 4096 + content[at + 4096 :])
        try:
            with Library(damaged) as library:
                keep(library, recording(99))
                search(library, "bridge AND river")
                for one in episodes(library):
                    transcript_of(library, one.id)
        except StorageError as problem:
            problems.append(str(problem))
    assert len(problems) >= 3
    assert all(re.fullmatch(r".*damaged\d\.sqlite: .*", problem) for problem in problems)


def test_a_damaged_transcript_is_named(library: Library) -> None:
    number = keep(library, make_transcript())
    with library.transaction() as database:
        database.execute("UPDATE episodes SET transcript = substr(transcript, 1, 50)")
    with pytest.raises(StorageError, match=r"a transcript in it is damaged .*; transcribe the recording again"):
        transcript_of(library, number)


def test_keeping_fails_whole_where_the_disk_is_full(library: Library) -> None:
    keep(library, make_transcript())
    with library.transaction() as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages + 4}")
    long = make_transcript([("A", f"word{number} and {number * 7919}") for number in range(3000)], chapters=())
    with pytest.raises(StorageError, match="the disk is full; make room there"):
        keep(library, replace(long, source=SourceInfo("long.mp3", "1" * 64, 9e3)))
    assert [one.name for one in episodes(library)] == ["episode one.mp3"]
    integrity(library)


def _keep_many(path: str, first: int) -> None:
    with Library(Path(path)) as library:
        for number in range(first, first + 5):
            keep(library, recording(number))


def test_processes_that_keep_at_once_all_do(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_keep_many, args=(str(path), first)) for first in (0, 5, 10)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with Library(path) as library:
        assert len(episodes(library)) == 15
        assert len({hit.episode for hit in search(library, "bridge", limit=100)}) == 15
        integrity(library)


def test_a_library_of_the_first_version_keeps_its_voices(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path, migrations=MIGRATIONS[:1]).close()
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO voices (name, created) VALUES ('Ada', 'now')")
    shutil.copy(path, tmp_path / "backup.sqlite")
    with Library(path) as library:
        keep(library, make_transcript())
        with library.transaction(writes=False) as opened:
            assert opened.execute("SELECT name FROM voices").fetchall() == [("Ada",)]
