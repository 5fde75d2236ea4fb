"""The evaluation JSON, schema `earwitness.evaluation/1`: all that an `Evaluation` holds, to compare later runs with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from earwitness.errors import TranscriptError
from earwitness.evaluation.results import Evaluation
from earwitness.files import read_json
from earwitness.values import from_plain, to_plain

SCHEMA = "earwitness.evaluation/1"
REMEDY = "give the evaluation.json of an earlier `earwitness evaluate`"


def write(evaluation: Evaluation) -> bytes:
    """UTF-8, a line for each recording, so that two files can be told apart line by line.

    Raises:
        ValueError: a number is not finite, which JSON cannot say.
    """
    content = to_plain(evaluation)
    files = [_line(_without_bare_fields(file)) for file in content.pop("files")]
    head = [f"{_line(name)}: {_line(value)}" for name, value in {"schema": SCHEMA, **content}.items()]
    listed = "[\n" + ",\n".join(files) + "\n]" if files else "[]"
    return ("{\n" + ",\n".join([*head, f'"files": {listed}']) + "\n}\n").encode()


def read(path: Path) -> Evaluation:
    """The evaluation in a file that `write` made, equal to the one that was written.

    Raises:
        TranscriptError: there is no such file, or it holds something else.
    """
    content = read_json(path, REMEDY)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise TranscriptError(f"{path} is not an evaluation: its schema is not {SCHEMA!r}; {REMEDY}")
    try:
        evaluation: Evaluation = from_plain(Evaluation, content)
    except (TypeError, ValueError, OverflowError) as error:
        raise TranscriptError(f"{path} is not an evaluation: {error}; {REMEDY}") from error
    return evaluation


def _without_bare_fields(file: dict[str, Any]) -> dict[str, Any]:
    """A recording's turns as the three things they say: there may be thousands."""
    for side in ("reference_turns", "hypothesis_turns"):
        file[side] = [{name: turn[name] for name in ("start", "end", "speaker")} for turn in file[side]]
    return file


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
