"""Agents' reads: whole rows as dicts, every column of the file, text decoded; ids, titles and counts.

Lists and transcripts use `sessions` and `messages` instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain

from ...engine.rows import RowDict
from ..base import cell_values, column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout
from ..connect.reader import SESSIONS, Reader
from .messages import MAX_BODIES

_BINARY = frozenset({"display_identity"})
"""Columns of binary data (docs/format.md §2.3)."""
_TITLES = ("sessions", "title")


def sessions(
    reader: Reader, clause: str = "", bindings: Sequence[Value] = (), *, without: frozenset[str] = frozenset()
) -> list[RowDict]:
    """Rows of `sessions`, with `system_prompt` by its hash where it was moved (docs/format.md §2.3, version 25).

    Args:
        without: Columns that are not read.
    """
    layout = reader.layout
    if not layout.has("sessions", "id"):
        return []
    # Ids are sorted, not rows: a row with all of its texts may be larger than SQLite sorts.
    source = f"(SELECT id AS chosen FROM sessions {clause}) CROSS JOIN sessions ON sessions.id = chosen"
    return _dicts(reader, layout, "sessions", source, bindings, without=without)


def session(reader: Reader, session_id: str | None) -> RowDict | None:
    """The row of one session, None for none."""
    return next(iter(sessions(reader, "WHERE id = ?", (session_id,))), None)


def by_title(reader: Reader, title: str | None) -> RowDict | None:
    """The row of the session with exactly this title, None for none."""
    if not reader.layout.has(*_TITLES):
        return None
    return next(iter(sessions(reader, "WHERE title = ?", (title,))), None)


def newest(reader: Reader, source: str | None, limit: int, offset: int) -> list[RowDict]:
    """Rows by newest start, of one source or of all; a negative limit means no limit."""
    where, bindings = ("WHERE source = ? ", (source,)) if source is not None else ("", ())
    return sessions(reader, f"{where}ORDER BY started_at DESC, id DESC LIMIT ? OFFSET ?", (*bindings, limit, offset))


def messages(
    reader: Reader, session_ids: Sequence[str], *, include_inactive: bool, limit: int = -1, offset: int = 0
) -> list[RowDict]:
    """Rows of `messages` of some sessions in id order; a negative limit means no limit."""
    layout = reader.layout
    if not layout.has("messages", "session_id"):
        return []
    active = "" if include_inactive else f" AND {column_sql.active(layout)}"
    places = ", ".join("?" * len(session_ids))
    ids = f"SELECT id FROM messages WHERE session_id IN ({places}){active} ORDER BY id LIMIT ? OFFSET ?"
    source = f"messages WHERE id IN ({ids}) ORDER BY id"
    return _dicts(reader, layout, "messages", source, (*session_ids, limit, offset))


def by_ids(reader: Reader, ids: Sequence[int]) -> list[RowDict]:
    """Rows of `messages` by id, lowest first, without those that are gone.

    Raises:
        ValueError: More than 256 ids.
    """
    if len(ids) > MAX_BODIES:
        raise ValueError(f"at most {MAX_BODIES} messages at a time, not {len(ids)}")
    layout = reader.layout
    if not ids or not layout.has("messages", "id"):
        return []
    chosen = "messages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return _dicts(reader, layout, "messages", chosen, (json.dumps(list(ids)),))


def count_messages(reader: Reader, session_id: str | None) -> int:
    """Number of message rows of a session, inactive ones too, or of all."""
    where, bindings = ("", ()) if session_id is None else (" WHERE session_id = ?", (session_id,))
    return reader.number(f"SELECT count(*) FROM messages{where}", bindings, needs=("messages", "id"))


def ids_like(reader: Reader, prefix: str) -> list[str]:
    """At most two ids with a prefix."""
    sql = "SELECT CAST(id AS BLOB) FROM sessions WHERE id LIKE ? ESCAPE '\\' LIMIT 2"
    return reader.texts(sql, (f"{column_sql.like(prefix)}%",), needs=SESSIONS)


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


def _dicts(
    reader: Reader,
    layout: Layout,
    table: str,
    source: str,
    bindings: Sequence[Value],
    *,
    without: frozenset[str] = frozenset(),
) -> list[RowDict]:
    names = sorted(layout.columns[table] - without)
    selected = ", ".join(_cell(layout, table, name) for name in names)
    rows = reader.rows(f"SELECT {selected} FROM {source}", bindings)
    if bytes not in map(type, chain.from_iterable(rows)):
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [{name: _decoded(name, cell) for name, cell in zip(names, row, strict=True)} for row in rows]


def _cell(layout: Layout, table: str, name: str) -> str:
    """A column; `Reader.rows` reads text that is not UTF-8."""
    if (table, name) == ("sessions", "system_prompt") and layout.has("sessions", "system_prompt_hash"):
        shared = "(SELECT prompt FROM system_prompts WHERE hash = sessions.system_prompt_hash)"
        return f"CAST(COALESCE({shared}, system_prompt) AS BLOB)"
    quoted = f"{table}.{column_sql.quoted(name)}"
    return column_sql.blob(quoted, quoted)


def _decoded(name: str, cell: Value) -> Value:
    return cell_values.text(cell) if isinstance(cell, bytes) and name not in _BINARY else cell
