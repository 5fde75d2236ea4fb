"""Tests that need the extra `models`: `make test-models` runs them, in an environment that has it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips them before any fixture, of whatever scope, asks for torch."""
    if find_spec("torch") and find_spec("transformers"):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="torch and transformers are not installed; run make test-models"))
