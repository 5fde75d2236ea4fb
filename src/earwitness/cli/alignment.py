"""Aligned words for people: what is deleted, inserted and put for something else, in colour or with marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from earwitness.evaluation.error_rates import aligned
from earwitness.evaluation.normalise import simple
from earwitness.evaluation.results import Step, StepKind
from earwitness.exports.reading import clean
from earwitness.types import Seconds, Word
from earwitness.units import short_clock

if TYPE_CHECKING:
    from rich.text import Text

CONTEXT_WORDS = 4
"""So many right words are shown on either side of an error."""
MAX_LINES = 100
"""So many are shown unless all words are asked for."""
STYLES: dict[StepKind, str] = {"hit": "", "deletion": "red strike", "insertion": "green underline",
                               "substitution": "yellow"}  # fmt: skip

LINE_WORDS = 16
"""A longer stretch goes on in another line, with its own time."""

Excerpt = range
"""The steps that one line shows."""


def print_alignment(steps: Sequence[Step], words: Sequence[Word], *, everything: bool) -> None:
    """The errors with a few words around them, or all of the words; each line begins with its time.

    Args:
        words: the hypothesis's, or the reference's, with their times; none where nobody knows them.
        everything: print all words, and not only those near errors.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    coloured = console.color_system is not None and not console.no_color
    found = lines([range(len(steps))] if everything else excerpts(steps))
    times = times_of(steps, words)
    console.print(_legend(coloured), soft_wrap=True)
    begun = {len(steps), *(excerpt.start for excerpt in found)}
    ended = {0, *(excerpt.stop for excerpt in found)}
    for excerpt in found if everything else found[:MAX_LINES]:
        line = Text().append(_clock(times[excerpt.start]) if words else "", "dim" if coloured else "")
        line.append("… " if excerpt.start not in ended else "")
        line.append_text(rendered(steps, excerpt, coloured=coloured))
        line.append(" …" if excerpt.stop not in begun else "")
        console.print(line, soft_wrap=not console.is_terminal)  # in a pipe, what belongs together stays in one line
    if not everything and len(found) > MAX_LINES:
        print(f"and {len(found) - MAX_LINES} more lines; --alignment all shows all words")


def excerpts(steps: Sequence[Step]) -> list[Excerpt]:
    """The stretches of an alignment that hold its errors, with `CONTEXT_WORDS` on either side; none of them touch.

    >>> words = [Step("hit", "a", "a")] * 20
    >>> excerpts([*words, Step("deletion", "b", None), *words])
    [range(16, 25)]
    """
    found: list[Excerpt] = []
    for place, step in enumerate(steps):
        if step.kind == "hit":
            continue
        start, end = max(0, place - CONTEXT_WORDS), min(len(steps), place + CONTEXT_WORDS + 1)
        if found and start <= found[-1].stop:
            found[-1] = range(found[-1].start, end)
        else:
            found.append(range(start, end))
    return found


def lines(found: Sequence[Excerpt]) -> list[Excerpt]:
    """Stretches of any length as lines of at most `LINE_WORDS` steps, about equally long.

    >>> lines([range(3), range(10, 30)])
    [range(0, 3), range(10, 20), range(20, 30)]
    """
    made: list[Excerpt] = []
    for excerpt in found:
        count = -(-len(excerpt) // LINE_WORDS)
        cuts = [excerpt.start + len(excerpt) * part // count for part in range(count + 1)]
        made += [range(start, end) for start, end in pairwise(cuts)]
    return made


def times_of(steps: Sequence[Step], words: Sequence[Word]) -> list[Seconds | None]:
    """When each step is: at the word that it stands for, else at the last one before it that is known.

    Normalised text has other words than the transcript ("$20" for "twenty dollars"), so the two are aligned.
    """
    places = [place for place, step in enumerate(steps) if step.hypothesis is not None]
    tokens = [steps[place].hypothesis or "" for place in places]
    known: dict[int, Seconds] = {}
    for token, word in aligned(tokens, [simple(word.word) for word in words]):
        if token is not None and word is not None and tokens[token] == simple(words[word].word):
            known[places[token]] = words[word].start
    times: list[Seconds | None] = []
    for place in range(len(steps)):
        times.append(known.get(place, times[-1] if times else None))
    return times


def rendered(steps: Sequence[Step], excerpt: Excerpt, *, coloured: bool) -> Text:
    """One line of an alignment: right words as they are, and errors in colour, or between marks without.

    >>> steps = [Step("hit", "a", "a"), Step("substitution", "b", "x"), Step("deletion", "c", None)]
    >>> rendered(steps, range(3), coloured=False).plain, rendered(steps, range(3), coloured=True).plain
    ('a [-b-] {+x+} [-c-]', 'a b→x c')
    """
    from rich.text import Text

    pieces: list[Text] = []
    for kind, group in groupby((steps[place] for place in excerpt), key=lambda step: step.kind):
        pieces += [Text(piece, STYLES[kind] if coloured else "") for piece in _pieces(kind, list(group), coloured)]
    return Text(" ").join(pieces)


def _clock(time: Seconds | None) -> str:
    return f"{'' if time is None else short_clock(time):>7}  "


def _pieces(kind: StepKind, steps: Sequence[Step], coloured: bool) -> Iterator[str]:
    reference = clean(" ".join(step.reference for step in steps if step.reference is not None))
    hypothesis = clean(" ".join(step.hypothesis for step in steps if step.hypothesis is not None))
    if kind == "hit":
        yield reference
    elif coloured:
        yield "→".join(filter(None, (reference, hypothesis)))
    else:
        yield from [f"[-{reference}-]"] if reference else []
        yield from [f"{{+{hypothesis}+}}"] if hypothesis else []


def _legend(coloured: bool) -> Text:
    from rich.text import Text

    if not coloured:
        return Text("[-only in the reference-] {+only in the hypothesis+}")
    kinds: dict[str, StepKind] = {
        "deleted": "deletion", "inserted": "insertion", "reference→hypothesis": "substitution"
    }  # fmt: skip
    return Text("  ").join(Text(name, STYLES[kind]) for name, kind in kinds.items())
