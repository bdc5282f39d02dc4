"""The message rows as an agent writes them; every function runs inside a transaction of the Writer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import apsw

from ...base.errors import KeyReused
from ...formats import message_codec
from ...formats.row_encoding import MessageRow, storable
from ..base import cell_values
from ..base.schema_probe import Layout
from ..connect.writer import triggers_on
from ..journal import append_keys, repair_journal
from ..journal.append_keys import KeyedAppend
from . import session_writes


def append(connection: apsw.Connection, layout: Layout, session_id: str, drafts: Sequence[MessageRow]) -> list[int]:
    """Insert the rows of a turn, bring the counters up to date, return the row ids in order.

    Raises:
        ColumnMissing: See `registry.present`.
        apsw.ConstraintError: The session has no row.
    """
    ids = [insert(connection, layout, session_id, draft) for draft in drafts]
    session_writes.count(connection, session_id, messages=len(drafts), calls=sum(draft.calls for draft in drafts))
    return ids


def append_once(
    connection: apsw.Connection, layout: Layout, session_id: str, drafts: Sequence[MessageRow], *, key: str, now: float
) -> list[int]:
    """`append`, unless it was done under this key before: then its row ids, those after a repair if one moved them.

    Args:
        key: The caller's name for this append, unique within the session; it is kept in the same transaction.
        now: Seconds since 1970 UTC, kept with the key.

    Raises:
        KeyReused: What was done under this key are other messages: to acknowledge these would lose them.
    """
    digest = _digest(drafts)
    done = append_keys.find(connection, session_id, key)
    if done is not None:
        if done.digest not in (None, digest):
            raise KeyReused(
                f"the key {key!r} of session {session_id} stands for other messages already, and nothing was written;"
                " give every turn a key of its own"
            )
        return repair_journal.current_ids(connection, layout, session_id, done.rows)
    ids = append(connection, layout, session_id, drafts)
    append_keys.record(connection, session_id, key, KeyedAppend(tuple(ids), digest), now)
    return ids


def _digest(drafts: Sequence[MessageRow]) -> str:
    """Of what makes the messages the ones they are; a retry may have other times."""
    names = ("role", "content", "tool_calls", "tool_call_id")
    rows = (message_codec.identity(*(draft.values.get(name) for name in names)) for draft in drafts)
    return hashlib.blake2b(b"".join(rows), digest_size=16).hexdigest()


def replace(connection: apsw.Connection, layout: Layout, session_id: str, drafts: Sequence[MessageRow]) -> None:
    """Put these rows in place of all that the session has; the counters are theirs."""
    clear(connection, session_id)
    append(connection, layout, session_id, drafts)


def clear(connection: apsw.Connection, session_id: str) -> None:
    """Delete the session's rows; its counters are 0."""
    connection.execute("DELETE FROM messages WHERE session_id = ?", (storable(session_id),))
    session_writes.count(connection, session_id, messages=0, calls=0, absolute=True)


def insert(
    connection: apsw.Connection, layout: Layout, session_id: str, draft: MessageRow, *, at: int | None = None
) -> int:
    """Insert one row and return its id: `at`, or the next one.

    Raises:
        ColumnMissing: See `registry.present`.
        apsw.ConstraintError: The session has no row, or another message has that id.
    """
    row = {"session_id": storable(session_id), **session_writes.present(layout, "messages", draft.values)}
    if at is not None:
        row["id"] = at
    if layout.has("messages", "active"):  # added by ALTER it may have no default (docs/format.md §2.1)
        row["active"] = 1
    columns, places = ", ".join(row), ", ".join("?" * len(row))
    statement = f"INSERT INTO messages ({columns}) VALUES ({places}) RETURNING id"
    [(name,)] = list(connection.execute(statement, tuple(row.values())))
    if layout.has("messages", "display_order") and not triggers_on(connection):  # docs/decisions/0012
        connection.execute("UPDATE messages SET display_order = id WHERE id = ?", (name,))
    return cell_values.integer(name)
