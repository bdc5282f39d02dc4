"""Strict JSON: parser bounded in depth and finite in numbers, canonical writer.

`json.loads` alone raises four kinds of error, accepts NaN and 1e999, and returns values so deep that writing them
again overflows the stack (docs/reliability.md J).
"""

from __future__ import annotations

import json
import math
from typing import NoReturn

MAX_DEPTH = 200
"""Nesting of lists and objects; real messages have ten."""


class BadJson(ValueError):
    """Text that is not one acceptable JSON value; the message says why, in a few words."""


def load(text: str) -> object:
    """Read one JSON value.

    Of a duplicate key the last value counts; lone surrogates from `\\ud800` stay in the strings.

    Raises:
        BadJson: Not JSON, more than one value, too deep, or NaN, Infinity or a number too long to hold.
    """
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadJson("more than one value" if error.msg == "Extra data" else "not JSON") from error
    except RecursionError as error:
        raise BadJson("nested too deep") from error
    except BadJson:
        raise
    except ValueError as error:
        raise BadJson("a number too long") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and is_too_deep(value):
        raise BadJson("nested too deep")
    return value


def value_at_start(text: str) -> tuple[object, int]:
    """The JSON value that a text begins with, without a space before it, and where it ends; what follows is not read.

    Raises:
        BadJson: As `load`.
    """
    try:
        value, end = _DECODER.scan_once(text, 0)  # type: ignore[attr-defined]
    except (StopIteration, RecursionError, ValueError) as error:
        raise BadJson("not JSON") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and is_too_deep(value):
        raise BadJson("nested too deep")
    return value, end


def load_or(value: object, otherwise: object) -> object:
    """The JSON value of a text, `otherwise` for an invalid one; what is no text, as it is."""
    if not isinstance(value, str):
        return value
    try:
        return load(value)
    except BadJson:
        return otherwise


def dump(value: object) -> str:
    """Readable JSON of a value from `load`; characters beyond ASCII are kept."""
    return json.dumps(value, ensure_ascii=False, default=str)


def canonical(value: object) -> str:
    """Canonical JSON of a value from `load`: equal values give equal texts (ASCII, sorted keys, no spaces)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def is_too_deep(value: object) -> bool:
    """True beyond MAX_DEPTH; walks level by level, without recursion."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
        if not level:
            return False
    return True


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadJson("a number too large")
    return number


def _refuse(name: str) -> NoReturn:
    raise BadJson(f"{name} is no number")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
