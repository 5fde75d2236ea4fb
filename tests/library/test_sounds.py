from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earwitness.errors import OptionError
from earwitness.library import sounds
from earwitness.library.episodes import keep as keep_episode
from earwitness.library.episodes import remove
from earwitness.library.migrations import MIGRATIONS
from earwitness.library.sounds import IndexedSound, forget, indexed, is_kept, keep
from earwitness.library.store import Library
from factories import make_transcript

ONE, OTHER = "a" * 64, "b" * 64


def sound(recording: str = ONE, *, rows: int = 10, seed: int = 0, name: str = "one.wav") -> IndexedSound:
    vectors = np.random.default_rng(seed).standard_normal((rows, 95)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return IndexedSound(recording, name, f"/season/{name}", rows / 2 + 0.25, 1.0, 0.5, vectors)


def test_what_is_kept_comes_back(library: Library) -> None:
    keep(library, sound(), "builtin:1")
    keep(library, sound(OTHER, rows=1, name="two.wav"), "builtin:1")
    keep(library, sound(seed=5), "clap:x")
    one, two = indexed(library, "builtin:1")
    assert vars(one) | {"vectors": 0} == vars(sound()) | {"vectors": 0}
    assert np.sum(one.vectors * sound().vectors, axis=1) == pytest.approx(1, abs=1e-3)
    assert (one.vectors.dtype, two.vectors.shape) == (np.float32, (1, 95))
    assert [found.recording for found in indexed(library, "builtin:1", {OTHER, "c" * 64})] == [OTHER]
    assert [found.recording for found in indexed(library, "clap:x")] == [ONE]
    assert list(indexed(library, "nobody")) == []


def test_a_recording_is_there_once_for_an_embedder(library: Library) -> None:
    for seed in range(3):
        keep(library, sound(seed=seed, rows=seed + 1), "builtin:1")
    (found,) = indexed(library, "builtin:1")
    assert len(found.vectors) == 3


def test_one_that_was_moved_is_known_and_its_place_is_noted(library: Library) -> None:
    keep(library, sound(), "builtin:1")
    assert is_kept(library, ONE, "builtin:1", name="moved.wav", path="/elsewhere/moved.wav")
    assert not is_kept(library, ONE, "clap:x", name="moved.wav", path="/elsewhere/moved.wav")
    assert not is_kept(library, OTHER, "builtin:1", name="moved.wav", path="/elsewhere/moved.wav")
    (found,) = indexed(library, "builtin:1")
    assert (found.name, found.path) == ("moved.wav", "/elsewhere/moved.wav")


def test_a_file_that_was_written_anew_is_the_new_recording_only(library: Library) -> None:
    keep(library, sound(), "builtin:1")
    keep(library, sound(), "clap:x")
    keep(library, sound(OTHER), "builtin:1")
    assert [found.recording for found in indexed(library, "builtin:1")] == [OTHER]
    assert [found.recording for found in indexed(library, "clap:x")] == [ONE]
    keep(library, sound(name="two.wav"), "builtin:1")
    assert is_kept(library, ONE, "builtin:1", name="one.wav", path="/season/one.wav")
    assert [found.recording for found in indexed(library, "builtin:1")] == [ONE]


def test_an_hour_takes_less_than_a_megabyte_and_a_half(library: Library) -> None:
    keep(library, sound(rows=7199), "builtin:1")
    library.close()
    size = sum(path.stat().st_size for path in library.path.parent.iterdir())
    assert size < 1.6e6


def test_one_that_is_forgotten_is_in_none_of_the_files(library: Library) -> None:
    keep(library, sound(name="Secret Ålesund.wav"), "builtin:1")
    keep(library, sound(name="Secret Ålesund.wav"), "clap:x")
    keep(library, sound(OTHER, name="two.wav"), "builtin:1")
    assert forget(library, "secret") is None
    assert forget(library, "aaa") is None
    assert forget(library, "Secret Ålesund.wav") == "Secret Ålesund.wav"
    assert forget(library, "bbbbbb") == "two.wav"
    assert list(indexed(library, "builtin:1")) == list(indexed(library, "clap:x")) == []
    library.close()
    assert not any(b"Secret" in path.read_bytes() for path in library.path.parent.iterdir())


def test_two_of_one_name_are_not_forgotten_together(library: Library) -> None:
    keep(library, sound(), "builtin:1")
    keep(library, replace(sound(OTHER), path="/other/one.wav"), "builtin:1")
    with pytest.raises(OptionError, match=r"2 recordings are called 'one.wav'; .* aaaaaaaa, bbbbbbbb"):
        forget(library, "one.wav")
    assert len(list(indexed(library, "builtin:1"))) == 2


def test_removing_an_episode_takes_its_sound_along(library: Library) -> None:
    transcript = make_transcript()
    number = keep_episode(library, transcript)
    keep(library, sound(transcript.source.sha256), "builtin:1")
    keep(library, sound(OTHER, name="two.wav"), "builtin:1")
    remove(library, number)
    assert [found.recording for found in indexed(library, "builtin:1")] == [OTHER]


def test_an_older_library_gets_the_index_and_keeps_the_rest(tmp_path: Path) -> None:
    before = next(number for number, step in enumerate(MIGRATIONS) if "CREATE TABLE sounds" in step[0])
    path = tmp_path / "library.sqlite"
    with Library(path, migrations=MIGRATIONS[:before]) as older, older.transaction() as database:
        database.execute("INSERT INTO voices (name, created) VALUES ('Ada', 'now')")
    with Library(path) as library:
        keep(library, sound(), "builtin:1")
        assert len(list(sounds.indexed(library, "builtin:1"))) == 1
        with library.transaction(writes=False) as database:
            assert database.execute("SELECT name FROM voices").fetchall() == [("Ada",)]
