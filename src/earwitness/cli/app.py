"""The commands, and what they share."""

from __future__ import annotations

import typer

from earwitness import __version__
from earwitness.cli import doctor, models, transcribe

app = typer.Typer(
    name="earwitness",
    help="Recorded speech in, a transcript you can check out: who said what, when, what it was about.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("transcribe", help=transcribe.HELP, no_args_is_help=True)(transcribe.transcribe)
app.add_typer(models.app, name="models")
app.command("doctor")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"earwitness {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass
