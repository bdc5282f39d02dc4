"""Steps that put rows from the trash back, with their ids."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import apsw

from ...base.errors import PlanChanged, Refused
from ...engine.managed import MESSAGES, SESSIONS, Image, Link, RestoreResult, RestoreStep, TrashHeader
from ...engine.operations import RUNNING, UNDOING, UNDONE, RawRow
from ...formats import titles
from ...formats.row_encoding import storable
from ..base import cell_values
from ..base.column_sql import quoted
from ..base.schema_probe import Layout
from ..journal import trash_journal
from ..repair import raw_rows
from . import rows

_COUNTERS = ("message_count", "tool_call_count", "input_tokens", "output_tokens")
"""Counters of a session that was made again while the old one was in the trash: both count."""
_DISPLAY = ("display_identity", "display_order")
"""Columns that triggers of Hermes fill."""


def restore(connection: apsw.Connection, layout: Layout, step: RestoreStep) -> RestoreResult:
    """Put the rows of a step back; messages that are there, changed or not, stay as they are.

    Raises:
        PlanChanged: The operation went on, or was undone, meanwhile.
        Refused: Hermes is at work on a session, or an id is another message's.
    """
    header = step.header
    before = _check(connection, layout, step)
    new_titles: dict[str, str] = {}
    links: list[Link] = list(before.links)
    messages: list[RawRow] = []
    for image in step.images:
        row = _known(layout, image)
        if image.table == SESSIONS:
            title, cut = _session(connection, row, merge=before.gone)
            new_titles |= title
            links += cut
        elif image.table == MESSAGES:
            messages += _message(connection, row)
        elif row:
            raw_rows.insert(connection, image.table, row, or_ignore=True)
    _settle(connection, layout, messages)
    header = replace(header, links=tuple(dict.fromkeys(links)))
    if step.last:
        _relink(connection, trash_journal.headers(connection, layout), header)
    trash_journal.record(connection, header)
    return RestoreResult(header, new_titles)


def _check(connection: apsw.Connection, layout: Layout, step: RestoreStep) -> TrashHeader:
    header = step.header
    holder = rows.lock_holder(connection, layout, step.conversation, header.changed_at)
    if holder is not None:
        raise Refused(f"Hermes is at work on {header.session_id} ({holder}); try again when it is done")
    before = trash_journal.find(connection, layout, header.operation)
    expected = UNDOING if not step.begins else None
    if before is None or before.state == UNDONE or (expected and before.state != expected):
        raise PlanChanged(f"{header.operation} went on, or was undone, meanwhile; look again")
    if before.restored + len(step.images) != header.restored:
        raise PlanChanged(f"another undo of {header.operation} runs; look again")
    return before


def _known(layout: Layout, image: Image) -> RawRow:
    """The cells that the table has columns for; none where it is gone."""
    columns = layout.columns.get(image.table, frozenset())
    return {name: cell for name, cell in image.row.items() if name in columns}


def _session(connection: apsw.Connection, row: RawRow, *, merge: bool) -> tuple[dict[str, str], list[Link]]:
    """Put a session's row back: its new title where its own was taken, and a link whose parent is not there."""
    own = {**row}
    session_id = str(row["id"])
    there = connection.execute("SELECT 1 FROM sessions WHERE id = ?", (row["id"],)).fetchone()
    if there and not merge:
        return {}, []
    title, cut = _free_title(connection, own), _cut(connection, own)
    if not there:
        raw_rows.insert(connection, SESSIONS, own)
    else:
        _merge(connection, own)
    return ({session_id: title} if title else {}), cut


def _free_title(connection: apsw.Connection, row: RawRow) -> str | None:
    """Change the title of a row where another session has it; the new one."""
    title = row.get("title")
    if not isinstance(title, str) or not _is_taken(connection, title, row):
        return None
    for candidate in titles.restored(title):
        if not _is_taken(connection, candidate, row):
            row["title"] = candidate
            return candidate
    row["title"] = None
    return None


def _is_taken(connection: apsw.Connection, title: str, row: RawRow) -> bool:
    statement = "SELECT 1 FROM sessions WHERE title = ? AND id <> ?"
    return connection.execute(statement, (title, row["id"])).fetchone() is not None


def _cut(connection: apsw.Connection, row: RawRow) -> list[Link]:
    """Take a parent that is not there from a row; the link."""
    parent = row.get("parent_session_id")
    if not isinstance(parent, str) or connection.execute("SELECT 1 FROM sessions WHERE id = ?", (parent,)).fetchone():
        return []
    row["parent_session_id"] = None
    return [(str(row["id"]), parent)]


def _merge(connection: apsw.Connection, row: RawRow) -> None:
    """Fill a row that was made again meanwhile: the old cells, both counters, the present end."""
    sets, cells = [], []
    for name, cell in row.items():
        if name in ("id", "ended_at", "end_reason") or not isinstance(cell, int | float | str | bytes | None):
            continue
        column = quoted(name)
        sets.append(f"{column} = COALESCE({column}, 0) + COALESCE(?, 0)" if name in _COUNTERS else f"{column} = ?")
        cells.append(cell)
    connection.execute(f"UPDATE sessions SET {', '.join(sets)} WHERE id = ?", (*cells, storable(str(row["id"]))))


def _message(connection: apsw.Connection, row: RawRow) -> list[RawRow]:
    """Insert a message; the row, where it was not there."""
    found = connection.execute(
        "SELECT CAST(session_id AS BLOB) FROM messages WHERE id = ?",
        (row["id"],),
    ).fetchone()
    if found is not None:
        if cell_values.text(found[0]) != row["session_id"]:
            raise Refused(
                f"the id {row['id']!r} was given to a message of another session since; nothing more was put back"
            )
        return []
    raw_rows.insert(connection, MESSAGES, row)
    return [row]


def _settle(connection: apsw.Connection, layout: Layout, inserted: Iterable[RawRow]) -> None:
    """Give the inserted messages the display columns that they had, where a trigger filled them in."""
    columns = [name for name in _DISPLAY if layout.has(MESSAGES, name)]
    if not columns:
        return
    sets = ", ".join(f"{name} = ?" for name in columns)
    changed = " OR ".join(f"{name} IS NOT ?" for name in columns)
    for row in inserted:
        cells = tuple(row.get(name) for name in columns)
        connection.execute(
            f"UPDATE messages SET {sets} WHERE id = ? AND ({changed})",
            (*cells, row["id"], *cells),
        )


def _relink(connection: apsw.Connection, known: list[TrashHeader], header: TrashHeader) -> None:
    """Give children that have no parent the one they had, where both are there: also of earlier deletions."""
    links = {*header.links, *(link for other in known for link in other.links)}
    own = set(header.session_ids)
    connection.execute(
        "UPDATE sessions SET parent_session_id = wanted.parent FROM (SELECT json_extract(value, '$[0]') AS child,"
        " json_extract(value, '$[1]') AS parent FROM json_each(?)) AS wanted WHERE sessions.id = wanted.child"
        " AND sessions.parent_session_id IS NULL AND EXISTS (SELECT 1 FROM sessions AS p WHERE p.id = wanted.parent)",
        (json.dumps(sorted(link for link in links if own & set(link))),),
    )


def finish(connection: apsw.Connection, layout: Layout, header: TrashHeader) -> TrashHeader:
    """Record the state of a deletion whose files were moved.

    Raises:
        PlanChanged: It went on, or was undone, meanwhile.
    """
    before = trash_journal.find(connection, layout, header.operation)
    wanted = RUNNING if header.state not in (UNDOING, UNDONE) else UNDOING
    if before is None or before.state not in (wanted, header.state):
        raise PlanChanged(f"{header.operation} went on, or was undone, meanwhile; look again")
    trash_journal.record(connection, header)
    return header
