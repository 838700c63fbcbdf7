"""What the parameters of a setting may be: written once, beside each parameter's default."""

from __future__ import annotations

import dataclasses
from numbers import Integral, Real
from typing import Any, TypeVar

from ..errors import InputError

Number = TypeVar("Number", int, float)

LEAST, MOST = 1e-9, 1e9
"""Nearly nothing, and nearly anything: with their squares, too, can be reckoned."""


def number(default: Number, low: float = 0.0, high: float = MOST) -> Number:
    """A field of a frozen dataclass with its default; `check_ranges` keeps it in [low, high].

    Where the default is whole, so must others be.
    """
    field: Any = dataclasses.field(default=default, metadata={"range": (low, high)})
    return field  # type: ignore[no-any-return]


def check_ranges(setting: Any) -> None:
    """To be called by `__post_init__` of a dataclass with fields of `number`.

    Raises:
        InputError: one is no number, or out of its range; nan is out of any.
    """
    for field in dataclasses.fields(setting):
        if "range" in field.metadata:
            check(
                field.name,
                getattr(setting, field.name),
                type(field.default),
                *field.metadata["range"],
            )


def check(name: str, value: Any, kind: type, low: float, high: float) -> None:
    """Refuse what is no number of a kind (int or float) from low to high.

    Raises:
        InputError: it is not; the sentence begins with the name.
    """
    known = isinstance(value, Integral if kind is int else Real)
    if not known or not low <= value <= high:
        got = f"{value:g}" if isinstance(value, float) else repr(value)
        raise InputError(f"{name}: expected {_numbers(kind, low, high)}, got {got}")


def _numbers(kind: type, low: float, high: float) -> str:
    whole = "whole number" if kind is int else "number"
    if high < MOST:
        return f"a {whole} from {low:g} to {high:g}"
    finite = whole if kind is int else f"finite {whole}"
    return f"a {finite} above 0" if low == LEAST else f"a {finite} of at least {low:g}"
