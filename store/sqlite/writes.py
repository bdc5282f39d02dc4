"""Parts of the engine that write, and what a repair reads; a store that is opened to read imports none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import apsw

from ..base.delegation import delegate
from .connect import online_backup
from .journal import repair_journal
from .repair import raw_rows, row_moves, steps
from .rows import message_writes, session_version, session_writes, token_writes
from .statements import Reads, reader_of, statement

if TYPE_CHECKING:
    from .base.schema_probe import Layout

T = TypeVar("T")


class SqliteRepairs(Reads):
    """Implements `ports.RepairRows`."""

    session_row = statement(raw_rows.session)
    facts = statement(session_version.facts)
    operations = statement(repair_journal.operations)
    free_ids = statement(session_version.free_ids)
    message_rows = delegate(reader_of, raw_rows.messages)
    copy = delegate(reader_of, online_backup.copy)

    active_counts = statement(row_moves.active_counts)


def _connection(transaction: SqliteTransaction) -> apsw.Connection:
    return transaction.connection


class SqliteTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, connection: apsw.Connection, layout: Layout) -> None:
        self.connection, self.layout = connection, layout

    def run(self, statement: Callable[[apsw.Connection, Layout], T]) -> T:
        """The result of a statement of the transaction."""
        return statement(self.connection, self.layout)

    create_session = statement(session_writes.create_or_fill)
    set_prompt = statement(session_writes.set_prompt)
    end_session = statement(session_writes.end)
    add_tokens = statement(token_writes.add_tokens)
    assign_title = statement(session_writes.assign_title)
    append = statement(message_writes.append)
    append_once = statement(message_writes.append_once)
    append_after = statement(message_writes.append_after)
    replace = statement(message_writes.replace)
    apply_step = statement(steps.apply_step)
    undo_step = statement(steps.undo_step)
    reopen_session = delegate(_connection, session_writes.reopen)
    delete_session = delegate(_connection, session_writes.delete)
    clear = delegate(_connection, message_writes.clear)
