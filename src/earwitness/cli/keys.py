"""earwitness keys"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from earwitness.cli import arguments, tables

app = typer.Typer(help="Give out keys for `earwitness serve`, and take them back.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Whose key it is.", show_default=False)]


@app.command(no_args_is_help=True)
def new(name: Name, library: arguments.Library = None) -> None:
    """Make a key and print it; it is not shown again."""
    from earwitness.library.store import Library
    from earwitness.server import keys

    with Library(library) as opened:
        print(keys.new(opened, name))


@app.command("list")
def list_keys(
    library: arguments.Library = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List whose keys there are."""
    from earwitness.library.store import Library
    from earwitness.server import keys

    with Library(library) as opened:
        found = keys.keys(opened)
    if as_json:
        tables.print_json([dataclasses.asdict(one) for one in found])
        return
    tables.print_table(("name", "created"), [(one.name, one.created) for one in found])


@app.command(no_args_is_help=True)
def remove(name: Name, library: arguments.Library = None) -> None:
    """Let a key count no more."""
    from earwitness.library.store import Library
    from earwitness.server import keys

    with Library(library) as opened:
        keys.remove(opened, name)
    print(f"the key of {name} counts no more")
