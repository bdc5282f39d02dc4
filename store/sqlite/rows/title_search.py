"""Titles of sessions: unique, moved along a compression chain, found by lineage (docs/format.md §4.2)."""

from __future__ import annotations

import apsw

from ..base import cell_values, column_sql
from ..base.schema_probe import Layout
from ..connect.reader import Reader
from .session_writes import present

_TITLES = ("sessions", "title")


def assign(connection: apsw.Connection, layout: Layout, session_id: str | None, title: str | None) -> bool:
    """Set or clear a session's title, inside a transaction.

    A title of an older section of the same compression chain moves to this one.

    Returns:
        False where the session has no row.

    Raises:
        ValueError: Another session has the title.
        ColumnMissing: See `session_writes.present`.
    """
    present(layout, "sessions", {"title": title})
    if not layout.has("sessions", "title"):
        return False
    for (cell,) in list(
        connection.execute("SELECT CAST(id AS BLOB) FROM sessions WHERE title = ? AND id != ?", (title, session_id))
    ):
        holder = cell_values.text(cell)
        if not _is_older_section(connection, holder, session_id):
            raise ValueError(f"Title '{title}' is already in use by session {holder}")
        connection.execute("UPDATE sessions SET title = NULL WHERE id = ?", (holder,))
    connection.execute("UPDATE sessions SET title = ? WHERE id = ?", (title, session_id))
    return connection.changes() > 0


def title_of(reader: Reader, session_id: str | None) -> str | None:
    """The title of a session; None for none."""
    row = reader.row("SELECT CAST(title AS BLOB) FROM sessions WHERE id = ?", (session_id,), needs=_TITLES)
    return cell_values.text(row[0]) if row else None


def newest_in_lineage(reader: Reader, title: str) -> str | None:
    """Id of the newest “title #…”, else of the session with exactly this title, else None."""
    numbered = "title LIKE ?2 ESCAPE '\\'"
    row = reader.row(
        f"SELECT CAST(id AS BLOB) FROM sessions WHERE title = ?1 OR {numbered}"
        f" ORDER BY {numbered} DESC, started_at DESC LIMIT 1",
        (title, _numbered(title)),
        needs=_TITLES,
    )
    return cell_values.text(row[0]) if row else None


def lineage_titles(reader: Reader, base: str) -> list[str]:
    """All titles of a lineage: the base and its “#…”."""
    sql = "SELECT CAST(title AS BLOB) FROM sessions WHERE title = ? OR title LIKE ? ESCAPE '\\'"
    return reader.texts(sql, (base, _numbered(base)), needs=_TITLES)


def _numbered(title: str) -> str:
    return f"{column_sql.like(title)} #%"


def _is_older_section(connection: apsw.Connection, holder: str | None, session_id: str | None) -> bool:
    """True where the holder is an ancestor of the session by compressions only."""
    rows = connection.execute(
        "WITH RECURSIVE older(id) AS (SELECT ?1 UNION SELECT parent.id FROM older"
        " CROSS JOIN sessions AS child ON child.id = older.id"
        " CROSS JOIN sessions AS parent ON parent.id = child.parent_session_id AND parent.end_reason = 'compression')"
        " SELECT 1 FROM older WHERE id = ?2",
        (session_id, holder),
    )
    return bool(list(rows))
