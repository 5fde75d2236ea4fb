"""The commands as a user runs them, on the example episode as the bundled model transcribes it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import sentence_checkpoint
from commands import called
from earwitness.exports.json import read, write
from earwitness.library.episodes import episodes, raw_transcript_of
from earwitness.library.search import search
from earwitness.library.store import Library
from earwitness.types import Transcript

Run = Callable[..., subprocess.CompletedProcess[str]]
RECORDING = Path(__file__).parents[2] / "examples" / "episode.flac"
TRANSCRIBE = ("transcribe", str(RECORDING), "--model", "demo", "-f", "json,txt,srt", "-q")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the episode's exports, and a library that has it."""
    place = tmp_path_factory.mktemp("show")
    done = called(place, *TRANSCRIBE, "--library", "first.sqlite", "--json")
    assert done.returncode == 0, done.stderr
    (outcome,) = json.loads(done.stdout)
    assert outcome["episode"] == 1
    return place


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command in the folder, with a copy of the library of the test's own."""
    for path in folder.glob("library.sqlite*"):
        path.unlink()
    shutil.copy(folder / "first.sqlite", folder / "library.sqlite")
    return lambda *arguments: called(folder, *arguments, "--library", "library.sqlite")


def transcribed(run: Run, folder: Path, *arguments: str) -> Transcript:
    done = run(*TRANSCRIBE, *arguments)
    assert done.returncode == 0, done.stderr
    return read(folder / "episode.json")


def test_what_was_transcribed_is_listed_shown_and_exported(run: Run, folder: Path) -> None:
    transcript = read(folder / "episode.json")
    (row,) = json.loads(run("library", "list", "--json").stdout)
    assert (row["id"], row["name"], row["title"]) == (1, "episode.flac", "episode")
    assert row["words"] == len(transcript.words)
    assert "episode" in run("library", "list").stdout

    shown = run("library", "show", "episode").stdout
    assert transcript.chapters[1].title in shown
    assert "0:00  " in shown
    assert transcript.summary is not None
    assert transcript.summary.sentences[0].text in shown
    assert "Speaker 1" in shown
    told = json.loads(run("library", "show", "1", "--json").stdout)
    assert [one["title"] for one in told["chapters"]] == [one.title for one in transcript.chapters]
    assert told["corrections"] == []

    done = run("library", "export", "episode.flac", "-f", "txt,srt", "-o", "again")
    assert done.returncode == 0, done.stderr
    for suffix in ("txt", "srt"):
        assert (folder / "again" / f"episode.{suffix}").read_bytes() == (folder / f"episode.{suffix}").read_bytes()


def test_words_are_searched_to_the_second(run: Run, folder: Path) -> None:
    transcript = read(folder / "episode.json")
    (hit, *_) = json.loads(run("search", "boat AND river", "--json").stdout)
    assert (hit["episode"], hit["title"], hit["kind"]) == (1, "episode", "speech")
    (word,) = [one for one in transcript.words if abs(one.start - hit["start"]) < 0.011]
    assert word.word.strip(" .,") in ("boat", "river")
    assert hit["speaker"] == transcript.name_of(word.speaker)
    assert {hit["snippet"][start:end] for start, end in hit["marks"]} == {"boat", "river"}
    shown = run("search", "boat", "AND", "river").stdout
    assert f"1  episode  {hit['time']}  {hit['speaker']}\n" in shown
    assert "**boat**" in shown


@pytest.mark.parametrize(("query", "shown", "said"), [("xylophone", "", "nothing found\n")])
def test_nothing_found_is_no_error(run: Run, query: str, shown: str, said: str) -> None:
    done = run("search", query)
    assert (done.returncode, done.stdout, done.stderr) == (0, shown, said)
    assert json.loads(run("search", query, "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search", "?!"), "'?!' has no word to search for; give one"),
        (("search", "boat", "--since", "soon"), "'soon' is no date"),
        (("search", "boat", "--speaker", "Zoe"), "no speaker is called 'Zoe'; there are Speaker 1"),
        (("library", "show", "nothing"), "no episode is called 'nothing'; there are 1 (episode)"),
        (("library", "correct", "1"), "give either an edited transcript, or --at, --from and --to"),
        (("library", "correct", "1", "--at", "soon", "--from", "a", "--to", "b"), "--at soon: no time"),
        (("library", "correct", "1", "--at", "1:00", "--from", "xyzzy", "--to", "b"), "'xyzzy' is not said within 5 s"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_search_by_meaning_needs_a_model_of_sentences(run: Run, folder: Path) -> None:
    done = run("search", "--semantic", "a vessel", "--sentence-model", "none")
    assert done.returncode == 1
    assert "no model of sentences is here; run `earwitness models download sentences`" in done.stderr

    sentence_checkpoint.write(folder / "model", ["a small boat", "the river"], ["boat vessel"])
    arguments = ("search", "--semantic", "a vessel", "--sentence-model", "model", "--json", "--limit", "3")
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "0 of 1 new episodes read\n"
    hits = json.loads(done.stdout)
    assert any("boat" in hit["snippet"] for hit in hits)
    assert run(*arguments).stderr == ""


def test_a_correction_is_in_the_exports_of_the_next_transcript(run: Run, folder: Path) -> None:
    before = transcribed(run, folder)
    (word,) = [one for one in before.words if one.word.strip(" .,").casefold() == "boat"]
    done = run("library", "correct", "episode", "--at", f"{word.start:.1f}", "--from", "boat", "--to", "Ferry Maid.")
    assert (done.returncode, done.stdout) == (0, "episode: corrected (1 of text)\n"), done.stderr
    assert "1 correction\n" in run("library", "show", "1").stdout
    assert json.loads(run("search", '"ferry maid"', "--json").stdout)[0]["time"] == f"0:{int(word.start):02d}"

    # Recognised anew, in another way.
    after = transcribed(run, folder, "--no-resume", "--beam-size", "1", "--batch-size", "3")
    assert "small Ferry Maid." in after.text
    assert "Ferry Maid." in (folder / "episode.srt").read_text(encoding="utf-8").replace("\n", " ")
    with Library(folder / "library.sqlite") as library:
        assert "boat" in raw_transcript_of(library, 1).text
        assert search(library, "ferry")


def test_an_edited_transcript_becomes_corrections(run: Run, folder: Path) -> None:
    found = transcribed(run, folder)
    first = found.segments[0]
    lines = (replace(first, text=first.text.replace("island", "Iceland")), *found.segments[1:])
    names = tuple(replace(one, name=f"Voice {one.id}") for one in found.speakers)
    edited = replace(found, segments=lines, speakers=names)
    (folder / "edited.json").write_bytes(write(edited))
    done = run("library", "correct", "1", "edited.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"episode: corrected (1 of text, {len(names)} of name)\n"
    assert run("library", "correct", "1", "edited.json").stdout == "episode: nothing to correct; it says the same\n"
    after = transcribed(run, folder)
    assert after.segments[0].text == lines[0].text
    assert [one.name for one in after.speakers] == [one.name for one in names]


def test_a_correction_that_no_longer_fits_is_told_and_kept(run: Run, folder: Path) -> None:
    found = transcribed(run, folder)
    (word,) = [one for one in found.words if one.word.strip(" .,").casefold() == "boat"]
    assert run("library", "correct", "1", "--at", str(word.start), "--from", "boat", "--to", "ship").returncode == 0
    other = ("transcribe", str(RECORDING), "--engine", "fake", "-f", "json", "-o", "other")
    done = run(*other)
    assert done.returncode == 0, done.stderr
    line = "1 correction does not fit this transcript, and is kept: 0:39 'boat.' to 'ship'"
    assert f"episode.flac: {line}" in done.stderr
    assert line in read(folder / "other" / "episode.json").warnings
    assert f"note: {line}" in run("library", "show", "1").stdout
    assert "ship" in transcribed(run, folder).text


def test_a_name_that_was_given_outlives_the_transcript(run: Run, folder: Path) -> None:
    found = transcribed(run, folder)
    speaker = found.speakers[0]
    done = run("speakers", "name", "episode.json", speaker.id, "Laura Low", "--recording", str(RECORDING))
    assert done.returncode == 0, done.stderr
    assert json.loads(run("search", "welcome", "--speaker", "laura low", "--json").stdout)
    assert transcribed(run, folder).name_of(speaker.id) == "Laura Low"


def test_a_summary_written_anew_is_kept_where_the_recording_is(run: Run, folder: Path) -> None:
    found = transcribed(run, folder)
    assert found.summary is not None
    (folder / "short.json").write_bytes(write(replace(found, summary=None)))
    for recording, count in (("0" * 64, 1), (found.source.sha256, 1)):
        bare = replace(found, summary=None, source=replace(found.source, sha256=recording))
        (folder / "short.json").write_bytes(write(bare))
        done = run("summarize", "short.json", "-f", "json", "-o", "short", "-q")
        assert done.returncode == 0, done.stderr
        with Library(folder / "library.sqlite") as library:
            assert len(episodes(library)) == count
    with Library(folder / "library.sqlite") as library:
        assert raw_transcript_of(library, 1).summary == found.summary


def test_one_that_is_removed_is_gone(run: Run, folder: Path) -> None:
    done = run("library", "remove", "episode")
    assert (done.returncode, done.stdout) == (0, "episode is removed\n"), done.stderr
    assert json.loads(run("library", "list", "--json").stdout) == []
    assert "no episodes are kept in" in run("library", "list").stdout
    assert json.loads(run("search", "boat", "--json").stdout) == []
    assert (folder / "episode.json").exists()


@pytest.mark.parametrize("damage", ["folder", "letter", "newer"])
def test_a_library_that_cannot_be_written_fails_the_line_and_not_the_files(run: Run, folder: Path, damage: str) -> None:
    path = folder / "library.sqlite"
    if damage == "newer":
        with Library(path) as library, library.transaction() as database:
            database.execute("PRAGMA user_version = 999")
    else:
        path.unlink()
        path.mkdir() if damage == "folder" else path.write_text("a letter " * 1000)
    content = path.read_bytes() if path.is_file() else b""
    done = run(*TRANSCRIBE, "-o", f"with_{damage}")
    if path.is_dir():
        path.rmdir()
    else:
        assert path.read_bytes() == content
    assert done.returncode == 1
    message = {"folder": "cannot be opened", "letter": "no library, or a damaged one", "newer": "a newer earwitness"}
    assert "episode.flac: its files are written, but it is not in the library: library.sqlite: " in done.stderr
    assert message[damage] in done.stderr
    assert "Traceback" not in done.stderr
    for suffix in ("json", "txt", "srt"):
        assert (folder / f"with_{damage}" / f"episode.{suffix}").stat().st_size > 100
