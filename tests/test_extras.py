"""Optional packages."""

from __future__ import annotations

import json

import pytest

from earwitness.errors import ExtraError
from earwitness.extras import require


def test_what_is_installed_is_imported() -> None:
    assert require("json") is json


def test_what_is_missing_is_named_with_its_remedy() -> None:
    with pytest.raises(ExtraError) as caught:
        require("no_such_package", "tts")
    assert str(caught.value) == (
        "this needs no_such_package (No module named 'no_such_package'); pip install 'earwitness[tts]'"
    )
