"""JSON as others wrote it: read strictly, bounded in depth, finite in numbers; written in one canonical form.

`json.loads` alone raises four kinds of error, takes NaN and 1e999, and hands out values so deep that writing them
again overflows the stack (docs/reliability.md J).
"""

from __future__ import annotations

import json
import math
from typing import NoReturn

MAX_DEPTH = 200
"""Lists and objects inside one another; real messages have ten."""


class BadJson(ValueError):
    """The text is not one JSON value that can be handled; the message says why, in a few words."""


def load(text: str) -> object:
    """Read one JSON value.

    A key that stands twice has its last value; lone surrogates from `\\ud800` stay in the strings.

    Raises:
        BadJson: It is not JSON, more than one value, too deep, or has NaN, Infinity or a number too long to hold.
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
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise BadJson("nested too deep")
    return value


def dump(value: object) -> str:
    """Write a value that `load` gave: readable, characters kept as they are."""
    return json.dumps(value, ensure_ascii=False, default=str)


def canonical(value: object) -> str:
    """Write a value that `load` gave so that equal values are equal texts: ASCII, keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _is_too_deep(value: object) -> bool:
    """Walk level by level, so that no stack grows."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for one in level
            if isinstance(one, list | dict)
            for inner in (one.values() if isinstance(one, dict) else one)
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
