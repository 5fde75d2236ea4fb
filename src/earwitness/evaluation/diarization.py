"""Who speaks when, against who is said to: DER and JER, the numbers of pyannote.metrics 4.

What is scored. The evaluation map is [0, duration] where a duration is given, and everything from the first to the
last moment of either side where none is; pyannote.metrics does the same without a map of its own, and warns. Turns
without a speaker and turns without length are left out. Turns of one speaker that overlap each other count twice, as
in pyannote.metrics; `truth.joined` makes one of them.

The collar. `collar_s` is what pyannote.metrics calls `collar`: so many seconds in all are left out around each end of
each reference turn, half on either side. NIST's md-eval takes the half: its `-c 0.25` is `collar_s=0.5` here.

>>> reference = [Turn(0.0, 6.0, "Ann"), Turn(6.0, 10.0, "Bob")]
>>> hypothesis = [Turn(0.0, 5.0, "S1"), Turn(5.0, 9.0, "S2")]
>>> found = diarization_error_rate(reference, hypothesis)
>>> found.rate, found.confusion_s, found.missed_s, dict(found.mapping)
(0.2, 1.0, 1.0, {'S1': 'Ann', 'S2': 'Bob'})
>>> diarization_error_rate(reference, hypothesis, collar_s=2.0).rate
0.0

Without reference speech the rates are 0 where the hypothesis has none either, else 1; without a hypothesis all speech
is missed, and both rates are 1:

>>> diarization_error_rate([], []).rate, diarization_error_rate([], hypothesis).rate
(0.0, 1.0)
>>> diarization_error_rate(reference, []).missed_s, jaccard_error_rate(reference, []).rate
(10.0, 1.0)
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from itertools import count, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from earwitness.errors import OptionError
from earwitness.evaluation.results import DiarizationErrorRate, JaccardErrorRate
from earwitness.exports import rttm
from earwitness.extras import require
from earwitness.types import Seconds, Transcript, Turn

Counts = npt.NDArray[np.int64]

MANY_TURNS = 1000
"""From so many turns on, pyannote.metrics, whose time grows with their square, gets them grouped by who speaks."""
MIN_TURN_S = 1e-6
"""What is no longer than this has no length: pyannote.core's precision."""


def diarization_error_rate(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    *,
    collar_s: Seconds = 0.0,
    skip_overlap: bool = False,
    duration: Seconds | None = None,
) -> DiarizationErrorRate:
    """DER with what it is made of (Fiscus et al., NIST RT 2006), under the mapping of labels with least errors.

    Args:
        reference: in any order, overlapping or not; so too `hypothesis`.
        collar_s: seconds to leave out around each end of a reference turn, half on either side.
        skip_overlap: leave out where several reference turns overlap.
        duration: of the recording; what lies outside is left out.

    Returns:
        Seconds of speaker time: a second in which two speak counts twice. The numbers of speakers are those of the
        evaluation map, whatever collars and overlaps take away.

    Raises:
        OptionError: the collar is negative.
        ExtraError: pyannote.metrics is not installed.
    """
    truth, guess, scored = _evaluated(reference, hypothesis, collar_s, skip_overlap, duration)
    metric = _pyannote("metrics.diarization").DiarizationErrorRate()
    parts = metric(truth, guess, uem=scored, detailed=True)
    return DiarizationErrorRate(
        total_s=float(parts["total"]),
        correct_s=float(parts["correct"]),
        missed_s=float(parts["missed detection"]),
        false_alarm_s=float(parts["false alarm"]),
        confusion_s=float(parts["confusion"]),
        reference_speakers=len(_labels(reference, duration)),
        hypothesis_speakers=len(_labels(hypothesis, duration)),
        mapping=metric.optimal_mapping(truth, guess),
        collar_s=collar_s,
        skip_overlap=skip_overlap,
    )


def jaccard_error_rate(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    *,
    collar_s: Seconds = 0.0,
    skip_overlap: bool = False,
    duration: Seconds | None = None,
) -> JaccardErrorRate:
    """JER (Ryant et al., DIHARD II, 2019): every reference speaker counts the same, however little they say.

    Arguments and errors are those of `diarization_error_rate`. Where nobody speaks on either side the rate is 0;
    pyannote.metrics says 1 there, too.

    Returns:
        The rate; `error_s`, the seconds in which exactly one of a reference speaker and their hypothesis speaker
        speaks, over all reference speakers; how many of those there are outside collars and skipped overlaps.

    >>> jaccard_error_rate([Turn(0.0, 9.0, "Ann"), Turn(9.0, 10.0, "Bob")], [Turn(0.0, 10.0, "S1")])
    JaccardErrorRate(rate=0.55, error_s=2.0, speakers=2)
    """
    truth, guess, scored = _evaluated(reference, hypothesis, collar_s, skip_overlap, duration)
    if not truth:
        return JaccardErrorRate(float(bool(guess)), 0.0, 0)
    metric = _pyannote("metrics.diarization").JaccardErrorRate()
    rate = float(metric(truth, guess, uem=scored))
    # From reference to hypothesis, the direction in which the metric itself maps.
    mapping = metric.optimal_mapping(guess, truth)
    error_s = sum(_differing(truth, label, guess, mapping.get(label)) for label in truth.labels())
    return JaccardErrorRate(rate, error_s, len(truth.labels()))


def turns_of(transcript: Transcript) -> tuple[Turn, ...]:
    """Who speaks when in a transcript: exactly the runs that its RTTM has, under the speakers' labels."""
    return rttm.runs(transcript)


def _evaluated(
    reference: Sequence[Turn],
    hypothesis: Sequence[Turn],
    collar_s: Seconds,
    skip_overlap: bool,
    duration: Seconds | None,
) -> tuple[Any, Any, Any]:
    """What is scored of both sides, as pyannote's annotations, and where it lies, as pyannote's timeline."""
    if not collar_s >= 0:
        raise OptionError(f"a collar cannot be {collar_s} s; give 0 or more seconds")
    truth, guess = _spoken(reference), _spoken(hypothesis)
    if len(truth) + len(guess) >= MANY_TURNS:
        return _grouped(truth, guess, collar_s, skip_overlap, duration)
    core = _pyannote("core")
    limits = [(0.0, duration)] if duration is not None else _extent([*truth, *guess])
    metric = _pyannote("metrics.diarization").DiarizationErrorRate()
    evaluated: tuple[Any, Any, Any] = metric.uemify(
        _annotation([(turn.start, turn.end, [str(turn.speaker)]) for turn in truth]),
        _annotation([(turn.start, turn.end, [str(turn.speaker)]) for turn in guess]),
        uem=core.Timeline([core.Segment(*span) for span in limits]),
        collar=collar_s,
        skip_overlap=skip_overlap,
        returns_uem=True,
    )
    return evaluated


def _grouped(
    truth: Sequence[Turn], guess: Sequence[Turn], collar_s: Seconds, skip_overlap: bool, duration: Seconds | None
) -> tuple[Any, Any, Any]:
    """The same with all moments in which the same people speak put together, one group after the other.

    The rates depend only on how long who speaks at once with whom, and a long recording has thousands of turns, but few
    such groups. Two mappings that are equally good but for rounding may be taken for one another here.
    """
    ends = {time for turn in truth for time in (turn.start, turn.end)} if collar_s else ()
    collars = [Turn(time - collar_s / 2, time + collar_s / 2, "collar") for time in ends]
    limits = [] if duration is None else [0.0, duration]
    bounds = np.unique([*limits, *(time for turn in (*truth, *guess, *collars) for time in (turn.start, turn.end))])
    known, in_truth = _counts(truth, bounds)
    said, in_guess = _counts(guess, bounds)
    scored = _counts(collars, bounds)[1].sum(axis=1) == 0
    if skip_overlap:
        scored &= in_truth.sum(axis=1) < 2
    if duration is not None:
        scored &= (bounds[:-1] >= 0) & (bounds[1:] <= duration)
    groups, group_of = np.unique(np.hstack([in_truth, in_guess])[scored], axis=0, return_inverse=True)
    seconds = np.zeros(len(groups))
    np.add.at(seconds, group_of.ravel(), np.diff(bounds)[scored])
    edges = [0.0, *np.cumsum(seconds).tolist()]
    placed = list(zip(pairwise(edges), groups, strict=True))
    core = _pyannote("core")
    return (
        _annotation([(start, end, _repeated(known, group[: len(known)])) for (start, end), group in placed]),
        _annotation([(start, end, _repeated(said, group[len(known) :])) for (start, end), group in placed]),
        core.Timeline([core.Segment(0.0, edges[-1])]),
    )


def _counts(turns: Sequence[Turn], bounds: npt.NDArray[np.float64]) -> tuple[list[str], Counts]:
    """The labels, and how many turns each has between each bound and the next: shape (bounds - 1, labels)."""
    labels = sorted({str(turn.speaker) for turn in turns})
    column = {label: number for number, label in enumerate(labels)}
    columns = np.array([column[str(turn.speaker)] for turn in turns], dtype=np.int64)
    shape = len(bounds), len(labels)

    def moments(times: list[Seconds]) -> Counts:
        places = np.searchsorted(bounds, times) * len(labels) + columns
        return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)

    begun, ended = moments([turn.start for turn in turns]), moments([turn.end for turn in turns])
    return labels, (begun - ended).cumsum(axis=0)[:-1]


def _repeated(labels: Sequence[str], counts: Counts) -> list[str]:
    return [label for label, count in zip(labels, counts, strict=True) for _ in range(count)]


def _annotation(spans: Sequence[tuple[Seconds, Seconds, Sequence[str]]]) -> Any:
    core = _pyannote("core")
    annotation = core.Annotation()
    tracks = count()
    for start, end, labels in spans:
        for label in labels:
            annotation[core.Segment(start, end), next(tracks)] = label
    return annotation


def _differing(truth: Any, label: str, guess: Any, partner: str | None) -> Seconds:
    """For how long exactly one of two speakers speaks."""
    spoken = truth.label_timeline(label)
    if partner is None:
        return float(spoken.duration())
    claimed = guess.label_timeline(partner)
    return float(spoken.duration() + claimed.duration() - 2 * spoken.crop(claimed).duration())


def _extent(turns: Sequence[Turn]) -> list[tuple[Seconds, Seconds]]:
    return [(min(turn.start for turn in turns), max(turn.end for turn in turns))] if turns else []


def _spoken(turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.speaker is not None and turn.end - turn.start > MIN_TURN_S]


def _labels(turns: Sequence[Turn], duration: Seconds | None) -> set[str | None]:
    """Who speaks within the evaluation map."""
    first, last = (-math.inf, math.inf) if duration is None else (0.0, duration)
    return {turn.speaker for turn in _spoken(turns) if min(turn.end, last) - max(turn.start, first) > MIN_TURN_S}


def _pyannote(module: str) -> Any:
    os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")
    return require(f"pyannote.{module}")
