"""The commands, and what they share."""

from __future__ import annotations

import re

import typer

from earwitness import __version__
from earwitness.cli import (
    bench,
    classify,
    doctor,
    embed,
    evaluate,
    features,
    feed,
    keys,
    library,
    live,
    match,
    models,
    say,
    score,
    search,
    serve,
    speakers,
    summarize,
    synth,
    transcribe,
)

app = typer.Typer(
    name="earwitness",
    help="Recorded speech in, a transcript you can check out: who said what, when, what it was about.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command, text in (
    (transcribe.transcribe, transcribe.HELP),
    (feed.feed, feed.HELP),
    (summarize.summarize, summarize.HELP),
    (search.search, search.HELP),
    (score.score, score.HELP),
    (evaluate.evaluate, evaluate.HELP),
    (embed.embed, embed.HELP),
    (synth.synth, synth.HELP),
    (bench.bench, bench.HELP),
    (serve.serve, serve.HELP),
    (say.say, say.HELP),
    (features.features, features.HELP),
    (classify.classify, classify.HELP),
):
    # One line a paragraph: the terminal breaks them where it ends.
    app.command(help=re.sub(r"(?<!\n)\n(?!\n)", " ", text), no_args_is_help=command is not serve.serve)(command)
app.command(cls=match.Match, help=re.sub(r"(?<!\n)\n(?!\n)", " ", match.HELP), no_args_is_help=True)(match.match)
app.command(help=live.HELP)(live.live)  # without arguments it hears the microphone
app.add_typer(models.app, name="models")
app.add_typer(speakers.app, name="speakers")
app.add_typer(library.app, name="library")
app.add_typer(keys.app, name="keys")
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
