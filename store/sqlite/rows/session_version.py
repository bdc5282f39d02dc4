"""Where a session stands and who holds it: what a repair checks before each of its writes.

Every function takes a connection, to read or inside a transaction of the Writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import apsw

from ...engine.rows import SessionVersion
from ...formats.row_encoding import storable
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout

_LOOK = 65_536
"""Rows below a session's first one that free ids are looked for among."""

_HIGHEST = 2**63 - 1

_HOLDS = (("compression_locks", "session_id"), ("session_turn_leases", "conversation_id"))
"""Tables in which Hermes says that it is at work on a session, and their key (docs/format.md §2.3)."""


def version_of(
    connection: apsw.Connection, layout: Layout, session_id: str, *, up_to: int | None = None
) -> SessionVersion:
    """Where the session stands now; session_meta rows count.

    Args:
        up_to: Only rows with ids as high as this, so that what an agent appends above makes no difference.
    """
    if not layout.has("messages", "session_id"):
        return SessionVersion()
    own = (storable(session_id), _HIGHEST if up_to is None else up_to)
    among = "FROM messages WHERE session_id = ? AND +id <= ?"  # not by (session_id, id): that index lacks `active`
    active = f"COALESCE(sum({column_sql.active(layout)}), 0)"
    [found] = connection.execute(f"SELECT count(*), min(id), max(id), {active} {among}", own)
    rows, lowest, highest, alive = (None if cell is None else cell_values.integer(cell) for cell in found)
    put_aside = f"SELECT count(*) {among} AND {column_sql.compacted(layout)}"
    [[compacted]] = connection.execute(put_aside, own) if alive != rows else [[0]]
    return SessionVersion(rows or 0, lowest, highest, alive or 0, cell_values.integer(compacted))


def after_inserts(before: SessionVersion, inserted: Sequence[int]) -> SessionVersion:
    """Where a session stands after active rows were inserted, without a look at all the others."""
    if not inserted:
        return before
    lowest, highest = min(inserted), max(inserted)
    return SessionVersion(
        rows=before.rows + len(inserted),
        lowest=lowest if before.lowest is None else min(lowest, before.lowest),
        highest=highest if before.highest is None else max(highest, before.highest),
        active=before.active + len(inserted),
        compacted=before.compacted,
    )


def highest_ever(connection: apsw.Connection) -> int:
    """The highest message id that was ever given out, 0 for none: AUTOINCREMENT goes on above it."""
    [[now]] = connection.execute("SELECT max(id) FROM messages")
    kept = list(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"))
    ever = list(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'")) if kept else []
    return max(cell_values.integer(now), *(cell_values.integer(row[0]) for row in ever), 0)


def free_ids(
    connection: apsw.Connection, *, above: int, below: int, number: int, kept_free: frozenset[int]
) -> list[int] | None:
    """The highest ids between two bounds, exclusive, that no row has; lowest first.

    Args:
        kept_free: Ids that an undo will need again.

    Returns:
        None where there are not enough, or not among the 65,536 rows below the upper bound.
    """
    if below - above - 1 < number:
        return None
    used = connection.execute(
        f"SELECT id FROM messages WHERE id > ? AND id < ? ORDER BY id DESC LIMIT {_LOOK}", (above, below)
    ).fetchall()
    bounds = [below, *(cell_values.integer(row[0]) for row in used)]
    if len(used) < _LOOK:
        bounds.append(above)
    found: list[int] = []
    for upper, lower in pairwise(bounds):
        for one in range(upper - 1, lower, -1):
            if len(found) == number:
                return found[::-1]
            if one not in kept_free:
                found.append(one)
    return found[::-1] if len(found) == number else None


def lock_holder(connection: apsw.Connection, layout: Layout, conversation: tuple[str, ...], now: float) -> str | None:
    """Who is at work on a session, as its own live row of a lock says; None where nobody is.

    Args:
        conversation: The session and the others of its compression chain.
        now: Seconds since 1970; a row that ran out is dead.
    """
    for table, key in _HOLDS:
        if not layout.has(table, "expires_at"):
            continue
        for one in conversation:
            rows = connection.execute(
                f"SELECT CAST(holder AS BLOB) FROM {table} WHERE {key} = ? AND expires_at > ?", (storable(one), now)
            ).fetchall()
            if rows:
                return cell_values.text(rows[0][0]) or table
    return None


def referrers(connection: apsw.Connection) -> tuple[str, ...]:
    """Tables whose rows refer to message rows by a foreign key: moving a message would orphan or delete them."""
    rows = connection.execute(
        "SELECT DISTINCT own.name FROM sqlite_master AS own, pragma_foreign_key_list(own.name) AS link"
        " WHERE own.type = 'table' AND lower(link.\"table\") = 'messages' ORDER BY own.name"
    )
    return tuple(str(name) for (name,) in rows)
