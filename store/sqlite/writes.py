"""Parts of the engine that write, and what a repair reads; a store that is opened to read imports none of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import apsw

from ..base.delegation import delegate
from .connect import online_backup
from .journal import repair_journal
from .repair import raw_rows, row_moves, steps
from .rows import message_writes, session_version, session_writes, token_writes
from .statements import Reads, reader_of, statement

if TYPE_CHECKING:
    from .base.schema_probe import Layout

P = ParamSpec("P")
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


def _inside(
    verb: Callable[Concatenate[apsw.Connection, Layout, P], T],
) -> Callable[Concatenate[SqliteTransaction, P], T]:
    """A verb of a transaction, in two calls: an append is one."""

    @wraps(verb)
    def _call(transaction: SqliteTransaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return verb(transaction.connection, transaction.layout, *args, **kwargs)

    return _call


class SqliteTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, connection: apsw.Connection, layout: Layout) -> None:
        self.connection, self.layout = connection, layout

    create_session = _inside(session_writes.create_or_fill)
    set_prompt = _inside(session_writes.set_prompt)
    end_session = _inside(session_writes.end)
    add_tokens = _inside(token_writes.add_tokens)
    assign_title = _inside(session_writes.assign_title)
    append = _inside(message_writes.append)
    append_once = _inside(message_writes.append_once)
    append_after = _inside(message_writes.append_after)
    replace = _inside(message_writes.replace)
    apply_step = _inside(steps.apply_step)
    undo_step = _inside(steps.undo_step)
    reopen_session = delegate(_connection, session_writes.reopen)
    delete_session = delegate(_connection, session_writes.delete)
    clear = delegate(_connection, message_writes.clear)
