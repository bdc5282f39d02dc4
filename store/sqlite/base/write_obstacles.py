"""Structure of a state.db that forbids a write (docs/format.md §13.2), and what of it is not known.

A version number forbids nothing (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import apsw

from ...base.late_dataclass import dataclass
from .cell_values import integer, text
from .schema_probe import OPERATIONS, SCHEMA
from .trigger_sql import NotUnderstood, Trigger, full_text_table, has_keyword, parse_trigger, watched_table

_FILLED = {
    "messages": frozenset(("id", "session_id", "role", "content", "timestamp", "active")),
    "sessions": frozenset(("id", "source", "started_at")),
}
"""Columns that every insert of ours fills, where they are there; those without `active` must be."""
_OPTIONAL = "active"
_KEYS = (("messages", "id", True), ("messages", "session_id", False), ("sessions", "id", True))
_CASCADES = ("CASCADE", "SET NULL", "SET DEFAULT")
_DISPLAY = "display_"
_HIDDEN = (2, 3)
"""Generated columns in `pragma_table_xinfo`."""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str
    required: bool
    """NOT NULL, without a default, and stored."""
    key: int
    """Its place in the primary key, from 1; 0 where it is not in it."""

    @property
    def is_text(self) -> bool:
        """True for the affinity TEXT."""
        kind = self.kind.upper()
        return "INT" not in kind and any(word in kind for word in ("CHAR", "CLOB", "TEXT"))


def obstacles(connection: apsw.Connection) -> tuple[str, ...]:
    """What in a file forbids to write into it, in words; nothing for a file without tables.

    Raises apsw.Error as it comes.
    """
    rows = [
        (text(kind) or "", text(name) or "", text(sql) or "")
        for kind, name, sql in connection.execute(SCHEMA).fetchall()
    ]
    sqls = {name.lower(): (kind, sql) for kind, name, sql in rows if kind in ("table", "view")}
    tables = [name for name in _FILLED if name in sqls]
    found: list[str] = []
    for table in tables:
        kind, sql = sqls[table]
        if kind == "view" or sql.upper().startswith("CREATE VIRTUAL"):
            found.append(f"{table} is no table")
        else:
            found += _structure(table, sql, _columns(connection, table))
    written = _written(connection, [name for kind, name, _ in rows if kind == "table"]) if tables else frozenset()
    indexes = frozenset(filter(None, (full_text_table(sql) for kind, _, sql in rows if kind == "table")))
    found += _triggers({name: sql for kind, name, sql in rows if kind == "trigger"}, written, indexes)
    return tuple(found)


def _structure(table: str, sql: str, columns: Mapping[str, _Column]) -> Iterator[str]:
    """Obstacles in a table's columns and keys."""
    for name in sorted(_FILLED[table] - {_OPTIONAL} - columns.keys()):
        yield f"{table} has no column {name}"
    for name, column in columns.items():
        if "\ufffd" in name:
            yield f"{table} has a column whose name is no text"
        if column.required and name not in _FILLED[table]:
            yield f"{table}.{column.name} must be filled (NOT NULL, no default), and its meaning is not known"
    for owner, name, is_key in _KEYS:
        if owner == table and name in columns and not _is_as_known(columns, name, is_key=is_key):
            yield f"{table}.{name} has another type or is another key"
    if has_keyword(sql, "CONFLICT"):
        yield f"{table} replaces rows by itself (ON CONFLICT)"
    if has_keyword(sql, "WITHOUT"):
        yield f"{table} has no row ids (WITHOUT ROWID)"


def _is_as_known(columns: Mapping[str, _Column], name: str, *, is_key: bool) -> bool:
    column = columns[name]
    keys = [other.name.lower() for other in columns.values() if other.key]
    if (name == "id") != (keys == [name]) and is_key:
        return False
    if name == "id" and "role" in columns:
        return column.kind.upper() == "INTEGER"
    return column.is_text


def _columns(connection: apsw.Connection, table: str) -> dict[str, _Column]:
    rows = connection.execute(
        'SELECT CAST(name AS BLOB), type, "notnull", dflt_value IS NULL, pk, hidden FROM pragma_table_xinfo(?)',
        (table,),
    ).fetchall()
    found = [
        _Column(text(name) or "", str(kind or ""), bool(required and bare and hidden not in _HIDDEN), integer(key))
        for name, kind, required, bare, key, hidden in rows
    ]
    return {column.name.lower(): column for column in found}


def _written(connection: apsw.Connection, tables: Iterable[str]) -> frozenset[str]:
    """Tables, in lower case, that our writes change: ours, and those whose rows follow by a foreign key."""
    links = [
        (table.lower(), str(parent).lower())
        for table in tables
        for parent, on_delete, on_update in connection.execute(
            'SELECT "table", on_delete, on_update FROM pragma_foreign_key_list(?)', (table,)
        ).fetchall()
        if on_delete in _CASCADES or on_update in _CASCADES
    ]
    found = {*_FILLED, OPERATIONS}
    while more := {child for child, parent in links if parent in found} - found:
        found |= more
    return frozenset(found)


def _triggers(sqls: Mapping[str, str], written: frozenset[str], indexes: frozenset[str]) -> Iterator[str]:
    for name, sql in sorted(sqls.items()):
        try:
            table = watched_table(sql)
            known = table not in written or _is_known(parse_trigger(sql), indexes)
        except NotUnderstood:
            known = False
        if not known:
            yield f"the trigger {name} does what no known Hermes does"


def _is_known(trigger: Trigger, indexes: frozenset[str]) -> bool:
    """True where a trigger writes full-text indexes, or display columns of its own table, and nothing else."""
    return not trigger.raises and all(
        write.table in indexes
        or (
            write.table == trigger.table
            and write.columns is not None
            and all(column.startswith(_DISPLAY) for column in write.columns)
        )
        for write in trigger.writes
    )
