from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import damage
from chat_server import failing, serving, streaming
from earwitness.checkpoints import FOLDER_VARIABLE
from earwitness.cli import evaluate as module
from earwitness.engines import fake
from earwitness.errors import OptionError, SourceError, StorageError, TranscriptError
from earwitness.evaluation.json import read
from earwitness.exports import save
from sounds import speech, write_wav

Run = Callable[..., Any]

PROSE = "the old bridge over the quiet river was mended before the winter came again"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in a folder and with a cache of the test's own."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    app = typer.Typer(add_completion=False)
    app.command(help=module.HELP)(module.evaluate)

    def call(*arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments))

    return call


def write_manifest(folder: Path, *rows: Mapping[str, Any]) -> None:
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def asr(file: str, text: str = PROSE) -> dict[str, Any]:
    return {"file": file, "kind": "asr", "reference_text": text}


def text_of(page: str) -> str:
    """What a page says, without its plots."""
    without = re.sub(r"<(style|script|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())


# With the pipeline


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for index, name in enumerate(("a.wav", "b.wav")):
        write_wav(tmp_path / name, speech(12.0, start=30.0 * index))
    return tmp_path


def test_a_limit_leaves_out_the_rest(run: Run, recordings: Path) -> None:
    write_manifest(recordings, asr("a.wav"), asr("missing.wav"))
    assert run(".", "--engine", "fake", "--no-diarize", "--limit", "1").exit_code == 0
    assert [file.file for file in read(Path("evaluation.json")).files] == ["a.wav"]


def test_a_summarizer_that_fails_is_status_1_and_the_scores_stay(run: Run, recordings: Path) -> None:
    write_manifest(recordings, asr("a.wav"))
    told = ("--summarizer", "chat:small", "--chat-url")
    with serving(failing(404, "no such model")) as server:
        done = run(".", "--engine", "fake", "--no-diarize", *told, server.url)
        assert server.asked
    assert done.exit_code == 1
    assert "a.wav: summary: chat failed, so what was said stands in extracts" in done.stderr
    (file,) = read(Path("evaluation.json")).files
    assert (file.fell_short, file.error) == (True, None)
    assert file.scores.words
    with serving(streaming()) as server:
        assert run(".", "--engine", "fake", "--no-diarize", *told, server.url).exit_code == 0


def test_recordings_are_transcribed_and_scored_and_what_fails_is_named(run: Run, recordings: Path) -> None:
    sound = {"file": "bell.wav", "kind": "sound", "label": "bell"}
    write_manifest(recordings, asr("a.wav"), asr("missing.wav"), asr("b.wav"), sound)
    done = run(".", "--engine", "fake", "--no-diarize", "-o", "out")
    assert done.exit_code == 1, done.output
    said = done.stderr.splitlines()
    assert [line for line in said if line.startswith("error: ")] == ["error: missing.wav: no such file; check the path"]
    assert "manifest.jsonl: rows that are not evaluated: 1 sound" in said
    assert any(line.startswith("[3/3] b.wav: WER ") for line in said)
    assert "2 of 3 recordings scored, 0:24 in all" in done.stdout
    assert "words normalised by: whisper-english" in done.stdout
    evaluation = read(recordings / "out" / "evaluation.json")
    assert [(file.file, bool(file.error)) for file in evaluation.files] == [
        ("a.wav", False), ("missing.wav", True), ("b.wav", False),
    ]  # fmt: skip
    assert evaluation.options["engine"] == "fake"
    page = (recordings / "out" / "evaluation.html").read_text()
    assert "no such file; check the path" in page


def test_other_encodings_are_left_out_in_a_line(run: Run, recordings: Path) -> None:
    rows = [{**asr(name), "duration_s": 12.0} for name in ("a.wav", "a.mp3")]
    write_manifest(recordings, *rows)
    done = run(".", "--engine", "fake", "--no-diarize")
    assert done.exit_code == 0, done.output
    assert "left out: 1 that are other encodings of recordings that count" in done.stderr
    assert [file.file for file in read(recordings / "evaluation.json").files] == ["a.wav"]


def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(
    run: Run, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole evaluation of an earlier run is not replaced by a part of this one."""
    write_manifest(recordings, asr("a.wav"), asr("b.wav"))
    (recordings / "evaluation.json").write_text("of an earlier run")
    counting, heard = fake.counting, []

    def once(window: Any, temperature: float = 0.0) -> Any:
        heard.append(len(window))
        if len(heard) > 1:
            raise KeyboardInterrupt
        return counting(window)

    monkeypatch.setattr(fake, "counting", once)
    done = run(".", "--engine", "fake", "--no-diarize")
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-1] == (
        "stopped; what is finished is in evaluation.partial.json, and the same command goes on from there"
    )
    assert [file.file for file in read(recordings / "evaluation.partial.json").files] == ["a.wav"]
    assert (recordings / "evaluation.json").read_text() == "of an earlier run"

    monkeypatch.setattr(fake, "counting", lambda window, temperature=0.0: (heard.append(0), counting(window))[1])
    heard.clear()
    assert run(".", "--engine", "fake", "--no-diarize").exit_code == 0
    assert len(heard) == 1
    assert len(read(recordings / "evaluation.json").files) == 2
    assert not (recordings / "evaluation.partial.json").exists()


def test_quiet_says_only_what_went_wrong(run: Run, recordings: Path) -> None:
    write_manifest(recordings, asr("a.wav"), asr("missing.wav"), {"file": "x", "kind": "sound"})
    done = run(".", "--engine", "fake", "--no-diarize", "--quiet")
    assert done.stdout == ""
    assert done.stderr == "error: missing.wav: no such file; check the path\n"


# With transcripts that are there


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A manifest of one recording, whose truth and damaged transcript are known word by word."""
    save(damage.truth(), tmp_path, "truth", ["json"])
    save(damage.damaged().transcript, tmp_path / "damaged", "episode", ["json"])
    save(damage.renamed(), tmp_path / "renamed", "episode", ["json"])
    write_manifest(tmp_path, {"file": "episode.wav", "kind": "diarization", "reference_file": "truth.json"})
    return tmp_path


def test_a_damaged_transcript_is_found_out(run: Run, damaged: Path) -> None:
    """Word errors, swapped speakers and the dropped minute in the JSON and on the page: exactly what was done."""
    done = run(".", "--transcripts", "damaged")
    assert done.exit_code == 0, done.output
    known = damage.damaged()
    (file,) = json.loads((damaged / "evaluation.json").read_text())["files"]
    lost = known.dropped_lines * damage.WORDS_A_LINE
    words, voices, accuracy = (file["scores"][name] for name in ("words", "diarization", "speaker_accuracy"))
    assert [words[kind] for kind in ("substitutions", "deletions", "insertions")] == [known.kept_lines, lost, 0]
    assert words["hits"] == damage.LINES * damage.WORDS_A_LINE - lost - known.kept_lines
    assert voices["missed_s"] == pytest.approx(known.dropped_lines * damage.LINE_S, abs=0.001)
    assert voices["confusion_s"] == pytest.approx(known.swapped_lines * damage.LINE_S, abs=0.001)
    assert accuracy["words"] - accuracy["correct"] == known.swapped_lines * damage.WORDS_A_LINE
    assert "one recording says nothing of how recordings differ, so there are no intervals" in done.stdout

    # 99 lines of ten words and 2.95 s; 16 are dropped, 18 swapped, 83 have a wrong word.
    page = text_of((damaged / "evaluation.html").read_text())
    assert "243 of 990 words" in page
    assert "83 substituted, 160 left out, 0 put in" in page
    assert "650 of 830 aligned words" in page
    assert "missed speech 47.2 s (16.2 %)" in page
    assert "wrong speaker (confusion) 53.1 s (18.2 %)" in page
    assert damage.wrong("bababu") in page


def test_names_that_are_exchanged_are_told(run: Run, damaged: Path) -> None:
    done = run(".", "--transcripts", "renamed")
    assert "names of speakers are exchanged in episode.wav; the report says which" in done.stdout
    assert "Ann in the hypothesis is Bob" in (damaged / "evaluation.html").read_text()


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """Ten recordings; the old transcripts of eight of them lack a word each, the new ones none."""
    names = [f"{number:02d}" for number in range(10)]
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
    for number, name in enumerate(names):
        (tmp_path / "old" / f"{name}.txt").write_text(PROSE if number < 2 else PROSE.replace("quiet ", ""))
        (tmp_path / "new" / f"{name}.txt").write_text(PROSE)
    write_manifest(tmp_path, *(asr(f"{name}.wav") for name in names))
    return tmp_path


def test_two_runs_are_compared_in_plain_words(run: Run, readings: Path) -> None:
    assert run(".", "--transcripts", "old", "-o", "then").exit_code == 0
    done = run(".", "--transcripts", "new", "-o", "now", "--compare", "then/evaluation.json")
    assert done.exit_code == 0, done.output
    assert "options that differ: transcripts old → new" in done.stdout
    assert "better: WER, CER\n" in done.stdout
    assert "WER: better in 8 of 10 (02.wav, 03.wav, 04.wav and 5 more)" in done.stdout
    assert "What changed" in (readings / "now" / "evaluation.html").read_text()


def test_json_prints_what_the_tables_say(run: Run, readings: Path) -> None:
    run(".", "--transcripts", "old", "-o", "then")
    done = run(".", "--transcripts", "new", "-o", "now", "--compare", "then/evaluation.json", "--json")
    said = json.loads(done.stdout)
    assert said["totals"]["wer"] == {"value": 0.0, "low": 0.0, "high": 0.0, "files": 10, "confidence": 0.95}
    assert said["groups"]["asr"]["wer"]["files"] == 10
    assert said["failed"] == []
    (wer,) = [found for found in said["comparison"]["differences"] if found["measure"] == "wer"]
    assert wer["new"] - wer["old"] == pytest.approx(-8 / 140)
    assert wer["p_value"] < 0.05
    assert len(wer["better"]) == 8


def test_a_comparison_with_other_rules_fails_and_the_run_is_kept(run: Run, readings: Path) -> None:
    run(".", "--transcripts", "old", "-o", "then", "--normaliser", "basic")
    done = run(".", "--transcripts", "new", "-o", "now", "--compare", "then/evaluation.json")
    assert done.exit_code == 1
    assert "with the normaliser whisper-basic then" in done.stderr
    assert (readings / "now" / "evaluation.html").is_file()
    assert len(read(readings / "now" / "evaluation.json").files) == 10


def test_what_is_wrong_with_the_command_is_said_before_any_work(run: Run, readings: Path) -> None:
    (readings / "page.json").write_text("{}")
    (readings / "file").write_text("")
    for kind, arguments in (
        (TranscriptError, (".", "--compare", "page.json")),
        (SourceError, ("nowhere", "--transcripts", "old")),
        (OptionError, (".", "--transcripts", "nowhere")),
        (OptionError, (".", "--transcripts", "old", "--normaliser", "klingon")),
        (StorageError, (".", "--transcripts", "old", "-o", "file/out")),
    ):
        done = run(*arguments)
        assert isinstance(done.exception, kind)
        assert "[1/10]" not in done.stderr
    assert not (readings / "evaluation.json").exists()
