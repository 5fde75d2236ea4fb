"""earwitness match"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from earwitness import engines
from earwitness.cli import arguments, tables
from earwitness.cli.progress import Quiet, display
from earwitness.errors import EarwitnessError, OptionError
from earwitness.options import PretrainedOptions
from earwitness.source import find
from earwitness.units import clock

if TYPE_CHECKING:
    from earwitness.engines.base import SoundTextEmbedder
    from earwitness.toolkit.matching import Pair
    from earwitness.toolkit.sound_search import Hit

HELP = """Match sounds with texts, and search recordings for a sound.

`match --audio dog.wav car.wav --text "dog barking" "car engine"` gives the probability of each text for each sound, and
of each sound for each text, by CLAP, for which the extra `models` is installed.

`match --audio theme.wav --in season1/` finds where a recording is heard again, offline and with what ships;
`match --text "theme music" --in season1/` what sounds as a text says, by CLAP. What --in names is heard once and kept
in the library; `--in library` searches all that was heard before (a folder of that name is ./library).

--json prints one object (model, scales, pairs: audio, text, similarity, text_probability, sound_probability), with
--in a list of hits: query, name, path, recording (sha256), start, end (in seconds), similarity."""

SEVERAL = ("--audio", "--text", "--in")
"""The options that take all that follows them, up to the next option."""
AUTO, BUILTIN, CLAP = "auto", "builtin", "clap"
LIBRARY = "library"
"""What is not a place but all that was heard before."""


class Match(TyperCommand):
    """A command whose options may be followed by several values each."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, repeated(args))


def repeated(given: Sequence[str]) -> list[str]:
    """Arguments with the name of an option before each of its values; one that begins with a dash follows a `=`.

    >>> repeated(["--audio", "a.wav", "-", "--text=-x", "y", "--json"])
    ['--audio', 'a.wav', '--audio', '-', '--text', '-x', '--text', 'y', '--json']

    Raises:
        OptionError: an option has no value.
    """
    found: list[str] = []
    option = ""
    for place, argument in enumerate(given):
        if not argument.startswith("-") or argument == "-":
            found += [option, argument] if option else [argument]
            continue
        name, equals, value = argument.partition("=")
        option = name if name in SEVERAL else ""
        if not option:
            found.append(argument)
        elif equals:
            found += [name, value]
        elif place + 1 == len(given) or (given[place + 1].startswith("-") and given[place + 1] != "-"):
            raise OptionError(f"{name}: no value follows it; give one or more")
    return found


def match(
    audio: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE...", help="Sounds: files, folders, URLs or -.", show_default=False),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option(metavar="TEXT...", help="What sounds may be.", show_default=False)
    ] = None,
    places: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="PLACE...", help="Search files and folders, or library.", show_default=False),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="builtin, clap, another name that `earwitness embed` knows, a folder or a hub id; auto is clap where "
            "there is text, and else builtin."
        ),
    ] = AUTO,
    limit: Annotated[int, typer.Option(min=1, help="At most so many hits for each sound or text.")] = 10,
    min_similarity: Annotated[
        float | None,
        typer.Option(min=-1, max=1, help="Only hits so alike; builtin has a bound of its own.", show_default=False),
    ] = None,
    revision: arguments.Revision = None,
    cache_dir: arguments.CacheDir = None,
    device: arguments.Device = "auto",
    dtype: arguments.Dtype = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    library: arguments.Library = None,
    quiet: arguments.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    from earwitness.library.store import Library
    from earwitness.toolkit import matching, sound_search

    audio, text, places = audio or [], text or [], places or []
    if not (audio or text) or not (places or (audio and text)):
        raise OptionError("match compares --audio with --text, or searches for either of them --in files; give two")
    options = PretrainedOptions(revision, cache_dir, offline, device, dtype, threads)
    embedder = engines.sound_embedder((CLAP if text else BUILTIN) if model == AUTO else model, options)
    asked, searched = find(audio), find([place for place in places if place != LIBRARY])
    pairs: list[list[Pair]] = []
    hits: list[Hit] = []
    try:
        with display(len(searched), quiet=quiet) as shown:
            failed = _Failures(shown)
            if not places:
                pairs = matching.compare(asked, text, matching.reading(embedder), failed)
            else:
                queries = sound_search.text_queries(text, embedder)
                queries += sound_search.sound_queries(asked, embedder, failed)
                with Library(library) as opened:
                    among = sound_search.index(
                        opened, searched, embedder, failed, report=shown.report, heard=shown.finished
                    )
                    hits = sound_search.search(
                        opened, queries, embedder, recordings=None if LIBRARY in places else among, limit=limit,
                        min_similarity=min_similarity,
                    )  # fmt: skip
    except KeyboardInterrupt:
        typer.echo("stopped; recordings that were heard to their end are kept", err=True)
        raise typer.Exit(arguments.INTERRUPTED) from None
    if places:
        _print_hits(hits, as_json=as_json)
    elif pairs:
        _print_pairs(pairs, matching.reading(embedder), as_json=as_json)
    if failed.names:
        raise typer.Exit(1)


class _Failures:
    """Says what could not be read, and remembers it."""

    def __init__(self, shown: Quiet) -> None:
        self.names: list[str] = []
        self._shown = shown

    def __call__(self, name: str, error: EarwitnessError) -> None:
        self.names.append(name)
        self._shown.say(f"error: {error}")


def _print_pairs(pairs: list[list[Pair]], embedder: SoundTextEmbedder, *, as_json: bool) -> None:
    if as_json:
        over_texts, over_sounds = embedder.scales()
        scales = {"over_texts": over_texts, "over_sounds": over_sounds}
        plain = [dataclasses.asdict(pair) for row in pairs for pair in row]
        tables.print_json({"model": embedder.model, "scales": scales, "pairs": plain})
        return
    rows = [
        (pair.audio, pair.text, *(f"{figure:.3f}" for figure in dataclasses.astuple(pair)[2:]))
        for row in pairs
        for pair in sorted(row, key=lambda pair: -pair.similarity)
    ]
    columns = ("audio", "text", "similarity", "text of this audio", "audio of this text")
    tables.print_table(columns, rows, right=columns[2:])


def _print_hits(hits: list[Hit], *, as_json: bool) -> None:
    if as_json:
        tables.print_json([dataclasses.asdict(hit) for hit in hits])
    elif hits:
        rows = [
            (hit.query, hit.name, clock(hit.start, hours=False), clock(hit.end, hours=False), f"{hit.similarity:.3f}")
            for hit in hits
        ]
        columns = ("searched", "found in", "from", "to", "similarity")
        tables.print_table(columns, rows, right=columns[2:])
    else:
        print("nothing found", file=sys.stderr)
