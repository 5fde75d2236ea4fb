"""Optional packages, imported when they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from earwitness.errors import ExtraError


def require(module: str, extra: str = "eval") -> ModuleType:
    """The module of that name, imported.

    >>> require("json").loads("[1]")
    [1]

    Raises:
        ExtraError: it cannot be imported; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ExtraError(f"this needs {module} ({error}); pip install 'earwitness[{extra}]'") from error
