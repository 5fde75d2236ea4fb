"""Frozen values to plain lists and dicts and back, as JSON holds them."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
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
    return _reader(kind)(value)


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What reads values of a type: found once for each, since a long transcript has a million values of a few types."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return partial(_from_mapping, kind)
    if origin in (Union, types.UnionType):
        other = _reader(next(option for option in arguments if option is not type(None)))
        return partial(_from_nothing_or, other) if type(None) in arguments else other
    if origin is tuple:
        return partial(_from_sequence, [_reader(one) for one in arguments if one is not ...], arguments[-1] is ...)
    if origin is typing.Literal:
        return partial(_from_choice, arguments)
    if origin is not None and issubclass(origin, Mapping):
        item = _reader(arguments[1])
        return lambda value: {key: item(one) for key, one in dict(value).items()}
    return (lambda value: value) if kind is Any else partial(_from_one, kind)


def _from_one(kind: type, value: Any) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value


def _from_nothing_or(other: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else other(value)


def _from_choice(choices: tuple[Any, ...], value: Any) -> Any:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(map(repr, choices))}")
    return value


def _from_mapping(kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is not a mapping with the fields of {kind.__name__}")
    return kind(**{name: read(value[name]) for name, read in _fields(kind) if name in value})


@cache
def _fields(kind: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    hints = typing.get_type_hints(kind)
    return tuple((option.name, _reader(hints[option.name])) for option in dataclasses.fields(kind))


def _from_sequence(readers: Sequence[Callable[[Any], Any]], any_length: bool, value: Any) -> Any:
    if not isinstance(value, tuple | list):
        raise TypeError(f"{value!r} is not a list")
    if any_length:
        return tuple(map(readers[0], value))
    return tuple(read(item) for read, item in zip(readers, value, strict=True))
