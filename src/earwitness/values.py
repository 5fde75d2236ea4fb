"""Frozen values to plain lists and dicts and back, as JSON holds them."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, Union


def to_plain(value: Any) -> Any:
    """Lists, dicts, numbers and strings that say the same as `value`.

    >>> from earwitness.types import Region
    >>> to_plain((Region(0.5, 1.5),))
    [{'start': 0.5, 'end': 1.5, 'probability': 1.0}]
    """
    if value is None or isinstance(value, str | float):  # most of what a transcript has, and so asked first
        return value
    if dataclasses.is_dataclass(value):
        return {name: to_plain(getattr(value, name)) for name in _names(value.__class__)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(option.name for option in dataclasses.fields(kind))


def from_plain(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `to_plain` turned into `value`; names that `kind` does not have are ignored.

    >>> from earwitness.types import Region
    >>> from_plain(tuple[Region, ...], [{"start": 0.5, "end": 1.5}])
    (Region(start=0.5, end=1.5),)

    Raises:
        TypeError, ValueError: `value` does not fit `kind`.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _from_mapping(kind, value)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return from_plain(next(option for option in arguments if option is not type(None)), value)
    if origin is tuple:
        return _from_sequence(arguments, value)
    if origin is typing.Literal:
        if value not in arguments:
            raise ValueError(f"{value!r} is none of {', '.join(map(repr, arguments))}")
        return value
    if origin is not None and issubclass(origin, Mapping):
        return {key: from_plain(arguments[1], item) for key, item in dict(value).items()}
    if kind is float and type(value) is int:
        value = float(value)
    if kind is not Any and not isinstance(value, kind):
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value


def _from_mapping(kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is not a mapping with the fields of {kind.__name__}")
    hints = typing.get_type_hints(kind)
    names = [option.name for option in dataclasses.fields(kind) if option.name in value]
    return kind(**{name: from_plain(hints[name], value[name]) for name in names})


def _from_sequence(arguments: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, tuple | list):
        raise TypeError(f"{value!r} is not a list")
    if arguments[-1] is Ellipsis:
        return tuple(from_plain(arguments[0], item) for item in value)
    return tuple(from_plain(argument, item) for argument, item in zip(arguments, value, strict=True))
