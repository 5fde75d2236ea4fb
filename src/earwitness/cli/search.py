"""earwitness search"""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from earwitness import engines
from earwitness.cli import arguments, tables
from earwitness.errors import ModelError
from earwitness.library.search import LIMIT, Hit

SentenceModel = Annotated[str, typer.Option(help="For --semantic: a folder or hub id; auto takes one that is here.")]

if TYPE_CHECKING:
    from rich.text import Text

    from earwitness.engines.base import SentenceEmbedder

HELP = """Find words in all transcripts of the library: episode, speaker, second.

QUERY is words that must all be there within a minute of one speaker, "phrases", AND, OR, NOT and parentheses, and
beginnings of words, as in clim*. Those that fit best come first. Nothing found is no error: exit status 0.

--semantic finds passages that mean nearly the same, with a model of sentences (`earwitness models download sentences`);
episodes that it has not read yet are read first, which takes a while.

--json prints a list of hits: episode, title, show, published, kind (speech, chapter or episode), speaker, start (in
seconds), time, snippet, marks (the places in it), score (higher is better)."""


def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", show_default=False)],
    speaker: Annotated[
        str | None, typer.Option(help="Only what somebody of this name says.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only episodes from then on, as 2024-03-15 or 2024.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many hits.")] = LIMIT,
    semantic: Annotated[
        bool, typer.Option("--semantic", help="By meaning, in whatever words: QUERY is a text or a question.")
    ] = False,
    sentence_model: SentenceModel = "auto",
    library: arguments.Library = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    from earwitness.library.episodes import episodes
    from earwitness.library.meaning import search_meaning
    from earwitness.library.search import search as hits_of
    from earwitness.library.store import Library

    with Library(library) as opened:
        if semantic:
            embedder = _embedder(sentence_model)
            found = search_meaning(
                opened, " ".join(query), embedder, speaker=speaker, since=since, limit=limit, report=_report
            )
        else:
            found = hits_of(opened, " ".join(query), speaker=speaker, since=since, limit=limit)
        empty = not found and not episodes(opened)
    if as_json:
        tables.print_json([dataclasses.asdict(hit) for hit in found])
        return
    _print(found)
    if not found:
        why = f"; no episodes are kept in {opened.path} yet" if empty else ""
        print(f"nothing found{why}", file=sys.stderr)


def _embedder(model: str) -> SentenceEmbedder:
    found = engines.sentence_embedder(model)
    if found is None:
        raise ModelError(
            "--semantic: no model of sentences is here; run `earwitness models download sentences`, or give one with "
            "--sentence-model FOLDER"
        )
    return found


def _report(done: int, total: int) -> None:
    if done % 100 == 0:
        print(f"{done} of {total} new episodes read", file=sys.stderr)


def _print(found: tuple[Hit, ...]) -> None:
    """Hits as lines that a pipe can take apart: what belongs to one stands in two, where and what."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for hit in found:
        date = f" ({hit.published[:10]})" if hit.published else ""
        show = f"{hit.show}: " if hit.show else ""
        who = hit.speaker or hit.kind
        console.print(Text(f"{hit.episode}  {show}{hit.title}{date}  {hit.time}  {who}"), soft_wrap=True)
        console.print(
            Text("    ").append_text(_marked(hit, bold=console.is_terminal)), soft_wrap=not console.is_terminal
        )


def _marked(hit: Hit, *, bold: bool) -> Text:
    """The snippet with what was found in bold, or between asterisks where nothing is bold."""
    from rich.text import Text

    shown, reached = Text(), 0
    for start, end in hit.marks:
        found = hit.snippet[start:end]
        shown.append(hit.snippet[reached:start]).append(found if bold else f"**{found}**", "bold" if bold else "")
        reached = end
    return shown.append(hit.snippet[reached:])
