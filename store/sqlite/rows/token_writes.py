"""Updates of the tokens and costs of a session by an agent, and their share of each model (docs/format.md §4.8)."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from ...formats.row_encoding import storable
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from .session_writes import present, refuse_too_large

_COUNTED = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    "api_call_count",
)
_COSTS = ("estimated_cost_usd", "actual_cost_usd")
_OVERWRITTEN = ("cost_status", "cost_source", "pricing_version")
_ROUTE = ("model", "billing_provider", "billing_base_url", "billing_mode")
"""What was called: of a session the first that was used is kept."""
_SHARE = ("cost_status", "cost_source")
_USAGE = "session_model_usage"


def add_tokens(
    connection: apsw.Connection,
    layout: Layout,
    session_id: str,
    given: Mapping[str, Value],
    now: float,
    *,
    absolute: bool = False,
) -> None:
    """Add to counters and costs, or set them; overwrite the cost's status, fill model and billing where they are NULL.

    The model and provider of the first use replace those that the session was made with.

    Args:
        given: Column -> value of all of them; empty ones add nothing, and set a counter to 0.
        now: Seconds since 1970 UTC.

    Raises:
        ColumnMissing: See `session_writes.present`.
        ValueError: See `session_writes.refuse_too_large`.
    """
    row = present(layout, "sessions", {name: value or None for name, value in given.items()})
    used = any(row.get(name) for name in (*_COUNTED, *_COSTS))
    if used:
        _route(connection, layout, session_id, row)
    counted = _set(layout, given) if absolute else _added(layout, row)
    before = "" if absolute else "COALESCE({0}, 0) + "
    sets = {f"{name} = {before.format(name)}?": value for name, value in counted.items()}
    sets |= {f"{name} = ?": row[name] for name in _OVERWRITTEN if name in row}
    sets |= {f"{name} = COALESCE({name}, ?)": row[name] for name in _ROUTE if name in row and used}
    if sets:
        connection.execute(
            f"UPDATE sessions SET {', '.join(sets)} WHERE id = ?", (*sets.values(), storable(session_id))
        )
    refuse_too_large(connection, layout, session_id, row.values())
    if not absolute and any(row.get(name) for name in (*_COUNTED, "estimated_cost_usd")):
        _share(connection, layout, session_id, row, now)


def _added(layout: Layout, row: Mapping[str, Value]) -> dict[str, Value]:
    """Columns that a count adds to; an estimated cost that was not known becomes 0, as upstream has it."""
    estimate: dict[str, Value] = {"estimated_cost_usd": 0} if layout.has("sessions", "estimated_cost_usd") else {}
    return estimate | {name: row[name] for name in (*_COUNTED, *_COSTS) if name in row}


def _set(layout: Layout, given: Mapping[str, Value]) -> dict[str, Value]:
    """Columns that an absolute count sets; an actual cost that is not known stays what it was."""
    values: dict[str, Value] = {name: given.get(name) or 0 for name in (*_COUNTED, "estimated_cost_usd")}
    if given.get("actual_cost_usd") is not None:
        values["actual_cost_usd"] = given["actual_cost_usd"]
    return {name: value for name, value in values.items() if layout.has("sessions", name)}


def _route(connection: apsw.Connection, layout: Layout, session_id: str, row: Mapping[str, Value]) -> None:
    """Model and billing of a session's first use, which a fallback may have changed since it was made."""
    if not (row.get("model") and row.get("billing_provider") and layout.has("sessions", "api_call_count")):
        return
    names = [name for name in _ROUTE if layout.has("sessions", name)]
    connection.execute(
        f"UPDATE sessions SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?"
        " AND COALESCE(api_call_count, 0) = 0 AND (model IS NOT ? OR billing_provider IS NOT ?)",
        (*(row.get(name) for name in names), storable(session_id), row["model"], row["billing_provider"]),
    )


def _share(connection: apsw.Connection, layout: Layout, session_id: str, row: Mapping[str, Value], now: float) -> None:
    """Add to what the session used of this model; a table that lacks a column has an older key, and is left alone."""
    added, kept = (*_COUNTED, *_COSTS), _SHARE
    names = ("session_id", "task", *_ROUTE, *added, *kept, "first_seen", "last_seen")
    if not layout.columns.get(_USAGE, frozenset()).issuperset(names):
        return
    known = ", ".join(f"COALESCE(?, NULLIF({name}, ''), '{default}')" for name, default in _DEFAULTS.items())
    places = ", ".join("?" * (len(added) + len(kept) + 2))
    updated = [f"{name} = {name} + excluded.{name}" for name in added]
    updated += [f"{name} = COALESCE(excluded.{name}, {name})" for name in kept]
    values = (*(row.get(name) or 0 for name in added), *(row.get(name) for name in kept), now, now)
    connection.execute(
        f"INSERT INTO {_USAGE} ({', '.join(names)}) SELECT id, '', {known}, {places} FROM sessions WHERE id = ?"
        f" ON CONFLICT (session_id, {', '.join(_ROUTE)}, task) DO UPDATE SET {', '.join(updated)},"
        " last_seen = excluded.last_seen",
        (*(row.get(name) for name in _ROUTE), *values, storable(session_id)),
    )


_DEFAULTS = dict.fromkeys(_ROUTE, "") | {"model": "unknown"}
"""Column of the route -> what stands for none."""
