"""Temporary triggers for a transaction in which a trigger of the file cannot run.

An index whose tokenizer only Hermes can load (layout D, docs/format.md §2.4) fails every trigger that names it.
With the file's triggers disabled, temporary copies of the others keep the usable indexes up to date; SQLite runs
temporary triggers whatever SQLITE_DBCONFIG_ENABLE_TRIGGER says (since 3.35).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import apsw

CJK = "messages_fts_cjk"
"""The index of Hermes whose tokenizer is a separate library."""

_PREFIX = "hermes_tui_stand_in_"
_HEAD = re.compile(r"\s*CREATE\s+TRIGGER\s+(?:IF\s+NOT\s+EXISTS\s+)?(\"[^\"]+\"|\w+)", re.IGNORECASE)
_INDEXES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%' AND sql LIKE '%fts5%'"
)


def unusable_indexes(connection: apsw.Connection) -> list[str]:
    """Full-text indexes whose tokenizer this SQLite lacks; only a query loads it."""
    names = []
    for name in _names(connection, _INDEXES):
        try:
            connection.execute(f'SELECT rowid FROM "{name}" WHERE "{name}" MATCH ? LIMIT 1', ("x",)).fetchall()
        except apsw.SQLError:
            names.append(name)
        except apsw.CorruptError:
            pass  # its tokenizer is there; a write will report the damage
    return names


def install(connection: apsw.Connection) -> bool:
    """Inside a transaction: copy the triggers of the usable indexes; False where all indexes are usable.

    A rollback removes them; after a commit `remove` does.
    """
    broken = unusable_indexes(connection)
    if not broken:
        return False
    working = [name for name in _names(connection, _INDEXES) if name not in broken]
    for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'messages'"):
        head = _HEAD.match(str(sql))
        if head and _mentions(str(sql), working) and not _mentions(str(sql), broken):
            name = head[1].strip('"')
            connection.execute(f'CREATE TEMP TRIGGER "{_PREFIX}{name}"{str(sql)[head.end() :]}')
    return True


def remove(connection: apsw.Connection) -> None:
    """Drop the triggers of `install`."""
    for name in _names(connection, f"SELECT name FROM sqlite_temp_master WHERE name LIKE '{_PREFIX}%'"):
        connection.execute(f'DROP TRIGGER temp."{name}"')


def _names(connection: apsw.Connection, statement: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(statement).fetchall()]


def _mentions(sql: str, names: Sequence[str]) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", sql) for name in names)
