"""Conversations joined from real recordings of single speakers, with their exact truth.

Real voices and real words in made-up company: easier than a meeting, but there is no doubt about who speaks when.

A name must stand for one person throughout. To measure on people that nothing was trained on, leave the others out of
the items: those of the built-in embedder are in `engines/data/voice_points.npz`, under `readers`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.errors import AudioError, OptionError, SourceError, TranscriptError
from earwitness.evaluation import datasets
from earwitness.evaluation.datasets import Item, base, librispeech, manifest
from earwitness.evaluation.synth.episode import Episode
from earwitness.evaluation.synth.pieces import TURN_S, Piece, pieces
from earwitness.evaluation.truth import Truth, Utterance
from earwitness.source import printable
from earwitness.types import Coverage, EngineInfo, Seconds, Segment, SourceInfo, Speaker, Transcript, Turn
from earwitness.units import short_clock, to_samples, to_seconds

if TYPE_CHECKING:
    from earwitness.types import FloatArray

KINDS = frozenset({"asr", "speaker"})
"""The kinds of row that are recordings of one person."""
NOBODY = "unknown"
"""This name stands for anybody."""

PAUSE_S = (0.15, 0.7)
OVERLAP_S = (0.3, 1.5)
LOUDNESS_DB = -24.0
"""Root mean square of a turn, in dB of full scale; every turn is off by up to `LOUDNESS_SPREAD_DB`."""
LOUDNESS_SPREAD_DB = 1.5
NOISE_DB = LOUDNESS_DB - 55
"""Noise of the room: digital silence between the turns would give them away."""
NOISE_BLOCK = to_samples(60.0)
PEAK = 0.99
"""Nothing is louder: full scale itself is one step too much for 16 bits."""

FADE_S = 0.005
"""Where a turn has been cut out of speech, its ends fade in this time."""
MAX_S = 24 * 3600.0


def load(place: str) -> tuple[Item, ...]:
    """The recordings of one speaker each in a manifest or a folder of LibriSpeech; their truth names the speaker.

    Of a manifest these are the rows of kind `asr`, `speaker` or none with exactly one name in `speakers`; the columns
    are those of `earwitness.evaluation.datasets.manifest`. What is said is in `reference_text`, where that is known.

    Raises:
        SourceError: there is no such file, or no recording of one speaker in it.
        TranscriptError: a row cannot be read; its number is named.
    """
    if manifest.accepts(place):
        path = Path(place)
        items = tuple(_rows(path / manifest.FILE_NAME if path.is_dir() else path))
    else:
        _, items = datasets.load(place)
        if librispeech.accepts(place):
            items = tuple(_by(item.name.partition("-")[0], item) for item in items)
    if not readers(items):
        raise SourceError(
            f"{printable(place)}: no recording of one speaker; give rows with a `file` and one name in `speakers`"
        )
    return items


def _rows(path: Path) -> Iterator[Item]:
    for number, line in base.lines(path):
        where = f"{path.name} line {number}"
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TranscriptError(f"{where}: not JSON ({error}); correct it") from error
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            raise TranscriptError(f"{where}: not an object with a `file`; correct it")
        names, text, duration_s = (row.get(column) for column in ("speakers", "reference_text", "duration_s"))
        if (kind := row.get("kind") or "asr") in KINDS and isinstance(names, list) and len(names) == 1:
            if not isinstance(text, str | None) or not isinstance(duration_s, int | float | None):
                raise TranscriptError(f"{where}: its reference_text or duration_s is something else; correct it")
            known = Truth(row["file"], text=text, duration=duration_s, language=row.get("language"))
            recording = str(path.absolute().parent / row["file"])
            yield _by(str(names[0]), Item(row["file"], kind, recording, known, speakers=1))


def _by(reader: str, item: Item) -> Item:
    said = Utterance(item.truth.text or "", reader)
    return replace(item, truth=replace(item.truth, utterances=(said,)))


def readers(items: Sequence[Item]) -> dict[str, tuple[Item, ...]]:
    """The people in recordings of one speaker each, by name, and what they say: every text once.

    Recordings whose truth names nobody, or several people, are left out, and so is everybody who is called "unknown".
    """
    found: defaultdict[str, dict[str, Item]] = defaultdict(dict)
    for item in sorted(items, key=lambda item: item.name):
        names = {said.speaker for said in item.truth.utterances or ()}
        if item.error is None and len(names) == 1 and (name := names.pop()) and name.casefold() != NOBODY:
            found[name].setdefault((item.truth.text or item.name).casefold(), item)
    return {name: tuple(found[name].values()) for name in sorted(found)}


def conversation(
    items: Sequence[Item],
    *,
    speakers: int,
    duration_s: Seconds,
    seed: int,
    overlap_share: float = 0.0,
    turn_s: tuple[Seconds, Seconds] = TURN_S,
) -> Episode:
    """Lets some of the people in `items` talk in turn, about as loud as one another, in a quiet room.

    Everybody speaks before anybody speaks again, nobody twice in a row (unless alone), and nobody says anything twice:
    where they run out of recordings the conversation ends early, and a warning in the truth says so. People who have
    enough to say for their part of it are drawn first. Recordings with a text stay whole, so that the text is exact;
    where some have one, the others are left out. Those without are cut into turns.

    In the truth, every turn is a segment from the beginning of its speech to the end, with its text and without words.
    The truth's `turns` leave out pauses of more than 0.5 s within it, as references of diarization do.
    Speech is told from silence by its energy: to about a frame (0.02 s), in noisy recordings to a tenth of a second.
    The same arguments give the same conversation.

    Args:
        items: recordings of one speaker each, with the speaker's name in `truth.utterances`: see `load`.
        speakers: how many people, 1 or more.
        duration_s: it ends with the turn that reaches this, once everybody has spoken.
        overlap_share: share of the changes of speaker (0 to 1) at which the next one begins 0.3 to 1.5 s too early,
            but never talks over more than half of a turn.
        turn_s: about how long the shortest and the longest turns are that recordings without a text are cut into.

    Raises:
        OptionError: an option is out of its range, or there are fewer people in `items` than `speakers`.
        SourceError, AudioError: a recording is missing, cannot be decoded or is silent.
    """
    if not 0 < duration_s <= MAX_S:  # also true of NaN
        raise OptionError(f"duration_s must lie between 0 and {MAX_S:g}, not {duration_s:g}")
    if not 0 <= overlap_share <= 1:
        raise OptionError(f"overlap_share must lie between 0 and 1, not {overlap_share:g}")
    if seed < 0:
        raise OptionError(f"seed must not be negative, but is {seed}")
    rng = np.random.default_rng(seed)
    company = _company(items, speakers, duration_s, rng)
    placed: list[_Placed] = []
    for piece in _talk(company, rng, turn_s):
        placed.append(_place(piece, placed[-1] if placed else None, overlap_share, rng))
        if placed[-1].end >= to_samples(duration_s) and len({turn.piece.reader for turn in placed}) == speakers:
            break
    samples = _mixed(placed, rng)
    languages = {item.truth.language or "und" for heard in company.values() for item in heard}
    language = languages.pop() if len(languages) == 1 else "und"
    return Episode(samples, _truth(placed, f"conversation-{seed}", language, to_seconds(len(samples)), duration_s))


def joined(said: Iterable[Piece], name: str, rng: np.random.Generator) -> Episode:
    """Pieces one after another, as they come, with the loudness, pauses, room and truth of a `conversation`."""
    placed: list[_Placed] = []
    for piece in said:
        placed.append(_place(piece, placed[-1] if placed else None, 0.0, rng))
    samples = _mixed(placed, rng)
    return Episode(samples, _truth(placed, name, "und", to_seconds(len(samples)), 0.0))


# Who says what --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Placed:
    """A piece whose speech begins at sample `start` of the conversation."""

    piece: Piece
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.piece.speech)


def _company(
    items: Sequence[Item], speakers: int, duration_s: Seconds, rng: np.random.Generator
) -> dict[str, tuple[Item, ...]]:
    """The people who are drawn, with their recordings in an order that is drawn, too."""
    if speakers < 1:
        raise OptionError(f"speakers must be 1 or more, not {speakers}")
    told = [item for item in items if item.truth.text]
    known = readers(told or items)
    if len(known) < speakers:
        named = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
        with_text = " that have a text" if told else ""
        raise OptionError(
            f"speakers is {speakers}, but the recordings{with_text} are of {len(known)}"
            f" {'person' if len(known) == 1 else 'people'} ({named}); ask for fewer, or give recordings of more"
        )
    seconds = {name: sum(item.truth.duration or inf for item in said) for name, said in known.items()}
    able = [name for name in known if seconds[name] >= duration_s / speakers]
    if len(able) < speakers:
        able = sorted(known, key=lambda name: -seconds[name])[:speakers]
    names = [str(name) for name in rng.permutation(able)[:speakers]]
    return {name: tuple(known[name][place] for place in rng.permutation(len(known[name]))) for name in names}


def _talk(
    company: Mapping[str, Sequence[Item]], rng: np.random.Generator, turn_s: tuple[Seconds, Seconds]
) -> Iterator[Piece]:
    """Pieces by ever other people, until only one has something left to say."""
    stock = {name: pieces(name, items, rng, turn_s) for name, items in company.items()}
    waiting, last = set(company), ""
    while able := [name for name in stock if name in (waiting or stock) and (name != last or len(company) == 1)]:
        name = str(rng.choice(able))
        piece = next(stock[name], None)
        if piece is not None:
            waiting.discard(name)
            last = name
            yield piece
        elif name in waiting:
            raise AudioError(f"{company[name][0].name}: silent, like all recordings of {name}; leave them out")
        else:
            del stock[name]


# How it sounds --------------------------------------------------------------------------------------------------------


def _place(piece: Piece, last: _Placed | None, overlap_share: float, rng: np.random.Generator) -> _Placed:
    too_early = rng.random() < overlap_share
    pause = to_samples(rng.uniform(*PAUSE_S))
    if last is None or last.piece.reader == piece.reader or not too_early:
        return _Placed(piece, (last.end if last else 0) + pause)
    most = min(len(last.piece.speech), len(piece.speech)) // 2
    return _Placed(piece, last.end - min(most, to_samples(rng.uniform(*OVERLAP_S))))


def _mixed(placed: Sequence[_Placed], rng: np.random.Generator) -> FloatArray:
    """The conversation, float32 in [-1, 1], with a pause after it."""
    samples = np.zeros(placed[-1].end + to_samples(PAUSE_S[1]), np.float32)
    for turn in placed:
        first = turn.start - turn.piece.before
        samples[first : first + len(turn.piece.samples)] += _levelled(turn.piece, rng)
    # In place, and a minute at a time: of ten hours every copy takes 2.3 GB.
    for first in range(0, len(samples), NOISE_BLOCK):
        part = samples[first : first + NOISE_BLOCK]
        part += np.float32(10 ** (NOISE_DB / 20)) * rng.standard_normal(len(part), np.float32)
    samples *= np.float32(min(1.0, PEAK / max(float(samples.max()), -float(samples.min()))))
    return samples


def _levelled(piece: Piece, rng: np.random.Generator) -> FloatArray:
    """The piece at the conversation's loudness, with its ends faded."""
    level_db = LOUDNESS_DB + rng.uniform(-LOUDNESS_SPREAD_DB, LOUDNESS_SPREAD_DB)
    levelled = piece.samples * np.float32(10 ** (level_db / 20) / np.sqrt(np.mean(piece.speech**2)))
    rise, fall = (min(len(levelled), max(margin, to_samples(FADE_S))) for margin in (piece.before, piece.after))
    levelled[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    levelled[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)
    return levelled


# What is true of it ---------------------------------------------------------------------------------------------------


def _truth(placed: Sequence[_Placed], name: str, language: str, length_s: Seconds, wanted_s: Seconds) -> Transcript:
    segments = tuple(
        Segment(number, to_seconds(turn.start), to_seconds(turn.end), turn.piece.text, turn.piece.reader, ())
        for number, turn in enumerate(placed)
    )
    runs = [
        Turn(to_seconds(turn.start + first), to_seconds(turn.start + last), turn.piece.reader, segments=(number,))
        for number, turn in enumerate(placed)
        for first, last in turn.piece.runs
    ]
    seconds: defaultdict[str, Seconds] = defaultdict(float)
    for run in runs:
        seconds[str(run.speaker)] += run.end - run.start
    warnings: tuple[str, ...] = ()
    if segments[-1].end < wanted_s:
        warnings = (f"ends after {short_clock(length_s)}: the speakers have nothing left to say that is new",)
    return Transcript(
        source=SourceInfo(name, "", length_s),
        engine=EngineInfo("recordings", "", None, None),
        language=language,
        segments=segments,
        turns=tuple(replace(run, id=number) for number, run in enumerate(sorted(runs, key=lambda run: run.start))),
        speakers=tuple(Speaker(reader, reader, spoken_s) for reader, spoken_s in seconds.items()),
        coverage=tuple(_coverage(segments, length_s)),
        warnings=warnings,
    )


def _coverage(segments: Sequence[Segment], length_s: Seconds) -> Iterator[Coverage]:
    at = 0.0
    for segment in segments:
        if segment.start > at:
            yield Coverage(at, segment.start, "silence")
        yield Coverage(max(at, segment.start), segment.end, "transcribed")
        at = segment.end
    yield Coverage(at, length_s, "silence")
