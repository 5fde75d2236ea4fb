"""earwitness speakers"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from earwitness.checkpoints import Checkpoints, default_folder
from earwitness.cli import arguments, tables
from earwitness.errors import OptionError, SourceError
from earwitness.types import Transcript
from earwitness.units import short_clock

app = typer.Typer(
    help="Keep voices under names, so that transcribe --known-voices proposes them later. They stay on this computer.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The name of a voice.", show_default=False)]


@app.command(no_args_is_help=True)
def name(
    transcript: Annotated[Path, typer.Argument(metavar="TRANSCRIPT.json", show_default=False)],
    speaker: Annotated[str, typer.Argument(help="A label such as SPEAKER_00, or 'Speaker 1'.", show_default=False)],
    who: Annotated[str, typer.Argument(metavar="NAME", help="Who that is.", show_default=False)],
    recording: Annotated[
        Path | None, typer.Option(help="The recording; looked for beside the transcript.", show_default=False)
    ] = None,
    formats: Annotated[str, typer.Option("--format", "-f", help="What to write anew with the name.")] = "json",
    library: arguments.Library = None,
) -> None:
    """Say who a speaker is: keeps the voice, and writes the transcript anew with the name.

    Only TRANSCRIPT.json is written, over itself; -f writes other exports beside it too.
    """
    from earwitness.exports import json, parse_formats, save
    from earwitness.library.naming import name_speaker, recording_of, speaker_of

    wanted = tuple(dict.fromkeys(("json", *parse_formats(formats))))
    found = json.read(transcript)
    if transcript.suffix != ".json":
        raise OptionError(f"{transcript}: a transcript to be written anew must end in .json; rename it")
    speaker_of(found, speaker)  # before a long recording is read for nothing
    kept = Checkpoints(default_folder())
    audio = recording_of(found, recording or _beside(transcript, found), kept.scratch())
    changed, own = name_speaker(library, found, audio, speaker, who)
    written = save(changed, transcript.parent, transcript.stem, wanted)
    print(f"{who} is kept, by {own.seconds:.0f} s of speech; written: {', '.join(str(path) for path in written)}")


@app.command("list")
def list_voices(
    library: arguments.Library = None, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the voices that are kept."""
    from earwitness.library import voices
    from earwitness.library.store import Library

    with Library(library) as opened:
        known, where = voices.voices(opened), opened.path
    if as_json:
        tables.print_json([dataclasses.asdict(voice) for voice in known])
    elif known:
        columns = ("name", "heard for", "episodes", "since")
        rows = [(v.name, short_clock(v.seconds), str(v.episodes), v.created.partition("T")[0]) for v in known]
        tables.print_table(columns, rows, right=("heard for", "episodes"))
    else:
        print(f"no voices are kept in {where}; `earwitness speakers name` keeps one")


@app.command(no_args_is_help=True)
def merge(
    name: Name,
    into: Annotated[str, typer.Argument(help="The name that both have from now on.", show_default=False)],
    library: arguments.Library = None,
) -> None:
    """Make one voice of two names: they are the same person."""
    from earwitness.library import voices
    from earwitness.library.store import Library

    with Library(library) as opened:
        voices.merge(opened, name, into)
    print(f"{name} is {into} now")


@app.command(no_args_is_help=True)
def forget(name: Name, library: arguments.Library = None) -> None:
    """Remove a voice from the library. Transcripts keep the names that they have."""
    from earwitness.library import voices
    from earwitness.library.store import Library

    with Library(library) as opened:
        count = voices.forget(opened, name)
    print(f"{name} is forgotten: {count} print{'' if count == 1 else 's'} removed")


def _beside(path: Path, transcript: Transcript) -> Path:
    """The recording by its name, beside the transcript or in the current folder."""
    for folder in (path.parent, Path()):
        if (folder / transcript.source.name).is_file():
            return folder / transcript.source.name
    raise SourceError(f"{transcript.source.name}: not beside {path} nor here; say where it is with --recording FILE")
