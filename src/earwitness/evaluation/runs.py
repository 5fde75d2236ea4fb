"""A dataset through the pipeline, or transcripts that are there already, each scored against its truth.

`evaluate` is all of it. `results` gives a recording at a time and `summed_up` makes an evaluation of those there are,
so that one that is stopped still says what it found.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from earwitness import pipeline, source
from earwitness.batch import Report
from earwitness.checkpoints import Checkpoints
from earwitness.errors import EarwitnessError, ExtraError, OptionError, TranscriptError
from earwitness.evaluation import measures
from earwitness.evaluation import truth as truths
from earwitness.evaluation.datasets import Item, outside
from earwitness.evaluation.machine import machine
from earwitness.evaluation.results import Evaluation, FileResult, Scores, Step
from earwitness.evaluation.scoring import notes, score
from earwitness.evaluation.truth import Truth, Utterance
from earwitness.options import Options
from earwitness.pipeline import Engines
from earwitness.source import Reference
from earwitness.summaries import fell_short
from earwitness.types import Seconds, Turn, Word
from earwitness.units import rounded

TRANSCRIPT_SUFFIXES = (".json", ".rttm", ".stm", ".srt", ".vtt", ".txt")
"""What a recording's earlier transcript may be, what tells most first."""
CONTEXT_STEPS = 3
"""So many words that are right are kept on either side of a wrong one, for people to find the place."""
MAX_STEPS = 5000
"""So many steps of an alignment are kept of each recording: hours of audio have tens of thousands."""
ALWAYS_TOLD = (
    "engine",
    "model",
    "device",
    "compute_type",
    "threads",
    "language",
    "beam_size",
    "batch_size",
    "diarizer",
)
"""Options that an evaluation names though they be the defaults, which may change."""
ANYTHING = Truth("", "a", (Utterance("a", "A", 0.0, 1.0),), (Word("a", 0.0, 1.0, 1.0, "A"),), (Turn(0.0, 1.0, "A"),))
"""What is scored against itself to see whether scoring works."""


@dataclass(frozen=True)
class Plan:
    """What is evaluated, and how.

    With `transcripts`, a folder, `STEM.json` there is scored (or `.rttm`, `.stm`, `.srt`, `.vtt`, `.txt`), where STEM
    is what `earwitness transcribe` would call the recording's outputs, and nothing is transcribed.
    """

    name: str
    items: tuple[Item, ...]
    options: Options
    engines: Engines | None = None
    checkpoints: Checkpoints = field(default_factory=lambda: Checkpoints(None))
    normaliser: str = "auto"
    collar_s: Seconds = 0.0
    skip_overlap: bool = False
    known_speakers: bool = False
    """Whether the diarizer is told how many speakers there are."""
    transcripts: Path | None = None


def evaluate(
    items: Sequence[Item],
    options: Options,
    *,
    name: str,
    engines: Engines | None = None,
    checkpoints: Checkpoints | None = None,
    normaliser: str = "auto",
    collar_s: Seconds = 0.0,
    skip_overlap: bool = False,
    known_speakers: bool = False,
    transcripts: Path | None = None,
    progress: Report | None = None,
) -> Evaluation:
    """Transcribes the items of a dataset and scores each and all; what fails is in its result and stops no other.

    Args:
        items: of `datasets.load`; those that are another encoding of one that counts are left out.
        name: what the evaluation is called, mostly the dataset's name.
        engines: to use instead of those that `options` name.
        checkpoints: where results of stages are kept, so that nothing is transcribed twice; by default nowhere.
        normaliser, collar_s, skip_overlap: as `scoring.score` has them.
        known_speakers: tell the diarizer how many speakers the truth has.
        transcripts: score the transcripts in this folder instead; see `Plan`.
        progress: called with a recording, a stage, and how much it has done of how much.

    Raises:
        OptionError, ModelError: no recording could be transcribed or scored with these options.
    """
    plan = Plan(
        name,
        tuple(items),
        options,
        engines if engines or transcripts else Engines(options),
        checkpoints or Checkpoints(None),
        normaliser,
        collar_s,
        skip_overlap,
        known_speakers,
        transcripts,
    )
    return summed_up(plan, list(results(plan, progress)))


def results(plan: Plan, progress: Report | None = None) -> Iterator[FileResult]:
    """What became of each recording of a plan, as it is reached, in their order.

    Raises:
        OptionError, ModelError: no recording could be transcribed or scored with these options.
    """
    # What is missing or wrong for all of them is known before hours of work.
    _scores(plan, ANYTHING, ANYTHING)
    if plan.engines:
        plan.engines.recognizer.identity()
    counted = [item for item in plan.items if item.counted]
    references, all_references = _found(counted), _found(plan.items)
    for item in counted:
        reference = references.get(item.recording) or source.find([item.recording])[0]
        # What transcribed the others, too, had to tell more recordings apart.
        stems = dict.fromkeys([all_references.get(item.recording, reference).stem, reference.stem])
        yield _result(plan, item, reference, tuple(stems), progress)


def _found(items: Sequence[Item]) -> dict[str, Reference]:
    return {reference.argument: reference for reference in source.find([item.recording for item in items])}


def summed_up(plan: Plan, files: Sequence[FileResult]) -> Evaluation:
    """The evaluation that these results make."""
    used = dict.fromkeys(file.scores.words.normaliser for file in files if file.scores.words)
    return Evaluation(
        name=plan.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        options=_described(plan),
        normaliser=", ".join(used) or plan.normaliser,
        files=tuple(files),
        totals=measures.totals(files),
        groups=measures.by_group(files),
    )


@dataclass(frozen=True)
class _Heard:
    """A recording's transcript, and what it took."""

    said: Truth
    elapsed_s: Seconds = 0.0
    fell_short: bool = False


def _result(plan: Plan, item: Item, reference: Reference, stems: Sequence[str], progress: Report | None) -> FileResult:
    failed = FileResult(item.name, item.group, item.truth.duration or 0.0)
    try:
        if item.error:
            return replace(failed, error=item.error)
        if plan.transcripts:
            heard = _Heard(_written(plan.transcripts, item, stems))
        else:
            heard = _heard(plan, item, reference, progress)
        scores = _scores(plan, item.truth, outside(heard.said, item.ignored))
    except (ExtraError, OptionError):
        raise  # would be so with every recording
    except EarwitnessError as problem:
        return replace(failed, error=str(problem))
    except MemoryError:
        return replace(failed, error=f"{item.name}: out of memory; try a smaller --batch-size")
    return _filled(failed, item, heard, scores)


def _scores(plan: Plan, truth: Truth, said: Truth) -> Scores:
    return score(
        truth, said, normaliser=plan.normaliser, collar_s=plan.collar_s, skip_overlap=plan.skip_overlap, steps=True
    )


def _filled(result: FileResult, item: Item, heard: _Heard, scores: Scores) -> FileResult:
    truth, transcript = item.truth, heard.said.transcript
    found = {turn.speaker for turn in heard.said.turns or ()} - {None}
    result = replace(
        result,
        duration_s=rounded(heard.said.duration or result.duration_s),
        elapsed_s=rounded(heard.elapsed_s),
        scores=_readable(scores),
        speaker_count=None if item.speakers is None or truth.turns else (item.speakers, len(found)),
        reference_turns=_bare(truth.turns),
        hypothesis_turns=_bare(heard.said.turns),
        warnings=notes(truth, heard.said, scores),
    )
    if transcript is None:
        return result
    return replace(
        result,
        timings={stage: round(seconds, 6) for stage, seconds in transcript.timings.items()},
        dropped_s=rounded(sum(span.end - span.start for span in transcript.coverage if span.kind == "dropped")),
        warnings=(*transcript.warnings, *result.warnings),
        fell_short=heard.fell_short,
    )


def _heard(plan: Plan, item: Item, reference: Reference, progress: Report | None) -> _Heard:
    assert plan.engines
    began = time.perf_counter()
    fetched = (lambda done, total: progress(item.name, "source", done, total or 0)) if progress else None
    staged = (lambda stage, done, total: progress(item.name, stage, done, total)) if progress else None
    found = source.fetch(reference, plan.options.source, plan.checkpoints.scratch(), fetched)
    try:
        transcript = pipeline.run(found, _told(plan, item), plan.engines, checkpoints=plan.checkpoints, progress=staged)
    finally:
        found.discard()
    elapsed_s = time.perf_counter() - began
    short = fell_short(transcript, plan.engines.summarizer, plan.engines.sentences)
    return _Heard(truths.of_transcript(transcript, name=item.name), elapsed_s, short)


def _told(plan: Plan, item: Item) -> Options:
    if not plan.known_speakers:
        return plan.options
    named = {turn.speaker for turn in item.truth.turns or () if turn.speaker is not None}
    known = item.speakers or len(named) or None
    return replace(plan.options, speakers=replace(plan.options.speakers, speakers=known))


def _written(folder: Path, item: Item, stems: Sequence[str]) -> Truth:
    for path in (folder / f"{stem}{suffix}" for stem in stems for suffix in TRANSCRIPT_SUFFIXES):
        if path.is_file():
            return truths.read(path)
    raise TranscriptError(f"{item.name}: {folder} has no transcript of it; put {stems[0]}.json there")


def _described(plan: Plan) -> dict[str, str]:
    """What to repeat to get the same numbers: the options of the command, by their names."""
    scoring = {"collar_s": f"{plan.collar_s:g}", "skip_overlap": _text(plan.skip_overlap)}
    if plan.transcripts:
        return {"transcripts": str(plan.transcripts), **scoring}
    stages = (plan.options.model, plan.options.words, plan.options.speakers, plan.options.summary)
    given = {
        option.name: _text(getattr(stage, option.name))
        for stage in stages
        for option in dataclasses.fields(stage)
        if option.name in ALWAYS_TOLD or getattr(stage, option.name) != option.default
    }
    made = {"known_speakers": _text(plan.known_speakers)}
    if plan.engines:
        made |= {"engine": plan.engines.recognizer.name, "model": plan.engines.recognizer.model}
        made |= {"diarizer": plan.engines.tells_voices.name if plan.engines.tells_voices else "none"}
    return {**given, **made, **scoring}


def _text(value: object) -> str:
    return "auto" if value is None else "yes" if value is True else "no" if value is False else str(value)


def _bare(turns: Sequence[Turn] | None) -> tuple[Turn, ...]:
    """Turns as a timeline needs them."""
    return tuple(Turn(rounded(turn.start), rounded(turn.end), turn.speaker) for turn in turns or ())


def _readable(scores: Scores) -> Scores:
    """Scores whose alignment is what people look at: the errors with a few words around them."""
    words = scores.words and replace(scores.words, steps=_around_errors(scores.words.steps))
    return replace(scores, words=words, characters=scores.characters and replace(scores.characters, steps=()))


def _around_errors(steps: Sequence[Step]) -> tuple[Step, ...]:
    wrong = [index for index, step in enumerate(steps) if step.kind != "hit"]
    near = {at for index in wrong for at in range(index - CONTEXT_STEPS, index + CONTEXT_STEPS + 1)}
    return tuple(step for index, step in enumerate(steps) if index in near)[:MAX_STEPS]
