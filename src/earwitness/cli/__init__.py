"""The command line: arguments and printing only. Each command is a file here."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command. Exit status: 0 all done, 1 some input failed, 2 wrong usage, 130 interrupted."""
    from earwitness.cli.app import app
    from earwitness.errors import EarwitnessError, OptionError

    try:
        app(args=with_dashes(sys.argv[1:] if arguments is None else arguments), prog_name="earwitness")
    except EarwitnessError as error:
        print(f"earwitness: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, OptionError) else 1)


def with_dashes(arguments: Sequence[str]) -> list[str]:
    """Option names with dashes where they were written with underscores, as openai-whisper has them.

    >>> with_dashes(["a_b.mp3", "--output_dir=my_dir", "--", "--x_y"])
    ['a_b.mp3', '--output-dir=my_dir', '--', '--x_y']
    """
    stop = list(arguments).index("--") if "--" in arguments else len(arguments)
    return [*map(_with_dashes, arguments[:stop]), *arguments[stop:]]


def _with_dashes(argument: str) -> str:
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value
