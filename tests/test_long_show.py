"""A made-up show with four voices, a bed of music and long pauses: the ledger against what is known of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from earwitness import transcribe
from earwitness.checkpoints import Checkpoints
from earwitness.guards import loops

pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
pytest.importorskip("soxr", reason="speech needs the extra tts")

from earwitness.evaluation.synth import chatter, podcast

MARGIN_S = 0.25
"""The detector is allowed to hear speech this much longer on both sides."""


@pytest.mark.slow
def test_music_under_speech_and_in_pauses_is_accounted_for(tmp_path: Path) -> None:
    script = chatter.script(0.2, 4, 5, music_below_db=15.0, max_pause_s=30.0)
    truth = podcast.record(script, tmp_path / "show.flac", seed=5)
    found = transcribe(
        tmp_path / "show.flac", checkpoints=Checkpoints(None), model="demo", diarize=False, summarizer="none"
    )
    assert sum(span.end - span.start for span in found.coverage) == pytest.approx(truth.duration, abs=1e-6)
    assert list(loops(found.words)) == []
    became: dict[str, Counter[str]] = {"music": Counter(), "transcribed": Counter()}
    for span in truth.coverage:
        margin = MARGIN_S if span.kind == "music" else 0.0
        for own in found.coverage:
            shared = min(own.end, span.end - margin) - max(own.start, span.start + margin)
            if shared > 0:
                became[span.kind][own.kind] += round(1000 * shared)
    heard = became["transcribed"]["transcribed"] + became["transcribed"]["repaired"]
    assert heard > 0.98 * became["transcribed"].total()
    alone = became["music"].total() - became["music"]["transcribed"] - became["music"]["repaired"]
    assert became["music"]["music"] > 0.95 * alone
    assert alone > 20_000
