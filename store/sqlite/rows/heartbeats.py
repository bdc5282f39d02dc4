"""Heartbeats of gateways in a state.db (docs/format.md §11.2): the only sign of one on another machine."""

from __future__ import annotations

from ..base import cell_values
from ..connect.reader import Reader

FRESH = 120.0
"""Seconds for which a heartbeat counts; how often a gateway writes one is not documented."""


def backends(reader: Reader, now: float) -> list[str]:
    """Gateways with a fresh heartbeat, the last first: their ids, with their hosts where those are known.

    Args:
        now: Seconds since 1970 UTC.
    """
    layout = reader.layout
    if not (layout.has("gateway_heartbeats", "last_heartbeat") and layout.has("gateway_heartbeats", "backend_id")):
        return []
    host = "CAST(host AS BLOB)" if layout.has("gateway_heartbeats", "host") else "NULL"
    rows = reader.rows(
        f"SELECT CAST(backend_id AS BLOB), {host} FROM gateway_heartbeats"
        " WHERE CAST(last_heartbeat AS REAL) BETWEEN ? AND ? ORDER BY last_heartbeat DESC LIMIT 8",
        (now - FRESH, now + FRESH),
    )
    named = [(cell_values.text(name) or "?", cell_values.text(host)) for name, host in rows]
    return [f"{name} on {host}" if host else name for name, host in named]
