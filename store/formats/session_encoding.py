"""Stored form of a session's own fields."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from .row_encoding import int64, storable

Value = int | float | str | None


def session_values(
    source: str, model: str | None, now: float, *, model_config: Mapping[str, object] | None = None, **texts: str | None
) -> dict[str, Value]:
    """Column -> value of a new session's row."""
    return {
        "source": storable(source),
        "model": storable(model),
        "model_config": json.dumps(model_config) if model_config else None,
        "started_at": now,
        **{name: storable(value) for name, value in texts.items()},
    }


def token_values(given: Mapping[str, str | int | float | None]) -> dict[str, Value]:
    """Column -> value of a token count.

    Raises:
        ValueError: A counter that needs more than 64 bits, or a cost that is not finite.
    """
    return {name: storable(value) if isinstance(value, str) else _number(value, name) for name, value in given.items()}


def _number(value: int | float | None, name: str) -> int | float | None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, not {value!r}")
    return int64(value, name) if isinstance(value, int) else value


def session_row(fields: Mapping[str, object]) -> dict[str, Value]:
    """Column -> value of a session's row from another store; what is no text and no number becomes JSON."""
    return {name: _cell(value) for name, value in fields.items()}


def _cell(value: object) -> Value:
    if value is None or isinstance(value, int | float):
        return value
    return storable(value if isinstance(value, str) else json.dumps(value))
