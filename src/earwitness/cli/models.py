"""earwitness models"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from earwitness.cli import tables
from earwitness.engines import hub
from earwitness.engines.whisper_forms import FORMS
from earwitness.errors import OptionError

app = typer.Typer(help="See which models are here, and bring others.", no_args_is_help=True)

MIB = 2**20
SUMMARIZER, SENTENCES = "seq2seq", "sentences"


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the models that have names, and which of them are here."""
    models = hub.catalogue()
    if as_json:
        tables.print_json([dataclasses.asdict(model) for model in models])
        return
    rows = [(model.name, model.engine, _place(model), _size(model)) for model in models]
    tables.print_table(("name", "engine", "here", "size"), rows, right=("size",))


def _place(model: hub.Model) -> str:
    return "bundled" if model.bundled else "cached" if model.cached else ""


def _size(model: hub.Model) -> str:
    return f"{model.size_bytes / MIB:.0f} MB" if model.size_bytes else ""


@app.command()
def download(
    name: Annotated[str, typer.Argument(help="A name from the list, or a hub id.")],
    engine: Annotated[
        str, typer.Option(help=f"The engine it is for: {', '.join((*FORMS, SUMMARIZER))} or {SENTENCES}.")
    ] = next(iter(FORMS)),
) -> None:
    """Download a model into the hub's cache, so that it is there without a network.

    A download that was broken off goes on where it was. What comes, and what is there already, is compared with the
    hub's hashes.
    """
    if name in hub.VOICES:
        print(hub.find_voices(name))
    elif SENTENCES in (name, engine):
        print(hub.find_sentences(name))
    elif engine == SUMMARIZER:
        print(hub.find_summarizer(name))
    elif engine in FORMS:
        print(hub.verified(name, form=FORMS[engine]))
    else:
        known = ", ".join((*FORMS, SUMMARIZER, SENTENCES))
        raise OptionError(f"--engine {engine}: it has no models on the hub; there are {known}")
