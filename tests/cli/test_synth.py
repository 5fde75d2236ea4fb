from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from earwitness import audio
from earwitness.cli import main, synth
from earwitness.exports import json as transcripts
from earwitness.types import Coverage
from sounds import RATE, write_wav

pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
pytest.importorskip("soxr", reason="speech needs the extra tts")

SCRIPT = "## Hello\nHost: Welcome to the show.\n[overlap 0.3]\nGuest: Thank you!\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "talk.txt").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["synth", *arguments])
    return int(ended.value.code or 0)


def test_a_script_becomes_sound_and_truth(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("talk.txt", "-o", "out/episode.flac", "--seed", "3") == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["episode.flac", "episode.json", "episode.rttm"]
    truth = transcripts.read(folder / "out" / "episode.json")
    assert truth.text == "Welcome to the show. Thank you!"
    assert truth.chapters[0].title == "Hello"
    assert audio.load(folder / "out" / "episode.flac").duration == truth.duration
    shown = capsys.readouterr()
    assert shown.out.startswith("out/episode.flac: 0:0")
    assert "2 speakers, 2 turns, 1 chapter; the truth is in out/episode.rttm and out/episode.json" in shown.out
    assert shown.err == ""


def test_without_a_name_it_is_named_after_what_it_is_made_of(folder: Path) -> None:
    assert status("talk.txt", "-q") == 0
    assert status("--hours", "0.03", "--seed", "7", "-q") == 0
    assert {path.name for path in folder.glob("*.flac")} == {"talk.flac", "podcast-7.flac"}


def test_quiet_says_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("talk.txt", "-o", "episode.wav", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_hours_of_talk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--hours", "0.03", "--speakers", "3", "--seed", "7", "-o", "long.wav") == 0
    truth = transcripts.read(folder / "long.json")
    assert len(truth.speakers) == 3
    assert truth.duration == pytest.approx(0.03 * 3600, rel=0.15)
    assert len(truth.chapters) >= 2


def test_music_and_long_pauses(folder: Path) -> None:
    assert status("--hours", "0.05", "--music", "15", "--pauses", "8", "--seed", "2", "-o", "bed.wav", "-q") == 0
    truth = transcripts.read(folder / "bed.json")
    kinds = {span.kind for span in truth.coverage}
    assert {"music", "transcribed"} <= kinds
    sound = audio.load(folder / "bed.wav")
    music = [span for span in truth.coverage if span.kind == "music" and span.end - span.start > 0.5]

    def level_db(spans: list[Coverage]) -> float:
        parts = [sound.between(span.start + 0.1, span.end - 0.1) for span in spans]
        return float(10 * np.log10(np.mean(np.square(np.concatenate(parts), dtype=np.float64))))

    speech = [span for span in truth.coverage if span.kind == "transcribed" and span.end - span.start > 0.5]
    assert level_db(speech) - level_db(music) == pytest.approx(15, abs=2)


def test_it_says_how_far_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synth, "LINE_EVERY_S", 0.0)
    assert status("talk.txt", "-o", "episode.wav") == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[-1].startswith("episode.wav: 0:0")
    assert lines[-1].endswith("spoken, 100%")


def test_recordings_are_joined(folder: Path) -> None:
    rows = []
    for name, height_hz in (("ann", 200.0), ("bob", 120.0)):
        for number in range(6):
            samples = 0.3 * np.sin(2 * np.pi * (height_hz + number) * np.arange(3 * RATE) / RATE)
            write_wav(folder / f"{name}{number}.wav", samples.astype(np.float32))
            said = {"reference_text": f"{name} {number}.", "speakers": [name]}
            rows.append(json.dumps({"file": f"{name}{number}.wav", "kind": "asr", **said}))
    (folder / "manifest.jsonl").write_text("\n".join(rows))
    assert status("--from-recordings", "manifest.jsonl", "--hours", "0.005", "-o", "joined.flac") == 0
    truth = transcripts.read(folder / "joined.json")
    assert {speaker.name for speaker in truth.speakers} == {"ann", "bob"}
    assert truth.duration == pytest.approx(18, abs=6)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "x.flac"], 2, "nothing to make; give a SCRIPT, or --hours, or --from-recordings"),
        (["--speakers", "2", "-o", "x.flac"], 2, "nothing to make"),
        (["talk.txt", "--hours", "1", "-o", "x.flac"], 2, "leave out --hours, or talk.txt"),
        (["talk.txt", "--speakers", "3", "-o", "x.flac"], 2, "leave out --speakers, or talk.txt"),
        (["talk.txt", "--from-recordings", ".", "-o", "x.flac"], 2, "leave out --from-recordings, or talk.txt"),
        (["--hours", "0", "-o", "x.flac"], 2, "--hours must be more than 0, not 0"),
        (["--hours", "nan", "-o", "x.flac"], 2, "--hours must be more than 0, not nan"),
        (["talk.txt", "--music", "15", "-o", "x.flac"], 2, "a script has [music] and [pause]"),
        (["--hours", "1", "--music", "500", "-o", "x.flac"], 2, "music must lie between"),
        (["--hours", "0.1", "--pauses", "90", "-o", "x.flac"], 2, "pauses must lie between 2 s and a tenth"),
        (["--hours", "1000", "-o", "x.flac"], 2, "hours must lie between"),
        (["talk.txt", "-o", "x.mp3"], 2, "cannot write x.mp3: it must end in .flac or .wav"),
        (["talk.txt", "-o", "talk.flac/x.flac"], 0, ""),
        (["talk.json", "-o", "talk.flac"], 2, "would replace the script talk.json"),
        (["none.txt", "-o", "x.flac"], 1, "cannot read the script none.txt: No such file or directory"),
        ([".", "-o", "x.flac"], 1, "cannot read the script .: Is a directory"),
        (["bad.txt", "-o", "x.flac"], 1, "bad.txt, line 2: 'hello' is no turn"),
        (["latin.txt", "-o", "x.flac"], 1, "latin.txt is not a script: it is no UTF-8 text"),
        (["--from-recordings", "nowhere", "-o", "x.flac"], 1, "nowhere"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], code: int, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.txt").write_text("Host: one\nhello\n")
    (folder / "latin.txt").write_bytes("Host: schön".encode("latin-1"))
    (folder / "talk.json").write_text(SCRIPT)
    before = sorted(folder.iterdir())
    assert status(*arguments) == code
    error = capsys.readouterr().err
    assert message in error
    if code:
        assert len(error.splitlines()) == 1
        assert error.startswith("earwitness: ")
        assert sorted(folder.iterdir()) == before


def test_stopped_it_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("earwitness.engines.espeak.speak", interrupt)
    assert status("talk.txt", "-o", "x.flac") == 130
    assert capsys.readouterr().err == "stopped; nothing was written\n"
    assert [path.name for path in folder.iterdir()] == ["talk.txt"]


def test_help_shows_the_directives(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--help") == 0
    shown = capsys.readouterr().out
    assert "[pause 1.2]" in shown
    assert "earwitness[tts]" in shown
