"""The report: its numbers are those of the evaluation, it asks for nothing, and whatever it is given stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from damage import LINES, WORDS_A_LINE, damaged, truth
from earwitness.evaluation import truth as truths
from earwitness.evaluation.comparison import compare
from earwitness.evaluation.report import render, voices, words
from earwitness.evaluation.report.stacks import BARS_SHOWN
from earwitness.evaluation.results import (
    Bin,
    Comparison,
    Difference,
    ErrorRate,
    Evaluation,
    FileResult,
    Overlap,
    Rouge,
    Scores,
    SpeakerAccuracy,
    SpeakerWordErrorRate,
    Step,
    SummaryQuality,
    WordTimes,
)
from earwitness.evaluation.scoring import score
from earwitness.types import Turn
from evaluations import make_evaluation, make_file, of_files, speech_errors, word_errors
from pages import Page

pytest.importorskip("matplotlib", reason="plots need pip install 'earwitness[eval]'")

STEPS = (
    Step("hit", "the", "the"),
    Step("substitution", "bridge", "ridge"),
    Step("deletion", "old", None),
    Step("insertion", None, "um"),
)


def whole_file(name: str = "talks/one.mp3", group: str = "talks", **changes: Any) -> FileResult:
    """A recording that has everything there is to show."""
    scores = Scores(
        words=ErrorRate("word", "whisper-english", 96, 3, 1, 2, STEPS),
        characters=ErrorRate("character", "whisper-english", 380, 12, 8, 4),
        diarization=speech_errors(3.0, 6.0, 60.0, false_alarm_s=1.5, mapping={"S1": "Ann", "S2": "Bob"}),
        speaker_words=SpeakerWordErrorRate("whisper-english", 90, 3, 7, 8),
        speaker_accuracy=SpeakerAccuracy(99, 90, 20, 15, 1.0, {}, {"Bob": "Ann"}),
        word_times=WordTimes(96, 0.05, 0.2, 0.08, 0.3),
        calibration=(Bin(0.5, 0.6, 20, 0.55, 9), Bin(0.6, 0.7, 0, 0.0, 0), Bin(0.9, 1.0, 80, 0.95, 70)),
        rouge=Rouge(Overlap(0.5, 0.25, 0.333), Overlap(0.2, 0.2, 0.2), Overlap(0.4, 0.4, 0.4)),
        summary=SummaryQuality(4, 3, 0.9, 5.0, 12.0, 0.7),
    )
    content: dict[str, Any] = {
        "scores": scores,
        "reference_turns": (Turn(0.0, 30.0, "Ann"), Turn(30.0, 60.0, "Bob")),
        "hypothesis_turns": (Turn(0.0, 36.0, "S1"), Turn(36.0, 57.0, "S2")),
        "timings": {"audio": 0.6, "words": 5.4},
        "dropped_s": 2.5,
        "warnings": ("a window was heard twice",),
    }
    return make_file(name, group=group, **{**content, **changes})


@cache
def whole_evaluation() -> Evaluation:
    files = (whole_file(), whole_file("talks/two.mp3"), make_file("read/a.flac", word_errors(5, 50), "read"))
    return of_files(*files, FileResult("talks/bad.mp3", "talks", error="talks/bad.mp3: this is no audio; give a file"))


def whole_comparison() -> Comparison:
    better = Difference("wer", 0.12, 0.08, -0.06, -0.02, 0.0004, 3, ("talks/one.mp3",), ("read/a.flac",))
    chance = Difference("der", 0.17, 0.18, -0.01, 0.03, 0.42, 2, (), ("talks/two.mp3",))
    return Comparison("talks, 2026-01-01", "talks, 2026-01-02", (better, chance), ("talks/gone.mp3",), ())


@cache
def whole_page() -> bytes:
    return render(whole_evaluation(), whole_comparison())


def text_of(page: bytes) -> str:
    """What a reader sees, on one line, with ordinary spaces."""
    body = re.sub(r"(?s)<style>.*?</style>|<script>.*?</script>", "", page.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\u00a0", " ").split())


def sections(page: bytes) -> list[str]:
    return re.findall(r'<section id="(\w+)"', page.decode())


def test_the_headline_is_made_of_the_counts() -> None:
    text = text_of(whole_page())
    # 6 + 6 errors of two recordings with 100 words each, and 5 of one with 50.
    assert "Word error rate 6.8 % 6.0 to 10.0 %" in text
    assert "17 of 250 words 11 substituted, 2 left out, 4 put in" in text
    assert "Character error rate 6.0 %" in text
    assert "48 of 800 characters in 2 of 3 recordings" in text
    assert "Diarization error rate 17.5 %" in text
    assert "21.0 s of 2:00 of speech missed 5.0 %, false alarm 2.5 %, confusion 10.0 %" in text
    assert "WER with speakers (cpWER) 18.0 %" in text
    assert "Words with the right speaker 90.9 %" in text
    assert "180 of 198 aligned words" in text
    assert "The same near a change 75.0 %" in text
    assert "30 of 40 words within 1 s of a change of speaker" in text
    assert "Number of speakers right 100.0 %" in text
    assert "Speed 10.0 hours per hour" in text
    assert "3:00 of audio in 18.0 s real-time factor 0.100" in text


def test_it_says_what_was_measured_with_what_and_what_failed() -> None:
    evaluation = replace(whole_evaluation(), made="2026-11-24T10:12:09+00:00", options={"model": "demo", "engine": "x"})
    text = text_of(render(evaluation))
    assert "3 of 4 recordings scored · 3:00 of audio · 2026-11-24 10:12 UTC" in text
    assert "1 of 4 recordings failed , and no figure has them talks/bad.mp3 : this is no audio; give a file" in text
    assert "Words by x, model demo" in text
    assert "Words compared after whisper-english" in text
    assert "Speakers compared collar 0 s, overlap counted" in text
    assert "Machine a processor, 2 cores, 8 GiB" in text
    assert "5.0 s of speech have no words in the transcripts" in text
    assert "a window was heard twice 2 recordings: talks/one.mp3 , talks/two.mp3" in text
    assert "Ann is called Bob" in text


def test_the_table_has_every_recording_with_its_numbers_the_worst_first() -> None:
    page = whole_page().decode().replace("\u00a0", " ")
    table = page[page.index('id="recordings"') :].split("</table>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[1:]]
    cells = [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in rows]
    assert [row[0] for row in cells[1:]] == ["read/a.flac", "talks/one.mp3", "talks/two.mp3", "talks/bad.mp3 failed"]
    one = dict(zip(cells[0], cells[2], strict=True))
    assert one == {
        "recording": "talks/one.mp3", "group": "talks", "length": "1:00", "WER": "6.0 %", "words": "100", "S": "3",
        "D": "1", "I": "2", "CER": "6.0 %", "cpWER": "18.0 %", "right speaker": "90.9 %", "DER": "17.5 %",
        "missed": "5.0 %", "false alarm": "2.5 %", "confusion": "10.0 %", "speakers": "2 for 2", "RTF": "0.100",
        "dropped": "2.5 s", "warnings": "1",
    }  # fmt: skip
    assert set(cells[1][9:16]) == {"–"}


def test_the_other_sections_have_their_numbers() -> None:
    page = whole_page()
    text = text_of(page)
    # |9 - 11| + |70 - 76| of 200 words in two recordings alike
    assert (
        "Expected calibration error 8.0 % over 200 words: 79.0 % are right, and their mean probability is 87.0 %"
        in text
    )
    assert "50 to 60 % 40 55.0 % 45.0 %" in text
    assert "60 to 70 %" not in text
    assert "sentences that their evidence supports 75.0 % 6 of 8 sentences" in text
    assert "ROUGE-1 F1, against a reference 33.3 %" in text
    assert "audio 1.2 0.67 %" in text
    assert "bridge ridge 2" in text
    assert "begin 0.05 s and end 0.08 s from" in text
    assert (
        'the <span class="sub"><del>bridge</del> <ins>ridge</ins></span> <del>old</del> <ins>um</ins>'
    ) in page.decode()


def test_a_comparison_says_what_changed_and_what_may_be_chance() -> None:
    text = text_of(whole_page())
    assert "Compared with talks , 2026-01-01" in text
    assert "WER 12.0 % 8.0 % −4.0 −6.0 to −2.0 &lt; 0.001 better 1 1 3" in text
    assert "DER 17.0 % 18.0 % +1.0 −1.0 to +3.0 0.420 may be chance 0 1 2" in text
    assert "better in 1 : talks/one.mp3" in text
    assert "Scored only then: talks/gone.mp3" in text


def test_damage_of_known_extent_is_found_out() -> None:
    damage = damaged()
    sides = truths.of_transcript(truth(), name="truth"), truths.of_transcript(damage.transcript, name="damaged")
    file = FileResult("episode.wav", "podcast", 400.0, scores=score(*sides, steps=True))
    page = render(of_files(replace(file, reference_turns=sides[0].turns or (), hypothesis_turns=sides[1].turns or ())))
    text = text_of(page)
    dropped = damage.dropped_lines * WORDS_A_LINE
    wrong = damage.kept_lines + dropped
    said = LINES * WORDS_A_LINE
    assert f"Word error rate {100 * wrong / said:.1f} %" in text
    assert f"{wrong} of {said} words {damage.kept_lines} substituted, {dropped} left out, 0 put in" in text
    right = (damage.kept_lines - damage.swapped_lines) * WORDS_A_LINE
    assert f"{right} of {damage.kept_lines * WORDS_A_LINE} aligned words" in text
    assert page.decode().count("<del>") == wrong + 2  # those of the key


def test_the_page_is_well_formed_and_asks_for_nothing() -> None:
    source = whole_page()
    page = Page(source)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert all(link.startswith("#") and link[1:] in ids for link in page.values("href"))
    assert {label for value in page.values("aria-labelledby") for label in value.split()} <= set(ids)
    assert not page.values("src")
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "xmlns", "xlink:href")]
    assert not re.findall(rb"url\(|@import|https?:|//\w", source)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_every_plot_has_a_name_and_the_pages_colours() -> None:
    page = Page(whole_page())
    plots = [attributes for tag, attributes in page.elements if tag == "svg" and attributes.get("role") == "img"]
    assert {plot["aria-label"] for plot in plots} == {
        "Word errors by group", "Word error rate by recording", "Diarization errors by group",
        "Diarization error rate by recording", "How often words of a probability are right",
        "Real-time factor by stage",
    }  # fmt: skip
    hidden = [attributes for tag, attributes in page.elements if tag == "svg" and attributes.get("role") != "img"]
    assert all(attributes.get("aria-hidden") == "true" for attributes in hidden)
    paints = {value for name in ("fill", "stroke") for value in page.values(name)} - {"none"}
    assert paints
    assert all(re.fullmatch(r"var\(--\w+\)", paint) for paint in paints)
    variables = {paint[4:-1] for paint in paints}
    assert all(page.texts["style"].count(f"{variable}: #") == 2 for variable in variables)  # light and dark


def test_the_same_evaluation_makes_the_same_bytes() -> None:
    assert render(whole_evaluation(), whole_comparison()) == whole_page()


def test_without_an_old_evaluation_speakers_or_probabilities_their_sections_are_left_out() -> None:
    everything = ["totals", "changes", "measured", "groups", "words", "voices", "calibration", "summaries", "speed"]
    assert sections(whole_page()) == [*everything, "recordings", "warnings", "places"]
    words_only = make_evaluation({"a.wav": (1, 10), "b.wav": (2, 10)})
    assert sections(render(words_only)) == ["totals", "measured", "words", "speed", "recordings"]


def test_an_evaluation_without_scores_says_so() -> None:
    page = render(of_files(FileResult("a.wav", "asr", error="a.wav: gone; look for it")))
    assert sections(page) == ["measured", "recordings"]
    assert "No recording could be scored." in text_of(page)
    Page(page)
    Page(render(of_files()))


def test_one_recording_has_no_intervals() -> None:
    text = text_of(render(make_evaluation({"a.wav": (1, 10)})))
    assert "Word error rate 10.0 % 1 of 10 words" in text
    assert "One recording says nothing of how recordings differ" in text


def test_errors_without_words_to_get_right_have_no_rate() -> None:
    silence = make_file("silence.wav", ErrorRate("word", "whisper-english", 0, 0, 0, 7))
    page = render(of_files(silence, make_file("a.wav", word_errors(1, 10))))
    row = page.decode().partition("<bdi>silence.wav</bdi></th>")[2].partition("</tr>")[0]
    assert re.findall(r">([^<]+)<", row)[:6] == ["1:00", "–", "0", "0", "0", "7"]
    assert ">silence.wav</text>" not in page.decode()


def test_of_many_recordings_a_plot_shows_the_worst_and_says_so() -> None:
    counts = {f"r{number:03}.wav": (number, 1000) for number in range(500)}
    page = render(make_evaluation(counts)).decode()
    labels = re.findall(r">(r\d+\.wav)</text>", page)
    assert labels == [f"r{number:03}.wav" for number in range(499, 499 - BARS_SHOWN, -1)] * 2
    assert "The 40 worst of 500 recordings" in page
    assert "<bdi>r000.wav</bdi>" in page


def test_alignments_and_timelines_beyond_what_a_page_holds_are_left_out_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "STEPS_SHOWN", 3)
    monkeypatch.setattr(voices, "TIMELINES_SHOWN", 1)
    page = render(of_files(*(whole_file(f"{letter}.mp3") for letter in "abc")))
    assert page.decode().count('<ol class="places">') == 1
    text = text_of(page)
    assert "Those of 2 more recordings are in evaluation.json." in text
    assert "The timelines of 2 more recordings with fewer errors are left out." in text


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x' $title ${style} $\\frac{1}{0}$"


def hostile_evaluation(text: str) -> Evaluation:
    steps = tuple(Step(step.kind, step.reference and text, step.hypothesis and text) for step in STEPS)
    file = whole_file(text, text, warnings=(text,), timings={text: 1.0})
    scores = replace(
        file.scores,
        words=replace(file.scores.words, steps=steps),
        diarization=speech_errors(3.0, 6.0, 60.0, mapping={text: text}),
    )
    file = replace(file, scores=scores, reference_turns=(Turn(0, 9, text),), hypothesis_turns=(Turn(1, 9, text),))
    failed = FileResult(f"{text}2", f"{text}2", error=text)
    good = make_file(f"{text}3", word_errors(1, 9), f"{text}3")
    return replace(
        of_files(file, failed, good, name=text, made=text), options={text: text, "model": text}, normaliser=text
    )


def hostile_comparison(text: str) -> Comparison:
    return replace(
        whole_comparison(), old=text, only_old=(text,), differences=(Difference("wer", 1, 0, -1, -1, 0, 2, (text,)),)
    )


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "javascript:alert(1)",
        "\u202e\u200fשלום\u202c\x00\x1b[2J\ud83d",
        "x" * 3000,
        "静かな島 🏝 إذاعة",
        "",
        " ",
    ],
    ids=["markup", "javascript", "controls", "long", "scripts", "empty", "blank"],
)
def test_hostile_text_stays_text(text: str) -> None:
    source = render(hostile_evaluation(text), hostile_comparison(text))
    page, plain = Page(source), Page(render(hostile_evaluation("a"), hostile_comparison("a")))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements}
    assert page.texts["script"] == plain.texts["script"]
    assert page.texts["style"] == plain.texts["style"]
    assert {name for _, attributes in page.elements for name in attributes} <= {
        name for _, attributes in plain.elements for name in attributes
    }
    assert all(link.startswith("#") for link in page.values("href"))
    assert not re.findall("[\x00\x1b\u202e]", source.decode())


def test_markup_is_shown_as_it_is() -> None:
    page = Page(render(hostile_evaluation(HOSTILE), hostile_comparison(HOSTILE)))
    assert all(HOSTILE in page.texts[place] for place in ("h1", "title", "bdi", "del", "ins", "dd"))
    assert "…" in page.texts["text"]  # in plots it is cut to fit


def test_a_comparison_of_two_evaluations_can_be_shown() -> None:
    old, new = (
        make_evaluation({"a.wav": (4, 10), "b.wav": (4, 10)}),
        make_evaluation({"a.wav": (1, 10), "b.wav": (2, 10)}),
    )
    assert "WER 40.0 % 15.0 % −25.0" in text_of(render(new, compare(old, new)))
