"""earwitness serve"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earwitness.cli import arguments
from earwitness.cli.writer import announced
from earwitness.errors import ExtraError
from earwitness.options import Options
from earwitness.server.settings import Settings

HELP = """Serve a page to transcribe, listen, correct and search, and an API for programs.

It listens on this machine only unless --host says otherwise; then a key is asked for (`earwitness keys new NAME`)."""


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = Settings.host,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port; 0 takes any that is free.")] = Settings.port,
    library: arguments.Library = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where recordings are kept; by default beside the library, as LIBRARY.recordings.", show_default=False
        ),
    ] = None,
    keys: Annotated[bool, typer.Option("--keys", help="Ask for a key on this machine, too.")] = False,
    max_upload_mib: Annotated[int, typer.Option(min=1, help="The longest recording that is taken, in MiB.")] = 2048,
    workers: arguments.Workers = 1,
    model: arguments.Model = "auto",
    engine: arguments.Engine = "auto",
    language: arguments.Language = "auto",
    diarize: arguments.Diarize = True,
    diarizer: arguments.Diarizer = "auto",
    known_voices: arguments.KnownVoices = False,
    summarizer: arguments.Summarizer = "auto",
    chat_url: arguments.ChatUrl = arguments.CHAT_URL,
    device: arguments.Device = "auto",
    compute_type: arguments.ComputeType = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    allow_private: arguments.AllowPrivate = False,
) -> None:
    options = Options.of(
        model=model, engine=engine, language=language, diarize=diarize,
        diarizer=diarizer, known_voices=known_voices, library=library, summarizer=summarizer, chat_url=chat_url,
        device=device, compute_type=compute_type, threads=threads, offline=offline, allow_private=allow_private,
    )  # fmt: skip
    announced(options, quiet=False)
    settings = Settings(
        host=host, port=port, library=library, folder=folder, options=options, workers=workers, keys=keys,
        max_upload_bytes=max_upload_mib * 2**20,
    )  # fmt: skip
    try:
        from earwitness.server.running import run
    except ImportError as error:
        raise ExtraError(f"{error.name} is not installed; pip install 'earwitness[server]'") from error
    run(settings)
