"""Probe of one state.db: columns, indexes, full-text layouts, progress of an index rebuild.

`schema_version` does not describe a file (docs/format.md §2.1): it is read for display only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import apsw

from ...base.fallbacks import IndexGap
from ...base.late_dataclass import dataclass, field, replace
from .cell_values import integer, is_text, text

NEWEST_KNOWN = 31
"""The highest schema number whose columns are known."""

OPERATIONS = "hermes_tui_operations"
"""Our table."""
FTS = "messages_fts"
TRIGRAM = "messages_fts_trigram"

_STORED = {"messages": ("id", "session_id", "role", "content", "timestamp"), "sessions": ("id", "started_at")}
"""Columns of tables of Hermes that are read without a question whether they cost anything."""
SCHEMA = "SELECT CAST(type AS BLOB), CAST(name AS BLOB), CAST(sql AS BLOB) FROM sqlite_master"
"""Every table, index, view and trigger; names are bytes, which need not be text."""
_MARKERS = ("fts_rebuild_high_water", "fts_rebuild_progress", "fts_stale")


@dataclass(frozen=True, slots=True)
class Layout:
    """Features of one file at the time of a probe."""

    tables: frozenset[str] = frozenset()
    """Names of tables, virtual tables and views."""
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Columns by table, for ordinary tables."""
    computed: frozenset[str] = frozenset()
    """Columns of `_STORED` that are generated, as `table.column`."""
    indexes: frozenset[str] = frozenset()
    triggers: frozenset[str] = frozenset()
    fts: str | None = None
    """Layout of `messages_fts`: A (content only), B (one inline column), C (tool columns), None for none."""
    fts_columns: tuple[str, ...] = ()
    trigram: str | None = None
    """The same of `messages_fts_trigram`."""
    trigram_columns: tuple[str, ...] = ()
    fts_leaves_out: frozenset[IndexGap] = frozenset()
    """Text that `messages_fts` lacks by design: tool `calls`, and tool rows beyond 8192 characters (`long`)."""
    trigram_leaves_out: frozenset[IndexGap] = frozenset()
    """Text that the trigram index lacks by design: `tool` rows, tool `calls`, `internal` sessions (cron, subagents)."""
    unindexed: tuple[int, int] | None = None
    """Ids above the first up to the second are not indexed yet (deferred rebuild, docs/format.md §2.4)."""
    stale: bool = False
    """True where triggers are missing, so that the indexes lack rows."""
    schema_version: int | None = None
    journal_mode: str = ""
    counter: int = 0
    """SQLite's counter of schema changes; another number means that this probe is out of date."""
    made: dict[object, object] = field(default_factory=dict, init=False, repr=False, compare=False)
    """SQL that was made for this layout: see `column_sql.once`."""

    def has(self, table: str, column: str) -> bool:
        """True where `table` has `column`."""
        return column in self.columns.get(table, frozenset())

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Of `messages`, `sessions` and their first columns those that are computed and not stored.

        A view or a column may be endless, and is never read.
        """
        views = (name for name in _STORED if name in self.tables and name not in self.columns)
        return (*views, *sorted(self.computed))

    @property
    def newer(self) -> bool:
        """True for a store of a newer Hermes than NEWEST_KNOWN."""
        return self.schema_version is not None and self.schema_version > NEWEST_KNOWN


def probe(connection: apsw.Connection, known: Layout | None = None) -> Layout:
    """The features of a file; a file without tables has an empty layout.

    Args:
        connection: Any connection to the file.
        known: The result of an earlier probe; it is reused, with fresh markers, where the schema is unchanged.

    Raises apsw.Error as it comes.
    """
    counter = counter_of(connection)
    if known is None or known.counter != counter:
        known = replace(_schema(connection), counter=counter)
    markers = _markers(connection) if known.has("state_meta", "value") else {}
    unindexed = _unindexed(markers)
    stale = "fts_stale" in markers or (known.fts is not None and f"{FTS}_insert" not in known.triggers)
    number = version(connection) if known.has("schema_version", "version") else None
    if (unindexed, stale, number) == (known.unindexed, known.stale, known.schema_version):
        return known
    return replace(known, unindexed=unindexed, stale=stale, schema_version=number)


def counter_of(connection: apsw.Connection) -> int:
    """SQLite's counter of schema changes."""
    row = connection.execute("PRAGMA schema_version").fetchone()
    return integer(row[0]) if row else 0


def version(connection: apsw.Connection) -> int | None:
    """The number in the table `schema_version`, None where it has no row."""
    row = connection.execute("SELECT MAX(version) FROM schema_version").fetchone()
    return None if row is None or row[0] is None else integer(row[0])


def _schema(connection: apsw.Connection) -> Layout:
    listed = [
        (text(kind) or "", text(name) or "", text(sql) or "")
        for kind, name, sql in connection.execute(SCHEMA).fetchall()
        if is_text(name)
    ]
    sqls = {name: sql for kind, name, sql in listed if kind in ("table", "view")}
    plain = [name for kind, name, sql in listed if kind == "table" and not sql.upper().startswith("CREATE VIRTUAL")]
    return Layout(
        tables=frozenset(sqls),
        columns={name: _columns(connection, name) for name in plain},
        computed=frozenset(found for name in plain if name in _STORED for found in _computed(connection, name)),
        indexes=frozenset(name for kind, name, _ in listed if kind == "index"),
        triggers=frozenset(name for kind, name, _ in listed if kind == "trigger"),
        fts=_kind(sqls.get(FTS)),
        fts_columns=_fts_columns(sqls.get(FTS)),
        trigram=_kind(sqls.get(TRIGRAM)),
        trigram_columns=_fts_columns(sqls.get(TRIGRAM)),
        fts_leaves_out=_left_out(sqls, FTS, (IndexGap.LONG, "8192")),
        trigram_leaves_out=_left_out(sqls, TRIGRAM, (IndexGap.TOOL, "'tool'"), (IndexGap.INTERNAL, "'subagent'")),
        journal_mode=str(connection.pragma("journal_mode")),
    )


def _left_out(sqls: Mapping[str, str], index: str, *signs: tuple[IndexGap, str]) -> frozenset[IndexGap]:
    """Text that an index lacks, by signs in the view that it reads, and by its columns."""
    sql = sqls.get(index, "")
    source = sqls.get(f"{index}_src", "") if f"{index}_src" in sql else ""
    lacks_calls = _kind(sql or None) not in (None, "B") and "tool_calls" not in _fts_columns(sql)
    return frozenset([part for part, sign in signs if sign in source] + [IndexGap.CALLS] * lacks_calls)


def _computed(connection: apsw.Connection, table: str) -> Iterator[str]:
    for name, hidden in connection.execute("SELECT CAST(name AS BLOB), hidden FROM pragma_table_xinfo(?)", (table,)):
        if hidden in (2, 3) and text(name) in _STORED[table]:
            yield f"{table}.{text(name)}"


def _columns(connection: apsw.Connection, table: str) -> frozenset[str]:
    """Columns whose names are text; a file with another one is not written (`write_obstacles`)."""
    rows = connection.execute("SELECT CAST(name AS BLOB) FROM pragma_table_info(?)", (table,)).fetchall()
    return frozenset(text(name) or "" for (name,) in rows if is_text(name))


def _markers(connection: apsw.Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT CAST(key AS BLOB), CAST(value AS BLOB) FROM state_meta WHERE key IN (?, ?, ?)", _MARKERS
    ).fetchall()
    return {text(key) or "": text(value) or "" for key, value in rows}


def _unindexed(markers: Mapping[str, str]) -> tuple[int, int] | None:
    """Ids in (progress, high water] are not indexed; without a high water mark all are."""
    high = integer(markers.get("fts_rebuild_high_water"), -1)
    done = integer(markers.get("fts_rebuild_progress"), -1)
    return (done, high) if high > done else None


def _arguments(sql: str) -> list[str]:
    opening, end = re.search(r"fts5\s*\(", sql, re.IGNORECASE), sql.rfind(")")
    inside = sql[opening.end() : end] if opening and end >= opening.end() else None
    return [] if inside is None else [part.strip() for part in inside.split(",")]


def _fts_columns(sql: str | None) -> tuple[str, ...]:
    return tuple(part.split()[0].strip("'\"`[]") for part in _arguments(sql or "") if part and "=" not in part)


def _kind(sql: str | None) -> str | None:
    """The layout of docs/format.md §2.4 that an index has, by its stored CREATE statement."""
    if sql is None:
        return None
    if "tool_name" in _fts_columns(sql):
        return "C"
    return "A" if re.search(r"\bcontent\s*=", sql) else "B"
