"""Version and lock holder of a session, checked by a repair before each write.

Every function takes a connection, for reading or inside a transaction of the Writer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import apsw

from ...engine.operations import RUNNING, UNDOING, RepairFacts
from ...engine.rows import SessionVersion
from ...formats.row_encoding import storable
from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..base.write_obstacles import obstacles
from ..journal import repair_journal, trash_journal

_MAX_SCANNED = 65_536
"""Rows below a session's first one that are searched for free ids."""

_MAX_ID = 2**63 - 1

_LOCK_TABLES = (("compression_locks", "session_id"), ("session_turn_leases", "conversation_id"))
"""Tables where Hermes registers work on a session, and their key (docs/format.md §2.3)."""


def version_of(
    connection: apsw.Connection, layout: Layout, session_id: str, *, up_to: int | None = None
) -> SessionVersion:
    """The present version of a session; session_meta rows count.

    Args:
        up_to: Highest id that counts, so that rows appended by an agent make no difference.
    """
    if not layout.has("messages", "session_id"):
        return SessionVersion()
    bindings = (storable(session_id), _MAX_ID if up_to is None else up_to)
    source = "FROM messages WHERE session_id = ? AND +id <= ?"  # not by (session_id, id): that index lacks `active`
    active = f"COALESCE(sum({column_sql.active(layout)}), 0)"
    [counts] = connection.execute(f"SELECT count(*), min(id), max(id), {active} {source}", bindings)
    rows, lowest, highest, alive = (None if cell is None else cell_values.integer(cell) for cell in counts)
    deactivated = f"SELECT count(*) {source} AND {column_sql.compacted(layout)}"
    [[compacted]] = connection.execute(deactivated, bindings) if alive != rows else [[0]]
    return SessionVersion(rows or 0, lowest, highest, alive or 0, cell_values.integer(compacted))


def after_inserts(before: SessionVersion, inserted: Sequence[int]) -> SessionVersion:
    """The version of a session after inserting active rows, without counting the others again."""
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
    """The highest message id ever used, 0 for none; AUTOINCREMENT continues above it."""
    [[now]] = connection.execute("SELECT max(id) FROM messages")
    has_sequence = list(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"))
    ever = list(connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'")) if has_sequence else []
    return max(cell_values.integer(now), *(cell_values.integer(row[0]) for row in ever), 0)


def free_ids(connection: apsw.Connection, layout: Layout, above: int, below: int, number: int) -> list[int] | None:
    """The highest ids between two exclusive bounds that are unused and that no undo will need, lowest first.

    Returns:
        None where there are too few, or too few among the 65,536 rows below the upper bound.
    """
    if below - above - 1 < number:
        return None
    used = connection.execute(
        f"SELECT id FROM messages WHERE id > ? AND id < ? ORDER BY id DESC LIMIT {_MAX_SCANNED}", (above, below)
    ).fetchall()
    bounds = [below, *(cell_values.integer(row[0]) for row in used)]
    if len(used) < _MAX_SCANNED:
        bounds.append(above)
    kept_free = repair_journal.old_ids(connection, layout) | trash_journal.kept_ids(connection, layout, above, below)
    free: list[int] = []
    for upper, lower in pairwise(bounds):
        for unused in range(upper - 1, lower, -1):
            if len(free) == number:
                return free[::-1]
            if unused not in kept_free:
                free.append(unused)
    return free[::-1] if len(free) == number else None


def facts(
    connection: apsw.Connection, layout: Layout, session_id: str, conversation: Sequence[str], *, now: float
) -> RepairFacts:
    """Facts for and against a repair of a session."""
    headers = repair_journal.headers(connection, layout, session_id=session_id)
    stopped = next((header for header in headers if header.state == RUNNING), None)
    return RepairFacts(
        holder=lock_holder(connection, layout, conversation, now),
        referrers=referrers(connection),
        obstacle="; ".join(obstacles(connection)),
        undoing=next((header for header in headers if header.state == UNDOING), None),
        stopped=stopped,
        intent=repair_journal.intent(connection, layout, stopped.operation) if stopped else None,
        done=tuple(repair_journal.steps(connection, layout, stopped.operation)) if stopped else (),
    )


def lock_holder(connection: apsw.Connection, layout: Layout, conversation: Sequence[str], now: float) -> str | None:
    """The holder of Hermes' lock on a session, by its unexpired row; None for none.

    Args:
        conversation: The session and the others of its compression chain.
        now: Seconds since 1970; rows that expired before are ignored.
    """
    for table, key in _LOCK_TABLES:
        if not layout.has(table, "expires_at"):
            continue
        live = connection.execute(
            f"SELECT CAST({key} AS BLOB), CAST(holder AS BLOB) FROM {table} WHERE expires_at > ?", (now,)
        ).fetchall()
        locked = {cell_values.text(session_id): holder for session_id, holder in live}
        for session_id in conversation if locked else ():
            if (stored := storable(session_id)) in locked:
                return cell_values.text(locked[stored]) or table
    return None


def referrers(connection: apsw.Connection) -> tuple[str, ...]:
    """Tables with a foreign key to messages: moving a message would orphan or delete their rows."""
    rows = connection.execute(
        "SELECT DISTINCT own.name FROM sqlite_master AS own, pragma_foreign_key_list(own.name) AS link"
        " WHERE own.type = 'table' AND lower(link.\"table\") = 'messages' ORDER BY own.name"
    ).fetchall()
    return tuple(str(name) for (name,) in rows)
