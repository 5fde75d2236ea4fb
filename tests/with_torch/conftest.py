"""Tests that need the extra `models`: `make test-models` runs them, in an environment that has it."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


@pytest.fixture(autouse=True)
def _has_torch() -> None:
    if not (find_spec("torch") and find_spec("transformers")):
        pytest.skip("torch and transformers are not installed; run make test-models")
