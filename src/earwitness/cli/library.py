"""earwitness library"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness.cli import arguments, tables
from earwitness.errors import OptionError
from earwitness.types import Seconds
from earwitness.units import short_clock

if TYPE_CHECKING:
    from earwitness.library.corrections import Correction
    from earwitness.library.episodes import Episode
    from earwitness.types import Transcript

app = typer.Typer(
    help="See, export, correct and remove the transcripts that are kept. They stay on this computer.",
    no_args_is_help=True,
)

Which = Annotated[
    str,
    typer.Argument(
        metavar="EPISODE", help="Its number, file name, title, or the beginning of its sha256.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_episodes(library: arguments.Library = None, as_json: AsJson = False) -> None:
    """List the episodes, the newest first."""
    from earwitness.library.episodes import episodes
    from earwitness.library.store import Library

    with Library(library) as opened:
        known, where = episodes(opened), opened.path
    if as_json:
        tables.print_json([dataclasses.asdict(one) for one in known])
    elif known:
        columns = ("number", "show", "title", "date", "length", "words")
        tables.print_table(columns, [_row(one) for one in known], right=("number", "length", "words"))
    else:
        print(f"no episodes are kept in {where}; `earwitness transcribe` keeps them")


@app.command(no_args_is_help=True)
def show(episode: Which, library: arguments.Library = None, as_json: AsJson = False) -> None:
    """Show what is known of an episode: speakers, chapters, summary, corrections."""
    from earwitness.library import episodes
    from earwitness.library.overlay import corrected
    from earwitness.library.store import Library

    with Library(library) as opened:
        found = episodes.episode(opened, episode)
        made = episodes.corrections(opened, found.recording)
        transcript, unfit = corrected(episodes.raw_transcript_of(opened, found.id), made)
    if as_json:
        tables.print_json(_plain(found, transcript, made, unfit))
    else:
        _print(found, transcript, made, unfit)


@app.command(no_args_is_help=True)
def export(
    episode: Which,
    formats: arguments.Formats = "all",
    output_dir: arguments.OutputDir = Path(),
    library: arguments.Library = None,
) -> None:
    """Write an episode's exports, with its corrections."""
    from earwitness.exports import parse_formats, save
    from earwitness.library.episodes import episode as episode_of
    from earwitness.library.episodes import transcript_of
    from earwitness.library.store import Library
    from earwitness.source import safe_stem

    wanted = parse_formats(formats)
    with Library(library) as opened:
        found = episode_of(opened, episode)
        transcript = transcript_of(opened, found.id)
    for path in save(transcript, output_dir, safe_stem(PurePosixPath(found.name).stem), wanted):
        print(path)


@app.command(no_args_is_help=True)
def correct(
    episode: Which,
    edited: Annotated[
        Path | None, typer.Argument(metavar="EDITED.json", help="Its transcript as it shall be.", show_default=False)
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="About when, as 1:23.4.", show_default=False)] = None,
    before: Annotated[str | None, typer.Option("--from", help="The words that are wrong.", show_default=False)] = None,
    after: Annotated[str | None, typer.Option("--to", help="What was said.", show_default=False)] = None,
    library: arguments.Library = None,
) -> None:
    """Set an episode right: by an edited transcript, or one place with --at, --from and --to.

    Corrections are kept beside the transcript, and applied to it and to a later one of the same recording.

    What counts of EDITED.json: the text, speaker and end of each segment, and the names of the speakers.
    """
    from earwitness.exports.json import read
    from earwitness.library import episodes
    from earwitness.library.corrections import unfitting
    from earwitness.library.edits import differences, text_at
    from earwitness.library.store import Library

    place = (at, before, after)
    if (edited is None) == (at is None) or (at is not None and None in place) or (at is None and place != (None,) * 3):
        raise OptionError("give either an edited transcript, or --at, --from and --to")
    with Library(library) as opened:
        found = episodes.episode(opened, episode)
        transcript = episodes.transcript_of(opened, found.id)
        wanted = read(edited) if edited else None
        if wanted:
            made = differences(transcript, wanted)
        else:
            made = (text_at(transcript, _seconds(at or ""), before or "", after or ""),)
        unfit = episodes.correct(opened, found.recording, made)
        left = differences(episodes.transcript_of(opened, found.id), wanted) if wanted else ()
    counts = {kind: sum(one.kind == kind for one in made) for kind in ("text", "speaker", "name", "boundary")}
    told = ", ".join(f"{count} of {kind}" for kind, count in counts.items() if count)
    print(f"{found.title}: corrected ({told})" if made else f"{found.title}: nothing to correct; it says the same")
    if left:
        print(f"still different from {edited} in {len(left)} places, the first at {short_clock(left[0].start)}")
    if unfit:
        print(unfitting(unfit))
    if left or unfit:
        raise typer.Exit(1)


@app.command(no_args_is_help=True)
def remove(episode: Which, library: arguments.Library = None) -> None:
    """Remove an episode with its corrections, or what `match` keeps of a recording. Files that were exported stay."""
    from earwitness.library import episodes, sounds
    from earwitness.library.store import Library

    with Library(library) as opened:
        try:
            found = episodes.episode(opened, episode)
        except OptionError:
            title = sounds.forget(opened, episode)
            if title is None:
                raise
        else:
            title = found.title
            episodes.remove(opened, found.id)
    print(f"{title} is removed")


def _row(one: Episode) -> tuple[str, ...]:
    date = (one.published or one.added)[:10]
    return (str(one.id), one.show or "", one.title, date, short_clock(one.seconds), f"{one.words:,}")


def _plain(
    found: Episode, transcript: Transcript, made: tuple[Correction, ...], unfit: tuple[Correction, ...]
) -> dict[str, Any]:
    from earwitness.values import to_plain

    parts = {
        name: to_plain(getattr(transcript, name))
        for name in ("speakers", "chapters", "summary", "keywords", "warnings")
    }
    corrections = [{**to_plain(one), "fits": one not in unfit} for one in made]
    return {**dataclasses.asdict(found), **parts, "corrections": corrections}


def _print(found: Episode, transcript: Transcript, made: tuple[Correction, ...], unfit: tuple[Correction, ...]) -> None:
    from earwitness.exports.reading import clean, introduced, made_by, talk_shares
    from earwitness.library.corrections import unfitting

    print(clean(found.title))
    date = f"published {found.published[:10]}" if found.published else f"kept {found.added[:10]}"
    facts = (found.show, date, short_clock(found.seconds), f"{found.words:,} words", found.language)
    print(clean(" · ".join(filter(None, facts))))
    print(clean(f"{found.name} · sha256 {found.recording[:12]} · {made_by(transcript)}"))
    if made:
        print(f"{len(made)} correction{'' if len(made) == 1 else 's'}")
    for line in (*transcript.warnings, *([unfitting(unfit)] if unfit else [])):
        print(f"note: {clean(line)}")
    if transcript.speakers:
        print("\nSpeakers")
        for speaker, share in talk_shares(transcript):
            print(f"  {share:4.0%}  {introduced(speaker)}")
    if transcript.chapters:
        print("\nChapters")
        for chapter in transcript.chapters:
            print(f"  {short_clock(chapter.start):>7}  {clean(chapter.title)}")
    if transcript.summary and transcript.summary.sentences:
        print("\nSummary")
        for sentence in transcript.summary.sentences:
            print(f"  {clean(sentence.text)}" + (" (unsupported)" if sentence.unsupported else ""))


def _seconds(text: str) -> Seconds:
    """A time as people write it.

    >>> _seconds("1:23.4"), _seconds("1:00:00"), _seconds("83.4")
    (83.4, 3600.0, 83.4)
    """
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text):
        raise OptionError(f"--at {text}: no time; give one as 1:23.4 or 83.4")
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
