"""Who writes the summaries, and what the user must read before they do."""

from __future__ import annotations

import typer

from earwitness import engines
from earwitness.engines.base import Summarizer
from earwitness.options import Options


def announced(options: Options, *, quiet: bool) -> Summarizer | None:
    """The engine behind `--summarizer`, none where there is none to load; its notice is said, unless `quiet`."""
    writer = engines.summarizer(options.summary, options.model)
    if writer and writer.notice and not quiet:
        typer.echo(writer.notice, err=True)
    return writer
