"""What several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("EARWITNESS_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """A folder of real recordings with references (see docs/benchmarks.md); tests skip where it is absent."""
    if not (SHARED_DATA / "manifest.jsonl").is_file():
        pytest.skip(f"no recordings at {SHARED_DATA}; set EARWITNESS_DATA to a folder with manifest.jsonl")
    return SHARED_DATA
