"""Empty state.db files as Hermes of other versions has them, and the fields that they cannot hold."""

from __future__ import annotations

from pathlib import Path

import apsw

from store.sqlite.connect import create
from tests.homes import schema
from tests.homes.fulltext import LAYOUTS

ERAS = {
    "sqlite-v6-A": (6, "A"),
    "sqlite-v10-A'": (10, "A'"),
    "sqlite-v22-B": (22, "B"),
    "sqlite-v25-C1": (25, "C1"),
    "sqlite-v31-C3": (31, "C3"),
}
"""Name -> schema version and layout of the full-text indexes."""

NEWEST = 31


def make(path: Path, era: str) -> None:
    """An empty store of an era, that of version 22 as this program makes it; nothing of it is left in a WAL.

    Args:
        era: One of `ERAS`.
    """
    version, layout = ERAS[era]
    if version == create.VERSION:
        create.create(path)
    connection = apsw.Connection(str(path))
    if version != create.VERSION:
        connection.execute("PRAGMA journal_mode = WAL")
        with connection:
            connection.execute("; ".join([*schema.statements(version), LAYOUTS[layout]]))
            if layout == "C3":
                connection.execute("INSERT INTO state_meta VALUES ('fts_storage_version', '3')")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    path.chmod(0o600)


def lacking(table: str, version: int) -> frozenset[str]:
    """The columns of the newest version that a table has not."""
    known = create.columns() if (table, version) == ("messages", create.VERSION) else schema.columns(table, version)
    return frozenset(schema.columns(table, NEWEST)).difference(known)
