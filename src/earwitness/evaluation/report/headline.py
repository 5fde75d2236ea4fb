"""What the report says first: the totals with their intervals, what was measured with what, what failed, the groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from earwitness.evaluation.measures import MEASURES
from earwitness.evaluation.report.marks import (
    NOTHING,
    Cell,
    Column,
    folded,
    named,
    number,
    scored,
    section,
    spoken,
    table,
    when,
)
from earwitness.evaluation.results import Evaluation, FileResult, Interval
from earwitness.evaluation.wording import between
from earwitness.exports.frame import count, escape
from earwitness.units import short_clock

FAILURES_SHOWN = 10
"""More are folded."""

_TITLES = {
    "wer": "Word error rate",
    "cer": "Character error rate",
    "der": "Diarization error rate",
    "cpwer": "WER with speakers (cpWER)",
    "speaker_accuracy": "Words with the right speaker",
    "near_change_accuracy": "The same near a change",
    "speaker_count_right": "Number of speakers right",
    "pk": "Chapters (Pk)",
    "real_time_factor": "Speed",
}

GROUP_MEASURES = ("wer", "cer", "der", "cpwer", "speaker_accuracy", "near_change_accuracy", "real_time_factor")


def facts(evaluation: Evaluation) -> str:
    done = scored(evaluation.files)
    parts = [
        f"{len(done):,} of {count(len(evaluation.files), 'recording')} scored",
        f"{short_clock(sum(file.duration_s for file in done))} of audio",
        escape(when(evaluation.made)),
    ]
    return " · ".join(parts)


def failures(evaluation: Evaluation) -> str:
    failed = [file for file in evaluation.files if file.error]
    if not failed:
        return ""
    listed = "".join(f"<li>{named(file.file)}: {escape(_reason(file))}</li>" for file in failed)
    title = f"<b>{len(failed):,} of {count(len(evaluation.files), 'recording')} failed</b>, and no figure has them"
    if len(failed) > FAILURES_SHOWN:
        return f'<div class="warning">{folded(title, f"<ul>{listed}</ul>")}</div>'
    return f'<div class="warning"><p>{title}</p><ul>{listed}</ul></div>'


def _reason(file: FileResult) -> str:
    """Why there are no scores, without the name where it leads the line already."""
    return (file.error or "").removeprefix(f"{file.file}: ")


def totals(evaluation: Evaluation) -> str:
    """A card for every measure there is."""
    done = scored(evaluation.files)
    cards = "".join(
        _card(name, title, evaluation, done) for name, title in _TITLES.items() if name in evaluation.totals
    )
    if not cards:
        return '<p class="empty">No recording could be scored.</p>'
    return section(
        "totals",
        "In short",
        f'<ul class="cards">{cards}</ul>',
        f'<p class="note">{_explained(evaluation)}{_dropped(done)}</p>',
    )


def _explained(evaluation: Evaluation) -> str:
    confidence = max(total.confidence for total in evaluation.totals.values())
    if max(total.files for total in evaluation.totals.values()) == 1:
        return "One recording says nothing of how recordings differ, so there are no intervals."
    return (
        "Totals are weighted by length. The small range under a figure is its "
        f"{confidence:.0%} bootstrap interval over recordings.".replace("%", "\u00a0%")
    )


def _dropped(done: Sequence[FileResult]) -> str:
    seconds = sum(file.dropped_s for file in done)
    return f" {spoken(seconds)} of speech have no words in the transcripts." if seconds else ""


def _card(name: str, title: str, evaluation: Evaluation, done: Sequence[FileResult]) -> str:
    total = evaluation.totals[name]
    speed = name == "real_time_factor"
    figure, unit = (_speed(total.value), "hours per hour") if speed else (f"{100 * total.value:,.1f}", "%")
    interval = _speeds(total) if speed else between(name, total.low, total.high)
    ranged = f'<p class="range">{interval}</p>' if total.files > 1 else ""
    made_of = "".join(f"<p>{line}</p>" for line in _COUNTS[name](evaluation, done) if line)
    only = f"<p>in {total.files:,} of {count(len(done), 'recording')}</p>" if total.files < len(done) else ""
    return (
        f'<li class="card"><h3>{title}</h3><p class="figure">{figure}<span class="unit"> {unit}</span></p>'
        f"{ranged}<div>{made_of}{only}</div></li>"
    )


def _speed(factor: float) -> str:
    """Hours of audio for an hour of work."""
    return "∞" if factor <= 0 else f"{1 / factor:,.1f}" if factor > 0.01 else f"{1 / factor:,.0f}"


def _speeds(total: Interval) -> str:
    return f"{_speed(total.high)} to {_speed(total.low)}"


def _sums(name: str, done: Sequence[FileResult]) -> tuple[float, float]:
    counts = [counted for file in done if (counted := MEASURES[name].counts(file))]
    return sum(part for part, _ in counts), sum(whole for _, whole in counts)


def _word_counts(evaluation: Evaluation, done: Sequence[FileResult]) -> list[str]:
    found = [file.scores.words for file in done if file.scores.words]
    kinds = (
        (sum(rate.substitutions for rate in found), "substituted"),
        (sum(rate.deletions for rate in found), "left out"),
        (sum(rate.insertions for rate in found), "put in"),
    )
    return [_of("wer", done, "word"), ", ".join(f"{number:,} {kind}" for number, kind in kinds)]


def _of(name: str, done: Sequence[FileResult], thing: str) -> str:
    part, whole = _sums(name, done)
    return f"{part:,.0f} of {count(round(whole), thing)}"


def _speech_counts(evaluation: Evaluation, done: Sequence[FileResult]) -> list[str]:
    part, whole = _sums("der", done)
    totals = evaluation.totals
    parts = (("missed", "missed"), ("false_alarm", "false alarm"), ("confusion", "confusion"))
    return [
        f"{spoken(part)} of {spoken(whole)} of speech",
        ", ".join(f"{said} {number(name, totals[name].value)}" for name, said in parts if name in totals),
        f"JER {number('jer', totals['jer'].value)}" if "jer" in totals else "",
    ]


def _near_counts(evaluation: Evaluation, done: Sequence[FileResult]) -> list[str]:
    near = sorted({file.scores.speaker_accuracy.near_s for file in done if file.scores.speaker_accuracy})
    within = " or ".join(f"{seconds:g}" for seconds in near)
    return [f"{_of('near_change_accuracy', done, 'word')} within {within} s of a change of speaker"]


def _chapter_counts(evaluation: Evaluation, done: Sequence[FileResult]) -> list[str]:
    found = [file.scores.chapters for file in done if file.scores.chapters]
    chapters = count(sum(one.hypothesis for one in found), "chapter")
    difference = number("window_diff", evaluation.totals["window_diff"].value)
    return [f"{chapters} found of {sum(one.reference for one in found):,}", f"WindowDiff {difference}"]


def _work_counts(evaluation: Evaluation, done: Sequence[FileResult]) -> list[str]:
    work, audio = _sums("real_time_factor", done)
    factor = number("real_time_factor", evaluation.totals["real_time_factor"].value)
    return [f"{spoken(audio)} of audio in {spoken(work)}", f"real-time factor {factor}"]


_COUNTS: dict[str, Callable[[Evaluation, Sequence[FileResult]], list[str]]] = {
    "wer": _word_counts,
    "cer": lambda _, done: [_of("cer", done, "character")],
    "der": _speech_counts,
    "cpwer": lambda _, done: [_of("cpwer", done, "word")],
    "speaker_accuracy": lambda _, done: [_of("speaker_accuracy", done, "aligned word")],
    "near_change_accuracy": _near_counts,
    "speaker_count_right": lambda _, done: [_of("speaker_count_right", done, "recording")],
    "pk": _chapter_counts,
    "real_time_factor": _work_counts,
}


def measured(evaluation: Evaluation) -> str:
    """What was measured with what: enough to do it again, and to know what the figures can be compared with."""
    rows = [(name, said) for name, said in _conditions(evaluation) if said]
    listed = "".join(f"<div><dt>{name}</dt><dd>{escape(said)}</dd></div>" for name, said in rows)
    return section(
        "measured",
        "What was measured with what",
        f"<dl>{listed}</dl>",
        _all("All options", "option", evaluation.options),
        _all("Versions", "package", evaluation.machine.packages),
    )


def _all(title: str, kind: str, items: Mapping[str, str]) -> str:
    if not items:
        return ""
    columns = (Column(kind), Column("value" if kind == "option" else "version", text=True))
    return folded(f"{title} ({len(items)})", table(title, columns, sorted(items.items())))


def _conditions(evaluation: Evaluation) -> list[tuple[str, str]]:
    options, machine = evaluation.options, evaluation.machine
    voices = [file.scores.diarization for file in scored(evaluation.files) if file.scores.diarization]
    rules = dict.fromkeys(
        f"collar {found.collar_s:g} s, overlap {'left out' if found.skip_overlap else 'counted'}" for found in voices
    )
    diarizer = options.get("diarizer", "")
    told = ", told the number of speakers" if options.get("known_speakers") == "yes" else ""
    words = any(file.scores.words for file in evaluation.files)
    rewritten = "as they are" if evaluation.normaliser == "none" else f"after {evaluation.normaliser}"
    return [
        ("Words by", ", ".join(filter(None, (options.get("engine"), _prefixed("model ", options.get("model")))))),
        ("Speakers by", f"{diarizer}{told}" if diarizer else ""),
        ("Transcripts from", options.get("transcripts", "")),
        ("Words compared", rewritten if words else ""),
        ("Speakers compared", "; ".join(rules)),
        ("Machine", f"{machine.processor}, {count(machine.cores, 'core')}, {machine.memory_gib:g} GiB"),
        ("System", f"{machine.system}, Python {machine.python}"),
        ("When", when(evaluation.made)),
    ]


def _prefixed(prefix: str, text: str | None) -> str:
    return f"{prefix}{text}" if text else ""


def groups(evaluation: Evaluation) -> str:
    """The totals of each kind of recording, where there are several."""
    if len(evaluation.groups) < 2:
        return ""
    found = [name for name in GROUP_MEASURES if name in evaluation.totals]
    columns = (
        Column("group"), Column("recordings"), *(Column(MEASURES[name].title) for name in found),
    )  # fmt: skip
    rows = [
        (Cell(named(group)), _size(evaluation, group), *(_ranged(name, totals.get(name)) for name in found))
        for group, totals in evaluation.groups.items()
    ]
    return section("groups", "By group", table("Totals by group", columns, rows, sortable=True))


def _size(evaluation: Evaluation, group: str) -> Cell:
    size = sum(file.group == group for file in scored(evaluation.files))
    return Cell(f"{size:,}", size)


def _ranged(name: str, total: Interval | None) -> Cell:
    if total is None:
        return Cell(NOTHING)
    ranged = f'<span class="range">{between(name, total.low, total.high)}</span>' if total.files > 1 else ""
    return Cell(f"{number(name, total.value)}{ranged}", total.value)
