"""earwitness score"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from earwitness.cli import main
from earwitness.cli.alignment import CONTEXT_WORDS, LINE_WORDS, MAX_LINES, excerpts, lines, rendered, times_of
from earwitness.evaluation.error_rates import word_error_rate
from earwitness.evaluation.results import Step
from earwitness.exports import json as transcripts
from earwitness.types import Word
from factories import make_transcript

REFERENCE = "The quick brown fox jumped over the lazy dog, and it cost twenty dollars."
HYPOTHESIS = "The quick red fox jumped over lazy dog, and uh it cost just $20"
RTTM = "SPEAKER talk 1 0.0 6.0 <NA> <NA> ann <NA> <NA>\nSPEAKER talk 1 6.0 4.0 <NA> <NA> bob <NA> <NA>\n"
HEARD = "SPEAKER talk 1 0.0 5.0 <NA> <NA> s1 <NA> <NA>\nSPEAKER talk 1 5.0 4.0 <NA> <NA> s2 <NA> <NA>\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Runs `earwitness score` on files of the given names and contents; returns status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(files: dict[str, str], *arguments: str) -> tuple[int, str, str]:
        for name, content in files.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(SystemExit) as ended:
            main(["score", *files, *arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


TEXTS = {"ref.txt": REFERENCE, "hyp.txt": HYPOTHESIS}


def transcript_json(**changes: Any) -> str:
    return transcripts.write(replace(make_transcript(), **changes)).decode()


def test_two_texts(run) -> None:  # type: ignore[no-untyped-def]
    status, out, err = run(TEXTS)
    assert (status, err) == (0, "")
    assert "WER" in out
    assert "23.1 %" in out  # 3 of 13
    assert "1 substituted, 1 deleted, 1 inserted of 13 words" in out
    assert "words normalised by: whisper-english" in out
    assert "the quick [-brown-] {+red+} fox jumped over [-the-] lazy dog and it cost {+just+} $20" in out
    assert "\x1b" not in out


def test_two_texts_as_json(run) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = run(TEXTS, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["wer"] == 3 / 13
    assert found["normaliser"] == "whisper-english"
    assert found["counts"]["words"] == {
        "hits": 11, "substitutions": 1, "deletions": 1, "insertions": 1, "errors": 3, "reference_length": 13
    }  # fmt: skip
    assert 0 < found["cer"] < 0.5
    for absent in ("der", "jer", "cpwer", "speaker_accuracy", "rouge1", "summary_supported", "collar_s"):
        assert found[absent] is None


def test_a_normaliser_that_changes_nothing(run) -> None:  # type: ignore[no-untyped-def]
    found = json.loads(run(TEXTS, "--json", "--normaliser", "none")[1])
    assert found["normaliser"] == "none"
    assert found["wer"] == word_error_rate(REFERENCE, HYPOTHESIS, normaliser="none").rate > 3 / 13


def test_the_language_can_be_said(run) -> None:  # type: ignore[no-untyped-def]
    assert json.loads(run(TEXTS, "--json", "--language", "de")[1])["normaliser"] == "whisper-basic"


def test_who_speaks_when(run) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = run({"ref.rttm": RTTM, "hyp.rttm": HEARD})
    assert status == 0
    for said in ("DER", "20.0 %", "of 10.0 s of speech", "missed", "10.0 %", "found, and there are 2", "JER",
                 "collar: none; overlapped speech: scored", "speakers: s1 is ann, s2 is bob"):  # fmt: skip
        assert said in out
    found = json.loads(run({"ref.rttm": RTTM, "hyp.rttm": HEARD}, "--json")[1])
    expected = {"der": 0.2, "missed": 0.1, "false_alarm": 0.0, "confusion": 0.1, "collar_s": 0.0, "skip_overlap": False}
    assert {name: found[name] for name in expected} == expected
    assert found["mapping"] == {"s1": "ann", "s2": "bob"}
    assert found["counts"]["diarization"]["missed_s"] == 1.0
    assert found["wer"] is None


def test_the_collar_is_said(run) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = run({"ref.rttm": RTTM, "hyp.rttm": HEARD}, "--collar", "2", "--skip-overlap")
    assert "collar: 2 s about each boundary of the reference, half on either side; overlapped speech: left out" in out
    assert "DER" in out
    assert "0.0 %" in out


def test_a_transcript_against_a_transcript(run) -> None:  # type: ignore[no-untyped-def]
    files = {"ref.json": transcript_json(), "hyp.json": transcript_json()}
    found = json.loads(run(files, "--json")[1])
    for rate in ("wer", "cer", "der", "jer", "cpwer", "word_start_median_s"):
        assert found[rate] == 0
    for rate in ("speaker_accuracy", "near_change_accuracy", "rouge1", "rougeL", "summary_supported"):
        assert found[rate] == 1
    out = run(files)[1]
    for said in ("cpWER", "right speaker", "near a change", "word starts", "calibration error", "ROUGE-L", "reach"):
        assert said in out
    assert "[-" not in out  # nothing to show


def test_times_stand_before_the_errors(run) -> None:  # type: ignore[no-untyped-def]
    segments = make_transcript().segments
    heard = transcript_json(segments=(*segments[:4], replace(segments[4], text="It was burnt in 1871.", words=())))
    _, out, _ = run({"ref.txt": make_transcript().text, "hyp.json": heard})
    assert "   0:10  … the bridge it was [-built-] {+burnt+} in 1871 [-and it has been mended twice since" in out


def test_colours_on_a_terminal_that_has_them(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = run(TEXTS)[1]
    assert "\x1b[33mbrown→red\x1b[0m" in out
    assert "[-" not in out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "[-brown-] {+red+}" in run(TEXTS)[1]


def test_how_much_of_the_alignment_is_shown(run) -> None:  # type: ignore[no-untyped-def]
    words = [f"w{'abcdefghij'[i % 10]}" for i in range(60)]
    files = {"ref.txt": " ".join(words), "hyp.txt": " ".join([*words[:30], "wrong", *words[31:]])}
    assert "… wg wh wi wj [-wa-] {+wrong+} wb wc wd we …" in run(files)[1]
    assert "[-wa-]" not in run(files, "--alignment", "none")[1]
    assert "wa wb wc wd we wf" in run(files, "--alignment", "all")[1]


def test_a_long_alignment_is_cut(run) -> None:  # type: ignore[no-untyped-def]
    words = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] * (MAX_LINES + 7)
    changed = ["wrong" if word == "f" else word for word in words]
    _, out, _ = run({"ref.txt": " ".join(words), "hyp.txt": " ".join(changed)})
    assert out.count("{+wrong+}") == MAX_LINES
    assert "and 7 more lines; --alignment all shows all words" in out


def test_summaries(run) -> None:  # type: ignore[no-untyped-def]
    summary = make_transcript().summary
    files = {"ref.txt": summary.text, "hyp.json": transcript_json()}
    found = json.loads(run(files, "--summary", "--json")[1])
    assert (found["rouge1"], found["rouge2"], found["rougeL"], found["wer"]) == (1, 1, 1, None)
    assert found["summary_supported"] == 1
    status, out, _ = run({"ref.txt": "A bridge.", "hyp.txt": "A fridge."}, "--summary")
    assert status == 0
    assert "ROUGE-1" in out
    assert "WER" not in out


def test_an_empty_reference_and_an_empty_hypothesis(run) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = run({"ref.txt": "", "hyp.txt": "two words"})
    assert status == 0
    assert "0 substituted, 0 deleted, 2 inserted of 0 words" in out
    assert "note: in the reference, ref.txt, nothing is said" in out
    assert json.loads(run({"ref.txt": "", "hyp.txt": "two words"}, "--json")[1])["wer"] == 2.0
    assert json.loads(run({"ref.txt": "two words", "hyp.txt": ""}, "--json")[1])["wer"] == 1.0
    assert json.loads(run({"ref.rttm": RTTM, "hyp.rttm": ""}, "--json")[1])["der"] == 1.0


@pytest.mark.parametrize(
    ("files", "arguments", "status", "complaint"),
    [
        ({"ref.rttm": RTTM, "hyp.txt": "words"}, (), 1, "ref.rttm has speaker turns and hyp.txt has text: nothing to"),
        ({"ref.rttm": "x y z", "hyp.rttm": RTTM}, (), 1, "ref.rttm: has no SPEAKER line"),
        ({"ref.rttm": RTTM.replace("6.0 4.0", "6.0 -4.0"), "hyp.rttm": RTTM}, (), 1, "ref.rttm: line 2: a time is"),
        ({"ref.json": "{", "hyp.txt": "words"}, (), 1, "ref.json: is not JSON"),
        ({"ref.rttm": RTTM, "hyp.txt": "words"}, ("--summary",), 1, "ref.rttm has no summary"),
        (TEXTS, ("--normaliser", "french"), 2, "no normaliser is called 'french'"),
        (TEXTS, ("--alignment", "some"), 2, "there are errors, all, none"),
    ],
)
def test_what_cannot_be_scored_is_one_clear_line(run, files, arguments, status: int, complaint: str) -> None:  # type: ignore[no-untyped-def]
    ended, out, err = run(files, *arguments)
    assert (ended, out) == (status, "")
    assert complaint in err
    assert len(err.strip().splitlines()) == 1


def test_a_missing_file_is_named(run) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit) as ended:
        main(["score", "missing.txt", "other.txt"])
    assert ended.value.code == 1


def test_excerpts_do_not_touch_and_lines_are_short() -> None:
    hit, error = Step("hit", "a", "a"), Step("insertion", None, "b")
    between = {gap: excerpts([*[hit] * 5, error, *[hit] * gap, error, *[hit] * 9]) for gap in (8, 9)}
    assert CONTEXT_WORDS == 4
    assert between == {8: [range(1, 19)], 9: [range(1, 10), range(11, 20)]}
    assert [len(line) for line in lines([range(5), range(10, 10 + LINE_WORDS * 2 + 1)])] == [5, 11, 11, 11]


def test_times_come_from_words_that_are_written_otherwise() -> None:
    steps = word_error_rate("it cost twenty dollars then", "it cost twenty dollars now", steps=True).steps
    words = [Word(f" {word}", i * 1.0, i + 0.5, 1.0) for i, word in enumerate("It cost twenty dollars now.".split())]
    assert times_of(steps, words) == [0.0, 1.0, 1.0, 4.0]
    assert times_of(steps, ()) == [None] * 4


def test_words_that_look_like_markup_are_shown() -> None:
    steps = word_error_rate("[red] a", "[/red] a", normaliser="none", steps=True).steps
    assert rendered(steps, range(2), coloured=True).plain == "[red]→[/red] a"


def test_control_characters_do_not_reach_the_terminal(run) -> None:  # type: ignore[no-untyped-def]
    hostile = {"a.rttm": RTTM.replace("ann", "an\x1b[31mn"), "b.rttm": HEARD.replace("s1", "\x1b[2Js1")}
    assert "\x1b" not in run(hostile)[1]
    assert "\x1b" not in run({"a.txt": "one \x1b[2J two", "b.txt": "one three"}, "--normaliser", "none")[1]
