"""Stored form of a session's own fields."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .row_encoding import int64, json_text, refuse_too_large, storable

Value = int | float | str | None


def session_values(
    source: str, model: str | None, now: float, *, model_config: Mapping[str, object] | None = None, **texts: str | None
) -> dict[str, Value]:
    """Column -> value of a new session's row.

    Raises:
        ValueError: It is too large, or `model_config` is nested too deep or has a key that is no text.
    """
    values: dict[str, Value] = {
        "source": storable(source),
        "model": storable(model),
        "model_config": json_text(model_config) if model_config else None,
        "started_at": now,
        **{name: storable(value) for name, value in texts.items()},
    }
    refuse_too_large(values.values(), "session")
    return values


def token_values(given: Mapping[str, str | int | float | None]) -> dict[str, Value]:
    """Column -> value of a token count.

    Raises:
        ValueError: A counter that needs more than 64 bits, a cost that is not finite, or texts that are too large.
    """
    values = {
        name: storable(value) if isinstance(value, str) else _number(value, name) for name, value in given.items()
    }
    refuse_too_large(values.values(), "session")
    return values


def _number(value: int | float | None, name: str) -> int | float | None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be finite, not {value!r}")
    return int64(value, name) if isinstance(value, int) else value


def session_row(fields: Mapping[str, object]) -> dict[str, Value]:
    """Column -> value of a session's row from another store; what is no text and no number becomes JSON.

    Raises:
        ValueError: See `session_values`.
    """
    values = {name: _cell(value) for name, value in fields.items()}
    refuse_too_large(values.values(), "session")
    return values


def _cell(value: object) -> Value:
    if value is None or isinstance(value, int | float):
        return value
    return storable(value if isinstance(value, str) else json_text(value))
