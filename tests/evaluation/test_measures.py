from __future__ import annotations

import pytest

from earwitness.evaluation import measures
from earwitness.evaluation.results import (
    ChapterScore,
    ErrorRate,
    JaccardErrorRate,
    Scores,
    SpeakerAccuracy,
    SpeakerWordErrorRate,
)
from evaluations import make_file, speech_errors, word_errors


def test_every_measure_of_a_recording_that_has_all() -> None:
    scores = Scores(
        words=ErrorRate("word", "none", 80, 10, 10, 5),
        characters=ErrorRate("character", "none", 380, 10, 10, 0),
        diarization=speech_errors(5.0, 2.0, 50.0, false_alarm_s=1.0),
        jaccard=JaccardErrorRate(0.25, 12.0, 2),
        speaker_words=SpeakerWordErrorRate("none", 70, 20, 10, 2),
        speaker_accuracy=SpeakerAccuracy(90, 81, 20, 15, 1.0),
        chapters=ChapterScore(0.2, 0.3, 4, 5, 100),
    )
    found = measures.totals([make_file("a", scores=scores, duration_s=100.0, timings={"words": 9.0, "speakers": 1.0})])
    assert {name: interval.value for name, interval in found.items()} == pytest.approx(
        {
            "wer": 0.25, "cer": 0.05, "der": 0.16, "missed": 0.1, "false_alarm": 0.02, "confusion": 0.04, "jer": 0.25,
            "cpwer": 0.32, "speaker_accuracy": 0.9, "near_change_accuracy": 0.75, "speaker_count_right": 1.0,
            "pk": 0.2, "window_diff": 0.3, "real_time_factor": 0.1,
        }
    )  # fmt: skip
    assert list(found) == list(measures.MEASURES)


def test_jer_is_the_mean_over_all_speakers_of_all_recordings() -> None:
    files = [
        make_file("a", scores=Scores(jaccard=JaccardErrorRate(0.1, 1.0, 4))),
        make_file("b", scores=Scores(jaccard=JaccardErrorRate(0.6, 1.0, 1))),
    ]
    assert measures.totals(files)["jer"].value == pytest.approx((4 * 0.1 + 0.6) / 5)


def test_what_failed_does_not_count_and_what_lacks_a_reference_counts_where_it_can() -> None:
    files = [
        make_file("a", word_errors(1, 10)),
        make_file("b", word_errors(9, 10), error="b: worker died"),
        make_file("c", scores=Scores(diarization=speech_errors(1.0, 0.0, 4.0))),
    ]
    found = measures.totals(files)
    assert (found["wer"].value, found["wer"].files) == (0.1, 1)
    assert (found["der"].value, found["der"].files) == (0.25, 1)
    assert found["real_time_factor"].files == 2
    assert "cpwer" not in found


def test_groups_in_the_order_in_which_they_come() -> None:
    files = [
        make_file("a", word_errors(1, 10), "readings"),
        make_file("b", word_errors(4, 10), "meetings"),
        make_file("c", word_errors(3, 30), "readings"),
        make_file("d", group="broken", error="d: gone"),
    ]
    found = measures.by_group(files)
    assert list(found) == ["readings", "meetings"]
    assert found["readings"]["wer"].value == 0.1
    assert found["meetings"]["wer"].value == 0.4


def test_transcripts_made_elsewhere_have_no_real_time_factor() -> None:
    assert "real_time_factor" not in measures.totals([make_file("a", word_errors(1, 10), timings={})])
