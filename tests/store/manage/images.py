"""Everything that a home holds, row by row and file by file, read without the code that is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

from store import SessionDB
from tests.builders import sqlite_of

OURS = "hermes_tui_operations"


def tables(db: SessionDB) -> dict[str, list[Any]]:
    """Every row of every table that is not an index's own, with types."""

    def _read(connection: apsw.Connection) -> dict[str, list[Any]]:
        names = [
            str(row[0])
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'messages_fts%'"
                " AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ).fetchall()
        ]
        return {name: _rows(connection, name) for name in names if name != OURS}

    return sqlite_of(db).reader.read(lambda connection, _: _read(connection))


def _rows(connection: apsw.Connection, table: str) -> list[Any]:
    columns = [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table}")').fetchall()]
    cells = ", ".join(f'typeof("{name}"), CAST("{name}" AS BLOB)' for name in sorted(columns))
    return sorted(connection.execute(f'SELECT {cells} FROM "{table}"').fetchall(), key=repr)


def keys(db: SessionDB) -> list[Any]:
    """The keys of appends."""

    def _read(connection: apsw.Connection) -> list[Any]:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (OURS,)).fetchone():
            return []
        return connection.execute(f"SELECT * FROM {OURS} WHERE kind = 'append' ORDER BY operation").fetchall()

    return sqlite_of(db).reader.read(lambda connection, _: _read(connection))


def files(home: Path) -> dict[str, tuple[bytes, int, int]]:
    """Content, time and mode of every file but for databases and our backups."""
    return {
        str(path.relative_to(home)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.name.startswith("state.db") and "hermes-tui" not in path.parts
    }


def faults(db: SessionDB) -> str:
    """What SQLite's check and that of the full-text index say; "" where all is sound."""

    def _ask(connection: apsw.Connection) -> str:
        checked = connection.execute("PRAGMA integrity_check").fetchall()
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        has = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'messages_fts'").fetchone()
        if has:
            connection.execute("INSERT INTO messages_fts(messages_fts, rank) VALUES ('integrity-check', 1)")
        return "" if (checked, broken) == ([("ok",)], []) else f"{checked} {broken}"

    return sqlite_of(db).writer.transaction(_ask)
