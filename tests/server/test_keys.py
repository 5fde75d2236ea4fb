from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.cli import main
from earwitness.errors import OptionError
from earwitness.library.store import Library
from earwitness.server import keys
from earwitness.server.keys import Sessions
from earwitness.server.limits import MAX_CALLERS, Limit


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


def test_of_a_key_only_its_hash_is_kept(store: Library, tmp_path: Path) -> None:
    key, other = keys.new(store, "ada"), keys.new(store, "Bob Lee")
    assert key.startswith("ew_")
    assert len(key) >= 40
    assert (keys.holder_of(store, key), keys.holder_of(store, other)) == ("ada", "Bob Lee")
    for wrong in ("", "ew_", key[:-1], key + "x", key.upper(), "ada", "\ud800", "é" * 100):
        assert keys.holder_of(store, wrong) is None
    for path in tmp_path.iterdir():
        assert key.encode() not in path.read_bytes()
    for name in ("ada", "ADA", "", " ", "\x00"):
        with pytest.raises(OptionError):
            keys.new(store, name)
    assert [one.name for one in keys.keys(store)] == ["ada", "Bob Lee"]
    keys.remove(store, "Ada")
    assert keys.holder_of(store, key) is None
    with pytest.raises(OptionError, match="no key is called 'ada'; there are Bob Lee"):
        keys.remove(store, "ada")


def test_any_wrong_key_is_compared_with_every_hash(store: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    key, *_ = [keys.new(store, f"holder {number}") for number in range(50)]
    compared: list[int] = []
    compare = keys.hmac.compare_digest
    monkeypatch.setattr(keys.hmac, "compare_digest", lambda *both: (compared.append(1), compare(*both))[1])
    for given in (key, "wrong", key[:-1] + "?", "x" * 200):
        compared.clear()
        keys.holder_of(store, given)
        assert len(compared) == 50


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["keys", *arguments, "--library", "a.sqlite"])
    return int(ended.value.code or 0)


def test_keys_are_given_out_and_taken_back_by_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status("new", "ada") == 0
    key = capsys.readouterr().out.strip()
    with Library(tmp_path / "a.sqlite") as opened:
        assert keys.holder_of(opened, key) == "ada"
    assert status("list", "--json") == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == ["ada"]
    assert status("new", "ada") == 2
    refused = capsys.readouterr()
    assert (refused.out, "there is a key called 'ada'" in refused.err) == ("", True)
    assert status("remove", "ada") == 0
    with sqlite3.connect(tmp_path / "a.sqlite") as database:
        assert database.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)


def test_sessions_end_by_themselves_and_when_they_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(keys.time, "monotonic", lambda: now)
    sessions = Sessions()
    one, other = sessions.open("ew_1"), sessions.open("ew_2")
    assert (sessions.key_of(one), sessions.key_of(other), sessions.key_of("")) == ("ew_1", "ew_2", None)
    sessions.close(one)
    sessions.close("never was")
    assert (sessions.key_of(one), sessions.key_of(other)) == (None, "ew_2")
    now = keys.SESSION_S + 1
    assert sessions.key_of(other) is None


def test_no_more_sessions_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_SESSIONS", 3)
    sessions = Sessions()
    tokens = [sessions.open(f"ew_{number}") for number in range(5)]
    assert [sessions.key_of(token) for token in tokens] == [None, None, "ew_2", "ew_3", "ew_4"]


def test_a_bucket_fills_again_at_its_rate_and_each_caller_has_one() -> None:
    now = 0.0
    limit = Limit(60, clock=lambda: now)
    assert [limit.wait_s("ada") for _ in range(60)] == [0.0] * 60
    assert limit.wait_s("ada") == pytest.approx(1.0)
    assert limit.wait_s("ada", take=False) == pytest.approx(1.0)
    assert limit.wait_s("bob", take=False) == 0
    now = 0.5
    assert limit.wait_s("ada") == pytest.approx(0.5)
    now = 1.0
    assert [limit.wait_s("ada"), limit.wait_s("ada")] == [0.0, pytest.approx(1.0)]
    now = 1e6
    assert [limit.wait_s("ada") for _ in range(61)][-2:] == [0.0, pytest.approx(1.0)]


def test_callers_who_come_once_are_forgotten() -> None:
    limit = Limit(1, clock=lambda: 0.0)
    limit.wait_s("first")
    for number in range(MAX_CALLERS):
        limit.wait_s(str(number))
    assert limit.wait_s("first") == 0
    assert limit.wait_s(str(MAX_CALLERS - 1)) > 0
