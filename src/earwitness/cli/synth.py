"""earwitness synth"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from earwitness.cli import arguments
from earwitness.errors import OptionError, SourceError
from earwitness.evaluation.synth import episode, podcast
from earwitness.evaluation.synth.script import Script, parse
from earwitness.types import Progress, Seconds, Transcript
from earwitness.units import short_clock

HELP = r"""Make a recording whose truth is known: who says what, and when, to the millisecond.

SCRIPT is a text with lines such as "Host: Welcome.", spoken by espeak-ng (pip install 'earwitness\[tts]'). Without one,
--hours makes up talk of that length, and --from-recordings joins recordings of single speakers into a conversation.

In a script "## Title" begins a chapter and "# ..." is a comment. Directives have a line of their own:
\[voice Host en-us+f4 rate=165 pitch=55 gain=-1], \[pause 1.2], \[overlap 0.8], \[gain Guest -6], \[telephone Guest],
\[room 0.4], \[noise -50], \[music -30], \[music off].

Beside the sound lie STEM.rttm (who speaks when) and STEM.json (the transcript). The same seed gives the same files."""

SPEAKERS = 2
CONVERSATION_HOURS = 0.1
LINE_EVERY_S, BAR_EVERY_S = 10.0, 0.2


def synth(
    script: Annotated[Path | None, typer.Argument(metavar="SCRIPT", show_default=False)] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="What to write, .flac or .wav; by default named after what it is made of, here.",
            show_default=False,
        ),
    ] = None,
    hours: Annotated[float | None, typer.Option(help="Make up so many hours of talk.", show_default=False)] = None,
    from_recordings: Annotated[
        str | None,
        typer.Option(
            metavar="MANIFEST",
            help="Join recordings of one speaker each: a manifest.jsonl, or a folder of LibriSpeech.",
            show_default=False,
        ),
    ] = None,
    speakers: Annotated[
        int | None,
        typer.Option(min=1, help=f"How many speak, where no script says so; else {SPEAKERS}.", show_default=False),
    ] = None,
    music: Annotated[
        float | None,
        typer.Option(
            metavar="DB", help="With --hours: music under it all, so much softer than speech.", show_default=False
        ),
    ] = None,
    pauses: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="With --hours: pauses of up to so long now and then.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one gives another recording.")] = 0,
    quiet: arguments.Quiet = False,
) -> None:
    _require_one(script, hours, from_recordings, speakers)
    if (music is not None or pauses is not None) and (hours is None or from_recordings is not None):
        raise OptionError("--music and --pauses are for talk made up by --hours; a script has [music] and [pause]")
    output = output or _named_after(script, from_recordings, seed)
    episode.encoding_of(output)
    try:
        if from_recordings is not None:
            told = _conversation(from_recordings, output, hours or CONVERSATION_HOURS, speakers or SPEAKERS, seed)
        else:
            made = _read(script, output) if script else _chatter(hours or 0.0, speakers, seed, music, pauses)
            with _shown(output.name, quiet=quiet) as progress:
                told = podcast.record(made, output, seed=seed, progress=progress)
    except KeyboardInterrupt:
        typer.echo("stopped; nothing was written", err=True)
        raise typer.Exit(arguments.INTERRUPTED) from None
    for warning in told.warnings:
        typer.echo(f"{output.name}: {warning}", err=True)
    if not quiet:
        print(_summary(told, output))


def _require_one(script: Path | None, hours: float | None, recordings: str | None, speakers: int | None) -> None:
    """One of the three ways, and nothing that it cannot use."""
    if script is None and hours is None and recordings is None:
        raise OptionError("nothing to make; give a SCRIPT, or --hours, or --from-recordings")
    if script is not None:
        extra = {"--hours": hours, "--from-recordings": recordings, "--speakers": speakers}
        for name, value in extra.items():
            if value is not None:
                raise OptionError(f"a script says itself who speaks and how long; leave out {name}, or {script}")
    if hours is not None and not hours > 0:
        raise OptionError(f"--hours must be more than 0, not {hours:g}")


def _named_after(script: Path | None, recordings: str | None, seed: int) -> Path:
    stem = script.stem if script else f"podcast-{seed}" if recordings is None else f"conversation-{seed}"
    return Path(f"{stem}.flac")


def _read(path: Path, output: Path) -> Script:
    if path.resolve() in {output.with_suffix(suffix).resolve() for suffix in (output.suffix, ".rttm", ".json")}:
        raise OptionError(f"{output} would replace the script {path} or its truth would; choose another -o")
    try:
        return parse(path.read_bytes().decode(), path.name)
    except OSError as error:
        raise SourceError(f"cannot read the script {path}: {error.strerror or error}; give a text file") from error
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not a script: it is no UTF-8 text; save it as UTF-8") from None


def _chatter(hours: float, speakers: int | None, seed: int, music: float | None, pauses: Seconds | None) -> Script:
    from earwitness.evaluation.synth import chatter

    return chatter.script(hours, speakers or SPEAKERS, seed, music_below_db=music, max_pause_s=pauses)


def _conversation(place: str, output: Path, hours: float, speakers: int, seed: int) -> Transcript:
    from earwitness.evaluation.synth import recordings

    items = recordings.load(place)
    made = recordings.conversation(items, speakers=speakers, duration_s=hours * 3600, seed=seed)
    return episode.write(made, output)


@contextmanager
def _shown(name: str, *, quiet: bool) -> Iterator[Progress | None]:
    """How far it is: a line that changes on a terminal, a line every ten seconds elsewhere. On stderr."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if quiet:
        yield None
        return
    if console.is_terminal:
        with console.status(name) as status:
            yield _every(BAR_EVERY_S, lambda line: status.update(f"{name}: {line}"))
    else:
        yield _every(LINE_EVERY_S, lambda line: print(f"{name}: {line}", file=sys.stderr, flush=True))


def _every(seconds: Seconds, say: Callable[[str], None]) -> Progress:
    last = time.monotonic()

    def progress(stage: str, done: Seconds, total: Seconds) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            say(f"{short_clock(done)} of about {short_clock(total)} spoken, {done / total:.0%}")

    return progress


def _summary(told: Transcript, output: Path) -> str:
    counts = ((len(told.speakers), "speaker"), (len(told.turns), "turn"), (len(told.chapters), "chapter"))
    parts = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
    truth = " and ".join(str(output.with_suffix(f".{name}")) for name in episode.TRUTH_FORMATS)
    return f"{output}: {short_clock(told.duration)}, {', '.join(parts)}; the truth is in {truth}"
