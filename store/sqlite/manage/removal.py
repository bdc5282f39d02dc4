"""Steps that move rows into the trash: each checks that its rows are those that were copied, then deletes them."""

from __future__ import annotations

import json
from dataclasses import replace

import apsw

from ...base.errors import PlanChanged, Refused
from ...engine.managed import APPENDS, Image, Link, RemoveStep, TrashHeader
from ...engine.operations import RUNNING
from ..base import cell_values
from ..base.column_sql import quoted
from ..base.schema_probe import Layout
from ..journal import trash_journal
from . import rows
from .rows import IN_LIST, as_list


def remove(connection: apsw.Connection, layout: Layout, step: RemoveStep) -> TrashHeader:
    """Remove the rows of a step.

    Returns:
        The operation after it, with the links that were cut.

    Raises:
        PlanChanged: The rows are not those that were copied, or the deletion was finished or undone meanwhile.
        Refused: Hermes is at work on a session.
    """
    header = step.header
    _check(connection, layout, step)
    going = _rows_of(connection, layout, step)
    if not step.accepts(going):
        raise PlanChanged(f"{header.session_id} changed while it was deleted; look again")
    connection.execute(f"DELETE FROM messages WHERE id {IN_LIST}", (json.dumps(list(step.messages)),))
    if step.appends:
        connection.execute(f"DELETE FROM {APPENDS} WHERE operation {IN_LIST} AND step = 0", (as_list(step.appends),))
    if step.last:
        header = replace(header, links=_cut_links(connection, header.session_ids), gone=True)
        _delete_sessions(connection, layout, header.session_ids)
    trash_journal.record(connection, header)
    if step.begins or step.last:
        trash_journal.record_spans(connection, header)
    return header


def _check(connection: apsw.Connection, layout: Layout, step: RemoveStep) -> None:
    header = step.header
    holder = rows.lock_holder(connection, layout, step.conversation, header.changed_at)
    if holder is not None:
        raise Refused(f"Hermes is at work on {header.session_id} ({holder}); try again when it is done")
    known = trash_journal.find(connection, layout, header.operation)
    if (known is None) is not step.begins or (known is not None and known.state != RUNNING):
        raise PlanChanged(f"{header.operation} went on, or was undone, meanwhile; look again")


def _rows_of(connection: apsw.Connection, layout: Layout, step: RemoveStep) -> list[Image]:
    """The rows that a step removes, as they are now; with the last one whatever is left of the sessions."""
    if not step.last:
        going = rows.messages(connection, layout, step.messages)
        return going + (rows.appends_by_key(connection, layout, step.appends) if step.appends else [])
    session_ids = step.header.session_ids
    if rows.message_ids(connection, layout, session_ids) or rows.appends(connection, layout, session_ids):
        raise PlanChanged(f"{step.header.session_id} got messages while it was deleted; look again")
    return rows.others(connection, layout, session_ids)


def _cut_links(connection: apsw.Connection, session_ids: tuple[str, ...]) -> tuple[Link, ...]:
    """Take the parent from the children that stay."""
    listed = as_list(session_ids)
    children = connection.execute(
        "SELECT CAST(id AS BLOB), CAST(parent_session_id AS BLOB) FROM sessions"
        f" WHERE parent_session_id {IN_LIST} AND id NOT {IN_LIST}",
        (listed, listed),
    ).fetchall()
    connection.execute(
        f"UPDATE sessions SET parent_session_id = NULL WHERE parent_session_id {IN_LIST} AND id NOT {IN_LIST}",
        (listed, listed),
    )
    return tuple((cell_values.text(child) or "", cell_values.text(parent) or "") for child, parent in children)


def _delete_sessions(connection: apsw.Connection, layout: Layout, session_ids: tuple[str, ...]) -> None:
    listed = as_list(session_ids)
    for table, column in rows.dependents(connection, layout):
        connection.execute(f"DELETE FROM {quoted(table)} WHERE {quoted(column)} {IN_LIST}", (listed,))
    connection.execute(f"DELETE FROM sessions WHERE id {IN_LIST}", (listed,))
