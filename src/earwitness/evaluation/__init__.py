"""How good a transcript is, and how fast it came: metrics, datasets, synthetic podcasts, benchmarks, reports.

    from earwitness.evaluation import word_error_rate
    word_error_rate("the quick brown fox", "the quick fox").rate      # 0.25, with the counts beside it

Every measure is a function from a reference and a hypothesis to a frozen result with the counts it is made of, and
each agrees with the tool of the field that it is named after. Needs `pip install 'earwitness[eval]'`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from earwitness.evaluation.attribution import speaker_accuracy as speaker_accuracy
    from earwitness.evaluation.attribution import speaker_word_error_rate as speaker_word_error_rate
    from earwitness.evaluation.comparison import compare as compare
    from earwitness.evaluation.diarization import diarization_error_rate as diarization_error_rate
    from earwitness.evaluation.diarization import jaccard_error_rate as jaccard_error_rate
    from earwitness.evaluation.error_rates import character_error_rate as character_error_rate
    from earwitness.evaluation.error_rates import word_error_rate as word_error_rate
    from earwitness.evaluation.reliability import calibration as calibration
    from earwitness.evaluation.reliability import word_times as word_times
    from earwitness.evaluation.runs import evaluate as evaluate
    from earwitness.evaluation.scoring import score as score
    from earwitness.evaluation.summaries import rouge as rouge
    from earwitness.evaluation.summaries import summary_quality as summary_quality
    from earwitness.evaluation.truth import Truth as Truth

_HOMES = {
    "Truth": "truth",
    "calibration": "reliability",
    "character_error_rate": "error_rates",
    "compare": "comparison",
    "diarization_error_rate": "diarization",
    "evaluate": "runs",
    "jaccard_error_rate": "diarization",
    "rouge": "summaries",
    "score": "scoring",
    "speaker_accuracy": "attribution",
    "speaker_word_error_rate": "attribution",
    "summary_quality": "summaries",
    "word_error_rate": "error_rates",
    "word_times": "reliability",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
