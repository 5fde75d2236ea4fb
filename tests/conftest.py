"""What several test files share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("EARWITNESS_DATA", Path(__file__).parents[2] / "shared" / "data"))

_home = tempfile.TemporaryDirectory(prefix="earwitness-tests-")
os.environ["XDG_DATA_HOME"] = _home.name
"""No test, and no command that one starts, touches the library of whoever runs the tests."""


@pytest.fixture(scope="session")
def data() -> Path:
    """A folder of real recordings with references (see docs/benchmarks.md); tests skip where it is absent."""
    if not (SHARED_DATA / "manifest.jsonl").is_file():
        pytest.skip(f"no recordings at {SHARED_DATA}; set EARWITNESS_DATA to a folder with manifest.jsonl")
    return SHARED_DATA
