"""earwitness say"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from earwitness.cli import arguments
from earwitness.cli.progress import display
from earwitness.errors import OptionError, ScriptError, SourceError
from earwitness.options import PretrainedOptions, SpeechOptions
from earwitness.types import Transcript
from earwitness.units import short_clock

HELP = r"""Speak a text, of any length, into a sound file.

TEXT is what to say, or - for standard input; --file reads it from a file, and --summary reads the summary of a
transcript aloud. Blank lines are longer pauses.

--engine espeak (the default; pip install 'earwitness\[tts]') speaks over a hundred languages: --voice de, en-us+f4.
--engine speecht5 (pip install 'earwitness\[models]') speaks English in the voice of --voice: a recording of one
speaker, an x-vector in an .npy, or a name that the library knows, with --recording; else in one made up from --seed.
--engine vits speaks what its --model does, such as facebook/mms-tts-deu; --voice is the number of a speaker."""

STDIN = "-"


def say(
    text: Annotated[str | None, typer.Argument(metavar="TEXT", show_default=False)] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="What to write: .wav, .flac, .mp3, .opus, .ogg, .m4a or .aac.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A text file to read.", show_default=False)] = None,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="TRANSCRIPT.json", help="A transcript whose summary to read.", show_default=False),
    ] = None,
    engine: Annotated[str, typer.Option(help="auto (espeak), espeak, speecht5 or vits.")] = "auto",
    model: Annotated[str, typer.Option(help="For speecht5 and vits: a folder or a hub id.", show_default=False)] = "",
    voice: Annotated[
        str | None, typer.Option(help="Who speaks; see above for each engine.", show_default=False)
    ] = None,
    speed: Annotated[float, typer.Option(help="0.25 to 4; 2 is twice as fast, at the same pitch.")] = 1.0,
    seed: Annotated[int, typer.Option(help="For speecht5 and vits: another one sounds a little different.")] = 0,
    vocoder: Annotated[str, typer.Option(help="For speecht5: a folder or a hub id.", show_default=False)] = "",
    speaker_encoder: Annotated[
        str, typer.Option(help="For speecht5: what knows voices; a folder or a hub id.", show_default=False)
    ] = "",
    recording: Annotated[
        Path | None, typer.Option(help="For speecht5: where the named voice is heard.", show_default=False)
    ] = None,
    library: arguments.Library = None,
    revision: arguments.Revision = None,
    cache_dir: arguments.CacheDir = None,
    device: arguments.Device = "auto",
    dtype: arguments.Dtype = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    quiet: arguments.Quiet = False,
) -> None:
    from earwitness.toolkit import synthesis

    if output is None:
        raise OptionError("where to? give -o FILE, such as -o speech.wav")
    options = SpeechOptions(
        engine=engine, model=model, voice=voice or "", speed=speed, seed=seed, vocoder=vocoder,
        speaker_encoder=speaker_encoder, recording=recording, library=library,
        pretrained=PretrainedOptions(
            revision=revision, cache=cache_dir, offline=offline, device=device, dtype=dtype, threads=threads
        ),
    )  # fmt: skip
    _require_one(text, file, summary, output)
    if summary is None:
        wanted = _text(text, file)
    else:
        transcript = _transcript(summary)
        wanted, options = synthesis.summary_text(transcript), _in_its_language(options, transcript, voice)
    try:
        with display(1, quiet=quiet) as shown:
            spoken = synthesis.write(
                wanted, output, options, progress=lambda done, all_: shown.report(output.name, "speech", done, all_)
            )
    except KeyboardInterrupt:
        typer.echo("stopped; nothing was written", err=True)
        raise typer.Exit(arguments.INTERRUPTED) from None
    for warning in spoken.warnings:
        typer.echo(f"{output.name}: {warning}", err=True)
    if not quiet:
        print(f"{output}: {short_clock(spoken.duration)} ({spoken.duration:.2f} s), {_counted(spoken.utterances)}")


def _require_one(text: str | None, file: Path | None, summary: Path | None, output: Path) -> None:
    given = [name for name, value in (("TEXT", text), ("--file", file), ("--summary", summary)) if value is not None]
    if len(given) != 1:
        raise OptionError(f"{' and '.join(given) or 'nothing to say'}; give one of TEXT, --file and --summary")
    for read in (file, summary):
        if read is not None and read.resolve() == output.resolve():
            raise OptionError(f"{output} is what is to be read; choose another -o")


def _text(text: str | None, file: Path | None) -> str:
    name = "standard input" if file is None else str(file)
    try:
        content = file.read_bytes() if file is not None else sys.stdin.buffer.read() if text == STDIN else None
        return content.decode("utf-8-sig") if content is not None else text or ""
    except OSError as error:
        raise SourceError(f"cannot read {name}: {error.strerror or error}; give a text file") from error
    except UnicodeDecodeError:
        raise ScriptError(f"{name} is not text: it is no UTF-8; save it as UTF-8") from None


def _transcript(path: Path) -> Transcript:
    from earwitness.exports import json

    return json.read(path)


def _in_its_language(options: SpeechOptions, transcript: Transcript, voice: str | None) -> SpeechOptions:
    """espeak-ng reads a summary in the language it is in, unless somebody chose a voice."""
    is_espeak = options.engine in ("auto", "espeak")
    if not is_espeak or voice is not None or transcript.language in ("en", "und"):
        return options
    return dataclasses.replace(options, voice=transcript.language)


def _counted(utterances: int) -> str:
    return f"{utterances} sentence{'' if utterances == 1 else 's'}"
