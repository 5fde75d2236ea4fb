"""earwitness embed"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earwitness import engines
from earwitness.cli import arguments
from earwitness.cli.progress import display
from earwitness.errors import EarwitnessError
from earwitness.options import PretrainedOptions
from earwitness.source import Reference, Source, find

HELP = """Turn recordings into points in space, where what sounds alike lies close together.

AUDIO is a file, a folder, a pattern, an http(s) address, or - for standard input.

Each recording is cut into windows as long as the model hears at once; --level says what becomes a point: every window,
every frame of a window, or the whole file. All go into one file, numpy's .npz or Parquet: a row has file, start and end
(in seconds) and vector. One recording that fails does not stop the others."""


def embed(
    audio: Annotated[list[str], typer.Argument(metavar="AUDIO...", show_default=False)],
    model: Annotated[
        str,
        typer.Option(
            help="audiomae, builtin, clap, hubert, wav2vec2, wavlm, whisper-encoder, a folder or a hub id.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .npz or .parquet file.", show_default=False)],
    level: Annotated[str, typer.Option(help="A point for each window, frame or file.")] = "window",
    window_s: Annotated[
        float | None,
        typer.Option("--window", metavar="SECONDS", help="Shorter windows than the model's.", show_default=False),
    ] = None,
    revision: arguments.Revision = None,
    cache_dir: arguments.CacheDir = None,
    device: arguments.Device = "auto",
    dtype: arguments.Dtype = "auto",
    threads: arguments.Threads = 0,
    offline: arguments.Offline = False,
    quiet: arguments.Quiet = False,
) -> None:
    from earwitness.toolkit.embedding_files import EmbeddingFile
    from earwitness.toolkit.embeddings import level_of, stream
    from earwitness.toolkit.recordings import each

    kind = level_of(level)
    options = PretrainedOptions(revision, cache_dir, offline, device, dtype, threads)
    embedder = engines.sound_embedder(model, options)
    references, names_failed = find(audio), list[str]()
    with (
        EmbeddingFile(output, embedder.model, kind, embedder.identity()) as file,
        display(len(references), quiet=quiet) as shown,
    ):

        def one(reference: Reference, recording: Source, _folder: Path) -> None:
            before = file.rows
            for points in stream(recording.path, embedder, level=kind, window_s=window_s):
                file.add(reference.argument, points)
            shown.finished(reference.name, f": {file.rows - before} points of {file.size} numbers")

        def failed(name: str, error: EarwitnessError) -> None:
            names_failed.append(name)
            shown.finished(name)
            shown.say(f"error: {error}")

        each(references, one, failed)
    if names_failed:
        raise typer.Exit(1)
