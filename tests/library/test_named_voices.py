from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from earwitness.errors import OptionError, StorageError
from earwitness.library.store import Library
from earwitness.library.voices import Voice, forget, merge, prints, remember, voices
from earwitness.voices import Print


@pytest.fixture
def library(tmp_path: Path):  # type: ignore[no-untyped-def]
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


def print_of(*values: float, seconds: float = 10.0) -> Print:
    return Print(np.array(values, np.float32), seconds)


def keep(library: Library, name: str, found: Print, recording: str = "one", **given: Any) -> None:
    remember(library, name, found, **{"embedder": "e", "recording": recording, "speaker": "SPEAKER_00", **given})


def summary(library: Library) -> list[tuple[str, float, int]]:
    return [(voice.name, voice.seconds, voice.episodes) for voice in voices(library)]


def test_prints_of_one_name_are_averaged_by_their_seconds(library: Library) -> None:
    keep(library, "Ada", print_of(1, 0, seconds=30.0))
    keep(library, "  ada ", print_of(0, 1, seconds=10.0), "two")
    (found,) = prints(library, "e").items()
    assert found[0] == "Ada"
    assert found[1].embedding.tolist() == [0.75, 0.25]
    assert found[1].embedding.dtype == np.float32
    assert summary(library) == [("Ada", 40.0, 2)]


def test_what_another_embedder_made_is_not_compared(library: Library) -> None:
    keep(library, "Ada", print_of(1, 0))
    keep(library, "Ada", print_of(1, 2, 3), embedder="other")
    assert prints(library, "e")["Ada"].embedding.shape == (2,)
    assert prints(library, "third") == {}
    (voice,) = voices(library)
    assert isinstance(voice, Voice)
    assert voice.embedders == ("e", "other")
    assert (voice.seconds, voice.episodes) == (10.0, 1)


def test_naming_the_same_speaker_twice_counts_once(library: Library) -> None:
    keep(library, "Ada", print_of(1, 0))
    keep(library, "Ada", print_of(0, 1))
    assert prints(library, "e")["Ada"].embedding.tolist() == [0, 1]
    assert summary(library) == [("Ada", 10.0, 1)]


def test_a_speaker_named_anew_leaves_the_wrong_name(library: Library) -> None:
    keep(library, "Ada", print_of(1, 0))
    keep(library, "Bob", print_of(1, 0))
    assert summary(library) == [("Bob", 10.0, 1)]


def test_merging_gives_one_voice_all_prints(library: Library) -> None:
    keep(library, "Ada", print_of(1, 0))
    keep(library, "Lady Lovelace", print_of(0, 1), "two")
    merge(library, "lady lovelace", "Ada")
    assert summary(library) == [("Ada", 20.0, 2)]
    assert prints(library, "e")["Ada"].embedding.tolist() == [0.5, 0.5]
    with pytest.raises(OptionError, match="the same voice"):
        merge(library, "Ada", "ADA")
    with pytest.raises(OptionError, match="no voice is called 'Bob'; there are 'Ada'"):
        merge(library, "Bob", "Ada")


def test_forgetting_leaves_no_byte_of_the_print(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    found = Print(np.random.default_rng(0).normal(size=256).astype(np.float32), 10.0)
    traces = (found.embedding.tobytes()[:64], b"Ada Lovelace", b"recording-of-ada")

    def held() -> list[bool]:
        content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return [trace in content for trace in traces]

    with Library(path) as library:
        for index in range(40):
            other = Print(np.full(256, index, np.float32), 10.0)
            keep(library, "Bob", other, f"bob-{index}")
            keep(library, "Ada Lovelace", found, f"recording-of-ada-{index}")
        assert held() == [True, True, True]
        assert forget(library, "ada lovelace") == 40
        assert held() == [False, False, False]
    assert held() == [False, False, False]
    with Library(path) as library:
        assert summary(library) == [("Bob", 400.0, 40)]
        with pytest.raises(OptionError, match="no voice is called"):
            forget(library, "Ada Lovelace")


def test_merged_prints_are_forgotten_too(tmp_path: Path) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        keep(library, "Ada", print_of(*range(100, 164)))
        keep(library, "Lady L", print_of(*range(300, 364)), "two")
        merge(library, "Lady L", "Ada")
        forget(library, "Ada")
        content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert np.arange(300, 364, dtype=np.float32).tobytes() not in content
    assert b"Lady L" not in content


def test_forgetting_says_so_where_a_reader_keeps_traces_alive(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path, busy_timeout_s=0.1) as library, Library(path) as other:
        keep(library, "Ada", print_of(*range(64)))
        with other.transaction(writes=False) as reading:
            reading.execute("SELECT count(*) FROM voices").fetchone()
            with pytest.raises(StorageError, match="traces stay in its log"):
                forget(library, "Ada")
        assert voices(library) == ()
    assert b"Ada" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a\u202eb", "a" * 201])
def test_what_cannot_be_a_name(library: Library, name: str) -> None:
    with pytest.raises(OptionError, match="cannot be a name"):
        keep(library, name, print_of(1, 0))
    assert voices(library) == ()
