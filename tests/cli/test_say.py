"""earwitness say, as a user gives it."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import jiwer
import numpy as np
import pytest

from earwitness import audio
from earwitness.cli import main
from earwitness.exports.json import read, write
from earwitness.toolkit import synthesis
from factories import make_transcript

pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")

TALK = """Welcome back to the island radio show. In January, a great storm destroyed the wooden bridge.
Forty workers built the new bridge in eleven months.

The battery can keep the lamps and the kitchens of the village warm for three days without wind. Goodbye!
"""
MAX_WER = 0.05


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "talk.txt").write_text(TALK)
    (tmp_path / "talk.json").write_bytes(write(make_transcript()))
    (tmp_path / "dull.json").write_bytes(write(make_transcript(summary=None, chapters=())))
    (tmp_path / "picture.txt").write_bytes(bytes(range(256)))
    (tmp_path / "empty.txt").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def test_a_sentence_becomes_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("say", "Hello, this is a test.", "-o", "hello.wav") == 0
    assert capsys.readouterr().out == "hello.wav: 0:01 (1.44 s), 1 sentence\n"
    found = audio.load("hello.wav", sample_rate=22_050)
    assert np.array_equal(found.samples, synthesis.say("Hello, this is a test.").samples)


@pytest.mark.parametrize("voice", ["en-us+f4", "en-us+m3"])
def test_what_is_said_is_what_is_heard(voice: str, folder: Path) -> None:
    """From text to speech and back: the demo model knows these words, and its voices were of this kind."""
    assert status("say", "--file", "talk.txt", "--voice", voice, "-o", "talk.mp3", "-q") == 0
    assert status("transcribe", "talk.mp3", "--model", "demo", "-o", "heard", "-f", "json", "-q", "--no-diarize") == 0
    assert jiwer.wer(plain(TALK), plain(read(folder / "heard" / "talk.json").text)) <= MAX_WER
    sound = audio.load("talk.mp3", sample_rate=22_050)
    assert np.abs(sound.samples).max() < 1.0
    assert sound.duration == pytest.approx(len(TALK.split()) / 165 * 60, rel=0.25)


def test_a_summary_is_read_aloud(folder: Path) -> None:
    assert status("say", "--summary", "talk.json", "-o", "summary.flac", "-q") == 0
    expected = synthesis.say(synthesis.summary_text(make_transcript()))
    assert np.abs(audio.load("summary.flac", sample_rate=22_050).samples - expected.samples).max() <= 1 / 32768
    german = replace(make_transcript(), language="de")
    Path("german.json").write_bytes(write(german))
    assert status("say", "--summary", "german.json", "-o", "german.flac", "-q") == 0
    assert status("say", synthesis.summary_text(german), "--voice", "de", "-o", "by_hand.flac", "-q") == 0
    assert Path("german.flac").read_bytes() == Path("by_hand.flac").read_bytes() != Path("summary.flac").read_bytes()


def test_text_comes_from_standard_input_and_from_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TALK.encode())))
    assert status("say", "-", "-o", "piped.wav", "--speed", "2") == 0
    assert status("say", "--file", "talk.txt", "-o", "read.wav", "--speed", "2", "--quiet") == 0
    assert Path("piped.wav").read_bytes() == Path("read.wav").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("Hello.",), 2, "where to? give -o FILE"),
        (("-o", "x.wav"), 2, "nothing to say; give one of TEXT, --file and --summary"),
        (("Hello.", "--file", "talk.txt", "-o", "x.wav"), 2, "TEXT and --file; give one of"),
        (("Hello.", "-o", "x.pdf"), 2, "it must end in one of .wav, .flac, .mp3"),
        (("Hello.", "-o", "x.wav", "--speed", "5"), 2, "speed must lie between 0.25 and 4, not 5"),
        (("Hello.", "-o", "x.wav", "--engine", "shout"), 2, "no engine for speech is called 'shout'"),
        (("Hello.", "-o", "x.wav", "--voice", "en-uss"), 2, "espeak-ng has no voice 'en-uss'; near are en-us"),
        (("Hello.", "-o", "x.wav", "--model", "a/b"), 2, "espeak has no other model"),
        (("", "-o", "x.wav"), 1, "there is nothing to say"),
        (("?!", "-o", "x.wav"), 1, "there is nothing to say"),
        (("--file", "empty.txt", "-o", "x.wav"), 1, "there is nothing to say"),
        (("--file", "missing.txt", "-o", "x.wav"), 1, "cannot read missing.txt: No such file"),
        (("--file", "picture.txt", "-o", "x.wav"), 1, "picture.txt is not text"),
        (("--summary", "dull.json", "-o", "x.wav"), 1, "no summary to read"),
        (("--summary", "talk.txt", "-o", "x.wav"), 1, "talk.txt is not JSON"),
        (("Hello.", "-o", "talk.txt/x.wav"), 1, "cannot write talk.txt/x.wav"),
    ],
)
def test_wrong_usage_and_bad_input_are_one_line(
    arguments: tuple[str, ...], code: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("say", *arguments) == code
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1
    assert not list(folder.glob("*.tmp"))
    assert not Path("x.wav").exists()


def test_its_own_source_is_not_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("talk.wav").write_text(TALK)
    assert status("say", "--file", "talk.wav", "-o", "./talk.wav") == 2
    assert "what is to be read" in capsys.readouterr().err
    assert Path("talk.wav").read_text() == TALK


@pytest.mark.parametrize("engine", ["speecht5", "vits"])
def test_a_missing_extra_names_itself(engine: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("torch"):
        pytest.skip("torch is installed")
    assert status("say", "Hello.", "-o", "x.wav", "--engine", engine) == 1
    assert "pip install 'earwitness[models]', or use --engine espeak" in capsys.readouterr().err


def test_interrupting_it_leaves_no_half_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from earwitness.engines.espeak_synthesizer import Espeak

    speak = Espeak.speak

    def interrupted(self: Espeak, text: str, speed: float = 1.0) -> np.ndarray:
        if "Forty" in text:
            raise KeyboardInterrupt
        return speak(self, text, speed)

    monkeypatch.setattr(Espeak, "speak", interrupted)
    before = sorted(folder.iterdir())
    assert status("say", "--file", "talk.txt", "-o", "talk.mp3") == 130
    assert "stopped; nothing was written" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before
