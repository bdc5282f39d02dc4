"""Inserts and deletes of message rows by an agent, inside a transaction of the Writer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import apsw

from ...base.errors import KeyReused
from ...formats import message_codec
from ...formats.row_encoding import MessageRow, storable
from ..base import column_sql
from ..base.cell_values import Value
from ..connect.writer import triggers_on
from ..journal import append_keys, repair_journal
from ..journal.append_keys import KeyedAppend
from . import comparison_rows, session_writes

if TYPE_CHECKING:
    from ...engine.rows import SessionStamp
    from ..base.schema_probe import Layout


def append(connection: apsw.Connection, layout: Layout, session_id: str, rows: Sequence[MessageRow]) -> list[int]:
    """Insert the rows of a turn, update the counters, return the row ids in order.

    Raises:
        ColumnMissing: See `session_writes.present`.
        apsw.ConstraintError: The session has no row.
    """
    ids = [insert(connection, layout, session_id, row) for row in rows]
    session_writes.count(connection, session_id, messages=len(rows), calls=sum([row.calls for row in rows]))
    return ids


def append_once(
    connection: apsw.Connection, layout: Layout, session_id: str, rows: Sequence[MessageRow], *, key: str, now: float
) -> list[int]:
    """`append`, unless it was done with this key before: then its row ids, the present ones if a repair moved them.

    Args:
        key: The caller's key of this append, unique within the session; it is stored in the same transaction.
        now: Seconds since 1970 UTC, stored with the key.

    Raises:
        KeyReused: Other messages were appended with this key; acknowledging these would lose them.
    """
    digest = _digest(rows)
    done = append_keys.find(connection, session_id, key)
    if done is not None:
        if done.digest not in (None, digest):
            raise KeyReused(
                f"the key {key!r} of session {session_id} was used for other messages, and nothing was written;"
                " give every turn a key of its own"
            )
        return repair_journal.current_ids(connection, layout, session_id, done.rows)
    ids = append(connection, layout, session_id, rows)
    append_keys.record(connection, session_id, key, KeyedAppend(tuple(ids), digest), now)
    return ids


def _digest(rows: Sequence[MessageRow]) -> str:
    """Digest of the messages' identities; a retry may have other times."""
    names = ("role", "content", "tool_calls", "tool_call_id")
    identities = (message_codec.identity(*(row.values.get(name) for name in names)) for row in rows)
    return hashlib.blake2b(b"".join(identities), digest_size=16).hexdigest()


def replace(
    connection: apsw.Connection,
    layout: Layout,
    session_id: str,
    rows: Sequence[MessageRow],
    *,
    active_only: bool = False,
) -> None:
    """Replace all rows of the session, or the active ones, and its counters, which then count the new rows alone."""
    _delete(connection, session_id, f" AND {column_sql.active(layout)}" if active_only else "")
    append(connection, layout, session_id, rows)


def clear(connection: apsw.Connection, session_id: str) -> None:
    """Delete the session's rows and reset its counters."""
    _delete(connection, session_id, "")


def _delete(connection: apsw.Connection, session_id: str, condition: str) -> None:
    connection.execute(f"DELETE FROM messages WHERE session_id = ?{condition}", (storable(session_id),))
    session_writes.count(connection, session_id, messages=0, calls=0, absolute=True)


def insert(
    connection: apsw.Connection, layout: Layout, session_id: str, message: MessageRow, *, at: int | None = None
) -> int:
    """Insert one row and return its id: `at`, or the next one.

    Raises:
        ColumnMissing: See `session_writes.present`.
        apsw.ConstraintError: The session has no row, or another message has that id.
    """
    columns = layout.columns["messages"]
    values: Mapping[str, Value] = message.values
    if not values.keys() <= columns:
        values = session_writes.present(layout, "messages", values)
    row: dict[str, Value] = {"session_id": storable(session_id), **values}
    if at is not None:
        row["id"] = at
    if "active" in columns:  # added by ALTER it may have no default (docs/format.md §2.1)
        row.setdefault("active", 1)
    connection.execute(_insert_statement(tuple(row)), tuple(row.values()))
    if connection.changes() != 1:  # a trigger would have skipped it, which no file has that is written
        raise apsw.ConstraintError("the row was not inserted")
    row_id = connection.last_insert_rowid()  # RETURNING would take as long as a quarter of the insert
    if "display_order" in columns and not triggers_on(connection):  # docs/decisions/0012
        connection.execute("UPDATE messages SET display_order = id WHERE id = ?", (row_id,))
    return row_id


@lru_cache(maxsize=256)
def _insert_statement(columns: tuple[str, ...]) -> str:
    names, parameters = ", ".join(columns), ", ".join("?" * len(columns))
    return f"INSERT INTO messages ({names}) VALUES ({parameters})"


def append_after(
    connection: apsw.Connection, layout: Layout, session_id: str, expected: SessionStamp, rows: Sequence[MessageRow]
) -> SessionStamp | None:
    """Append a turn inside a transaction, unless another process wrote to the session since `expected` was taken.

    Returns:
        The new stamp; None where nothing was written.
    """
    if comparison_rows.session_stamp(connection, layout, session_id) != expected:
        return None
    append(connection, layout, session_id, rows)
    return comparison_rows.session_stamp(connection, layout, session_id)
