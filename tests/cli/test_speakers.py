from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import called
from earwitness.exports import json as transcripts
from earwitness.types import Transcript
from sounds import speech, write_wav

Run = Callable[..., subprocess.CompletedProcess[str]]

EPISODE = Path(__file__).parents[2] / "examples" / "episode.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parts of one show as two recordings with their transcripts; the words are not told, only the speakers."""
    place = tmp_path_factory.mktemp("show")
    write_wav(place / "one.wav", speech(60.0))
    write_wav(place / "two.wav", speech(50.0, 60.0))
    called(place, "transcribe", "one.wav", "two.wav", "--engine", "fake", "-f", "json")
    return place


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs the command in the folder of the show, with a library of the test's own."""
    library = folder / "voices.sqlite"
    library.unlink(missing_ok=True)
    return lambda *arguments: called(folder, *arguments, "--library", str(library))


def label_of(found: Transcript, person: str, start: float) -> str:
    """The label that has most of a person's talk; the recording begins at `start` of the episode."""
    truth = [turn for turn in transcripts.read(EPISODE).turns if turn.speaker == person]
    shares: dict[str, float] = {}
    for turn in found.turns:
        for said in truth:
            overlap = min(turn.end, said.end - start) - max(turn.start, said.start - start)
            shares[str(turn.speaker)] = shares.get(str(turn.speaker), 0.0) + max(0.0, overlap)
    return max(shares, key=lambda label: shares[label])


def test_a_named_voice_is_proposed_in_the_next_episode_and_forgotten(run: Run, folder: Path) -> None:
    one = transcripts.read(folder / "one.json")
    guest = label_of(one, "Guest", 0.0)
    (folder / "one.md").write_text("my notes")
    done = run("speakers", "name", "one.json", guest, "Ada Lovelace")
    assert done.returncode == 0, done.stderr
    assert "Ada Lovelace is kept" in done.stdout
    assert transcripts.read(folder / "one.json").name_of(guest) == "Ada Lovelace"
    assert (folder / "one.md").read_text() == "my notes"
    (row,) = json.loads(run("speakers", "list", "--json").stdout)
    assert (row["name"], row["episodes"]) == ("Ada Lovelace", 1)
    assert 15 < row["seconds"] <= 60

    later = ("transcribe", "two.wav", "--engine", "fake", "-f", "json,md,html,docx")
    done = run(*later, "--known-voices")
    assert done.returncode == 0, done.stderr
    two = transcripts.read(folder / "two.json")
    guest = label_of(two, "Guest", 60.0)
    proposed = {speaker.id: speaker.proposal for speaker in two.speakers if speaker.proposal}
    assert proposed == {guest: "Ada Lovelace"}
    (speaker,) = (speaker for speaker in two.speakers if speaker.id == guest)
    assert speaker.name.startswith("Speaker ")
    assert 0.5 <= (speaker.proposal_probability or 0) <= 1
    shown = f"{speaker.name} (perhaps Ada Lovelace, {100 * (speaker.proposal_probability or 0):.0f} %)"
    assert f"two.wav: {shown}" in done.stderr
    assert shown in (folder / "two.html").read_text(encoding="utf-8")
    assert shown in (folder / "two.md").read_text(encoding="utf-8")

    assert run("speakers", "forget", "Ada Lovelace").stdout == "Ada Lovelace is forgotten: 1 print removed\n"
    assert run("speakers", "list", "--json").stdout == "[]\n"
    done = run(*later, "--known-voices")
    assert "no voice to propose is named in" in done.stderr
    assert not any(speaker.proposal for speaker in transcripts.read(folder / "two.json").speakers)


def test_without_the_flag_no_voice_is_looked_for(run: Run, folder: Path) -> None:
    guest = label_of(transcripts.read(folder / "one.json"), "Guest", 0.0)
    assert run("speakers", "name", "one.json", guest, "Ada").returncode == 0
    done = run("transcribe", "two.wav", "--engine", "fake", "-f", "json")
    assert done.returncode == 0, done.stderr
    assert not any(speaker.proposal for speaker in transcripts.read(folder / "two.json").speakers)


def test_accepting_a_proposal_adds_an_episode(run: Run, folder: Path) -> None:
    for stem, start in (("one", 0.0), ("two", 60.0)):
        label = label_of(transcripts.read(folder / f"{stem}.json"), "Guest", start)
        assert run("speakers", "name", f"{stem}.json", label, "Ada", "-f", "txt").returncode == 0
        assert "Ada: " in (folder / f"{stem}.txt").read_text(encoding="utf-8")
    assert [row["episodes"] for row in json.loads(run("speakers", "list", "--json").stdout)] == [2]


def test_two_names_become_one(run: Run, folder: Path) -> None:
    for stem, name in (("one", "Ada"), ("two", "Lady Lovelace")):
        found = transcripts.read(folder / f"{stem}.json")
        assert run("speakers", "name", f"{stem}.json", found.speakers[0].id, name).returncode == 0
    assert run("speakers", "merge", "Lady Lovelace", "Ada").stdout == "Lady Lovelace is Ada now\n"
    (row,) = json.loads(run("speakers", "list", "--json").stdout)
    assert (row["name"], row["episodes"]) == ("Ada", 2)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("name", "one.json", "SPEAKER_77", "Ada"), 2, "one.wav: no speakers are called 'SPEAKER_77'; there are"),
        (("name", "one.json", "SPEAKER_00", " "), 2, "cannot be a name"),
        (("name", "none.json", "SPEAKER_00", "Ada"), 1, "cannot read none.json"),
        (("name", "one.json", "SPEAKER_00", "Ada", "--recording", "two.wav"), 1, "two.wav: not the recording of this"),
        (("name", "one.json", "SPEAKER_00", "Ada", "--recording", "no.wav"), 1, "no.wav"),
        (("forget", "Ada"), 2, "no voice is called 'Ada'; there are none yet"),
        (("merge", "Ada", "Bob"), 2, "no voice is called 'Ada'; there are none yet"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_line(run: Run, arguments: tuple[str, ...], status: int, message: str) -> None:
    done = run("speakers", *arguments)
    assert done.returncode == status
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_recording_that_is_elsewhere_is_asked_for(run: Run, folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    found = transcripts.read(folder / "one.json")
    moved = (folder / "one.json").read_bytes().replace(b"one.wav", b"lost.wav")
    (folder / "elsewhere" / "lost.json").write_bytes(moved)
    done = run("speakers", "name", "elsewhere/lost.json", found.speakers[0].id, "Ada")
    assert done.returncode == 1
    assert "say where it is with --recording FILE" in done.stderr
    done = run("speakers", "name", "elsewhere/lost.json", found.speakers[0].id, "Ada", "--recording", "one.wav")
    assert done.returncode == 0, done.stderr


def test_a_library_that_is_none(run: Run, folder: Path) -> None:
    (folder / "voices.sqlite").write_text("a letter " * 100)
    again = ("transcribe", "two.wav", "--engine", "fake", "--known-voices", "-f", "srt")
    for arguments in (("speakers", "list"), again):
        done = run(*arguments)
        assert done.returncode == 1
        assert not (folder / "two.srt").exists()
        assert "voices.sqlite: no library, or a damaged one" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_library_in_use(run: Run, folder: Path) -> None:
    assert run("speakers", "list").returncode == 0
    with sqlite3.connect(folder / "voices.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert run("speakers", "list").returncode == 0


def test_known_voices_need_speakers(run: Run) -> None:
    done = run("transcribe", "two.wav", "--engine", "fake", "--known-voices", "--no-diarize")
    assert done.returncode == 2
    assert "known voices can be proposed only where speakers are told apart" in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_voice_of_the_same_batch_is_linked_whatever_the_workers(run: Run, folder: Path, workers: str) -> None:
    """The host and the guest speak in both parts; the listener, in the second only, is nobody of the first."""
    again = ("transcribe", "one.wav", "two.wav", "--engine", "fake", "-f", "json", "--known-voices")
    done = run(*again, "--workers", workers, "--json")
    assert done.returncode == 0, done.stderr
    one, two = (transcripts.read(folder / f"{stem}.json") for stem in ("one", "two"))
    links = [line.partition(" (")[0] for line in done.stderr.splitlines() if " is perhaps " in line]
    assert sorted(links) == sorted(
        f"{two.name_of(label_of(two, person, 60.0))} of two is perhaps {one.name_of(label_of(one, person, 0.0))} of one"
        for person in ("Host", "Guest")
    )
    assert "heard" not in json.loads(done.stdout)[0]
