"""What measurements say: frozen, with the counts that every rate is made of.

All of them go to JSON and back with `earwitness.values`. Times are in seconds of the source file, rates are shares
(0.08 is 8 %) and may exceed 1 where there are more errors than things to get right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from earwitness.types import Seconds, Turn

StepKind = Literal["hit", "substitution", "deletion", "insertion"]
Unit = Literal["word", "character"]


@dataclass(frozen=True)
class Step:
    """One step of an alignment: a reference token and the hypothesis token that stands for it, where there is one."""

    kind: StepKind
    reference: str | None
    hypothesis: str | None


class _Counted:
    """The sums over an alignment's counts."""

    hits: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_length(self) -> int:
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float:
        """Errors by reference units; without a reference the number of insertions, as jiwer has it."""
        return self.errors / max(1, self.reference_length)


@dataclass(frozen=True)
class ErrorRate(_Counted):
    """Word or character errors of a least-cost alignment (Levenshtein), after `normaliser`.

    `steps` is the alignment where it was asked for.
    """

    unit: Unit
    normaliser: str
    hits: int
    substitutions: int
    deletions: int
    insertions: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class DiarizationErrorRate:
    """Speaker time that is missed, false or given to the wrong speaker, under the best one-to-one mapping of labels.

    `mapping` goes from hypothesis to reference labels. `collar_s` was left out in all, half on each side of every
    reference boundary (pyannote.metrics' convention). `hypothesis_speakers` counts labels with any speech.
    """

    total_s: Seconds
    correct_s: Seconds
    missed_s: Seconds
    false_alarm_s: Seconds
    confusion_s: Seconds
    reference_speakers: int
    hypothesis_speakers: int
    mapping: Mapping[str, str] = field(default_factory=dict)
    collar_s: Seconds = 0.0
    skip_overlap: bool = False

    @property
    def rate(self) -> float:
        """Errors by reference speaker time; without any, 0 if there are no errors and 1 if there are."""
        errors = self.confusion_s + self.false_alarm_s + self.missed_s  # pyannote's order, to the last digit
        return errors / self.total_s if self.total_s else float(errors > 0)

    @property
    def speaker_count_error(self) -> int:
        """Speakers found less speakers there are."""
        return self.hypothesis_speakers - self.reference_speakers


@dataclass(frozen=True)
class JaccardErrorRate:
    """The mean over reference speakers of 1 - intersection / union with their hypothesis speaker (DIHARD II)."""

    rate: float
    error_s: Seconds
    speakers: int


@dataclass(frozen=True)
class SpeakerWordErrorRate(_Counted):
    """cpWER: word errors when each speaker's words are joined and the speakers are matched as well as they can be.

    Words of speakers without a partner are all deletions or all insertions (Watanabe et al., CHiME-6, 2020).
    `mapping` goes from hypothesis to reference labels.
    """

    normaliser: str
    hits: int
    substitutions: int
    deletions: int
    insertions: int
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SpeakerAccuracy:
    """How many of the aligned words carry the right speaker, in all and within `near_s` of a change of speaker.

    Deleted and inserted words have no partner and do not count. `renamed` has the names that both sides use for
    different people: hypothesis name -> reference name.
    """

    words: int
    correct: int
    near_words: int
    near_correct: int
    near_s: Seconds
    mapping: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Share of aligned words with the right speaker; 1 where there are none."""
        return self.correct / self.words if self.words else 1.0

    @property
    def near_rate(self) -> float:
        return self.near_correct / self.near_words if self.near_words else 1.0


@dataclass(frozen=True)
class Overlap:
    """Precision, recall and F1 of one ROUGE measure."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Rouge:
    """ROUGE-1, ROUGE-2 and ROUGE-L of a summary against a reference (Lin 2004)."""

    rouge1: Overlap
    rouge2: Overlap
    rougeL: Overlap  # noqa: N815 - the measure's name


@dataclass(frozen=True)
class SummaryQuality:
    """A summary against its own transcript.

    `coverage` is the share of its words that lie in fragments copied from the transcript and `density` their mean
    squared length in words; `compression` is transcript words by summary words (all three: Grusky et al. 2018).
    `reach` is the share of the recording's tenths from which something is cited. A sentence is `supported` where its
    evidence holds its content words and numbers.
    """

    sentences: int
    supported: int
    coverage: float
    density: float
    compression: float
    reach: float

    @property
    def supported_share(self) -> float:
        return self.supported / self.sentences if self.sentences else 1.0


@dataclass(frozen=True)
class ChapterScore:
    """Chapters against those of a reference: Pk and WindowDiff over `places` of the recording, and how many each has.

    Both are shares of windows in which the sides differ, 0 to 1; 0 is perfect.
    """

    pk: float
    window_diff: float
    reference: int
    hypothesis: int
    places: int


@dataclass(frozen=True)
class Bin:
    """Words whose probability lies in [low, high): how many there are, their mean probability, how many are right."""

    low: float
    high: float
    words: int
    probability: float
    correct: int


@dataclass(frozen=True)
class WordTimes:
    """How far words that are right begin and end from where they do in the reference, in seconds (absolute)."""

    words: int
    start_median_s: Seconds
    start_p95_s: Seconds
    end_median_s: Seconds
    end_p95_s: Seconds


@dataclass(frozen=True)
class Scores:
    """Everything that a hypothesis and a reference can be compared by; none where one of them lacks what it takes."""

    words: ErrorRate | None = None
    characters: ErrorRate | None = None
    diarization: DiarizationErrorRate | None = None
    jaccard: JaccardErrorRate | None = None
    speaker_words: SpeakerWordErrorRate | None = None
    speaker_accuracy: SpeakerAccuracy | None = None
    word_times: WordTimes | None = None
    calibration: tuple[Bin, ...] = ()
    rouge: Rouge | None = None
    summary: SummaryQuality | None = None
    chapters: ChapterScore | None = None


@dataclass(frozen=True)
class Interval:
    """An estimate over recordings, weighted by length, with its bootstrap interval."""

    value: float
    low: float
    high: float
    files: int
    confidence: float = 0.95


@dataclass(frozen=True)
class FileResult:
    """What became of one recording of an evaluation. `error` says why there are no scores.

    `fell_short` tells that its summary is not by the engine that was asked for, which failed.
    `speaker_count` has how many there are and how many were found, where nothing else is known of the speakers.
    """

    file: str
    group: str
    duration_s: Seconds = 0.0
    elapsed_s: Seconds = 0.0
    error: str | None = None
    scores: Scores = field(default_factory=Scores)
    speaker_count: tuple[int, int] | None = None
    reference_turns: tuple[Turn, ...] = ()
    hypothesis_turns: tuple[Turn, ...] = ()
    timings: Mapping[str, Seconds] = field(default_factory=dict)
    dropped_s: Seconds = 0.0
    warnings: tuple[str, ...] = ()
    fell_short: bool = False


@dataclass(frozen=True)
class Machine:
    """Where something was measured."""

    system: str
    processor: str
    cores: int
    memory_gib: float
    python: str
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """A run over a dataset: every recording's scores, and the totals with their intervals.

    `totals` has those of `wer`, `cer`, `der`, `missed`, `false_alarm`, `confusion`, `jer`, `cpwer`, `speaker_accuracy`,
    `near_change_accuracy`, `speaker_count_right`, `pk`, `window_diff` and `real_time_factor` that the references allow;
    `groups` has the same for each kind of recording.
    """

    name: str
    made: str
    machine: Machine
    options: Mapping[str, str]
    normaliser: str
    files: tuple[FileResult, ...]
    totals: Mapping[str, Interval] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One measure of two runs over the recordings that both have: new less old, with its paired bootstrap.

    `p_value` is two-sided: how often a difference of this size comes about where there is none. `better` and `worse`
    name the recordings that changed, those that changed most first.
    """

    measure: str
    old: float
    new: float
    low: float
    high: float
    p_value: float
    files: int
    better: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two evaluations side by side; recordings that only one of them has are named."""

    old: str
    new: str
    differences: tuple[Difference, ...]
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()
