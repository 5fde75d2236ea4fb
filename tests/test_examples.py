"""Every example runs, by itself and as its first lines say, and prints what they say it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    """A line `Needs: torch, librosa` in the docstring names the packages without which it is skipped; each line after
    `Prints:` is a regular expression that some line of the output must match."""
    text = example.read_text()
    needs = re.search(r"^Needs: (.+)$", text, re.MULTILINE)
    for package in re.split(r",\s*", needs[1]) if needs else ():
        if not find_spec(package):
            pytest.skip(f"{example.name} needs {package}, which is not installed")
    expected = re.search(r"^Prints:\n((?:    .+\n)+)", text, re.MULTILINE)
    assert expected, f"{example.name} does not say what it prints"

    done = subprocess.run(
        [sys.executable, example],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for line in expected[1].splitlines():
        assert re.search(f"^{line.strip()}$", done.stdout, re.MULTILINE), f"{line.strip()!r} not in {done.stdout!r}"
