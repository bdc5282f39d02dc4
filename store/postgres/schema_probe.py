"""Structure of a schema, looked up in the catalog: tables, columns, what forbids to read it, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ..base import strict_json
from ..base.errors import NoPermission, NotADatabase, StoreMissing
from .column_types import READ, read_as
from .error_mapping import may_not_read

MARKER = "hermes_tui_schema"
"""A table that only schemas of ours have."""
TERMS = "hermes_tui_terms"
"""Column of ours: the words of a message as `query.tokenizer` finds them."""
VECTOR = "search_vector"
"""Hermes' own column of words (docs/postgres.md §10)."""
OURS = frozenset({TERMS, VECTOR, "hermes_tui_long", "hermes_tui_gone_at", "hermes_tui_extra", "hermes_tui_source"})
"""Columns that are no fields of a message or a session."""

TABLES = (
    *("sessions", "messages", "system_prompts", "session_model_usage", "schema_version", "postgres_schema_version"),
    *("state_change_revision", "gateway_heartbeats", MARKER, "hermes_tui_appends", "hermes_tui_revisions"),
    "hermes_tui_pushed",
)
"""Tables that anything here looks at."""
_NAMES = ", ".join(f"'{name}'" for name in TABLES)

_FAMILY = (
    "WITH RECURSIVE family(oid) AS (SELECT c.oid UNION"
    " SELECT i.inhrelid FROM family JOIN pg_catalog.pg_inherits AS i ON i.inhparent = family.oid),"
    " part(classid, objid, is_table) AS (SELECT 'pg_class'::regclass, oid, true FROM family UNION ALL"
    " SELECT 'pg_class'::regclass, i.indexrelid, false FROM family JOIN pg_catalog.pg_index AS i"
    " ON i.indrelid = family.oid UNION ALL"
    " SELECT 'pg_statistic_ext'::regclass, e.oid, false FROM family JOIN pg_catalog.pg_statistic_ext AS e"
    " ON e.stxrelid = family.oid)"
)
"""A table with those that inherit from it, and what the planner reads of them besides."""
_CALLS = (
    f"EXISTS ({_FAMILY} SELECT 1 FROM part CROSS JOIN LATERAL (SELECT refclassid, refobjid FROM pg_catalog.pg_depend"
    " WHERE classid = part.classid AND objid = part.objid OFFSET 0) AS d WHERE d.refobjid >= 16384"
    " AND (d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)"
    " OR (d.refclassid = 'pg_type'::regclass AND NOT part.is_table)))"
    f" OR EXISTS ({_FAMILY} SELECT 1 FROM family JOIN pg_catalog.pg_class AS r ON r.oid = family.oid"
    " WHERE r.relkind NOT IN ('r', 'p'))"
)
"""True where reading a table would run what is not the server's own: the planner computes functions of constants in
conditions and expressions of indexes, statistics and partition keys, with the reader's rights; those of checks it does
not look at in our transactions."""
_TABLES = (
    f"SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.reltuples, {_CALLS} AS calls,"
    " pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable"
    " FROM (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s) OFFSET 0) AS n"
    " JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid"
    f" WHERE c.relname IN ({_NAMES}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') OFFSET 0"
)
PROBE = (
    "SELECT c.nspname, c.relname, c.relkind::text, c.relrowsecurity, c.calls, c.reltuples,"
    " ARRAY(SELECT pg_catalog.pg_get_expr(i.indpred, i.indrelid) FROM pg_catalog.pg_index AS i"
    " WHERE i.indrelid = c.oid AND i.indpred IS NOT NULL),"
    " (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname,"
    " CASE WHEN COALESCE(b.typnamespace, t.typnamespace) = 'pg_catalog'::regnamespace"
    " THEN COALESCE(b.typname, t.typname)::text END,"
    " c.readable OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')) ORDER BY a.attnum)::text"
    " FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid"
    " LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype AND t.typtype = 'd'"
    " WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"
    f" FROM ({_TABLES}) AS c"
)
"""The tables of some schemas, each with its columns as JSON: name, type or that of its domain, null for one that is not
built in, and whether the role may read it; by their names, as the catalog of many schemas is indexed."""
_FIELDS = 8

SCHEMAS = (
    "SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE (SELECT count(*) FROM pg_catalog.pg_class AS c"
    " WHERE c.relnamespace = n.oid AND c.relname IN ('sessions', 'messages')) = 2"
    " AND n.nspname !~ '^pg_' AND n.nspname ~ '^[a-z_][a-z0-9_]{0,62}$' ORDER BY n.nspname"
)
"""The schemas that hold sessions and messages."""

_SEARCHED = (
    *("id", "session_id", "role", "content", "tool_name", "tool_calls", "timestamp", "active", "compacted"),
    *("reasoning", "reasoning_content", TERMS, VECTOR, "hermes_tui_long", "hermes_tui_gone_at"),
)
_ORDINARY = ("r", "p")
_NEEDED = (
    *(("sessions", "id"), ("messages", "id"), ("messages", "session_id"), ("messages", "content")),
    *(("messages", "role"), ("sessions", "started_at")),
)
"""Columns that every Hermes has had; any other may be absent and reads as NULL."""


@dataclass(frozen=True, slots=False)
class Layout:
    """Tables and columns of a schema."""

    schema: str
    columns: Mapping[str, tuple[str, ...]]
    """Table -> columns in their order, those alone whose types are known and that the role may read."""
    kinds: Mapping[str, str]
    """Table -> its kind: r ordinary, p partitioned, v view, m materialised view, f foreign."""
    policies: frozenset[str]
    """Tables with row policies."""
    calling: frozenset[str]
    """Tables whose reading would run functions that are not the server's own."""
    unread: frozenset[tuple[str, str]]
    """Tables and their columns that the role may not read."""
    sources: Mapping[str, str]
    """Table with columns of other types -> SQL that reads them as the expected ones."""
    rows: float
    """Estimated messages; -1 where nobody counted."""
    partial_indexes: tuple[str, ...]
    """Conditions of the partial indexes on messages."""

    def has(self, table: str, column: str) -> bool:
        """True where a table has a column."""
        return column in self._sets.get(table, frozenset())

    @cached_property
    def _sets(self) -> dict[str, frozenset[str]]:
        return {table: frozenset(names) for table, names in self.columns.items()}

    @property
    def is_ours(self) -> bool:
        """True for a schema that this program made."""
        return MARKER in self.columns

    @property
    def lists_pairs(self) -> bool:
        """True where an index lists the messages of `terms.HAS_PAIRS`."""
        return any(f"ts_match_vq({TERMS}" in condition for condition in self.partial_indexes)

    def table(self, name: str) -> str:
        """A table with its schema, as SQL."""
        return f'"{self.schema}"."{name}"'

    @cached_property
    def messages(self) -> str:
        """The messages, as SQL: their table, or what reads its columns as the expected types."""
        return self.sources.get("messages") or self.table("messages")

    @cached_property
    def sessions(self) -> str:
        """The sessions, as SQL."""
        return self.sources.get("sessions") or self.table("sessions")

    @cached_property
    def searched(self) -> str:
        """The columns of a message by which a search decides, as SQL."""
        return ", ".join(f'"{name}"' for name in self.searched_columns)

    @cached_property
    def searched_columns(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(name for name in _SEARCHED if self.has("messages", name))

    def fields(self, table: str) -> list[str]:
        """Columns that are fields of a session or a message."""
        return sorted(self._sets.get(table, frozenset()) - OURS)

    def require_readable(self, name: str) -> None:
        """Refuse what cannot be read without running code of others.

        Raises:
            StoreMissing: A table is missing.
            NotADatabase: A table is a view or foreign, lacks a column, or runs functions of others.
            NoPermission: A table has row policies, which hide rows, or the role may not read it.
        """
        for table in READ:
            if table not in self.kinds:
                raise StoreMissing(f"{name} has no table “{table}”; another ?schema= may")
            if self.kinds[table] not in _ORDINARY:
                raise NotADatabase(f"“{table}” of {name} is no ordinary table, so it is not read")
            if table in self.policies:
                raise NoPermission(f"“{table}” of {name} has row policies, which hide rows, so it is not read")
            if table in self.calling:
                raise NotADatabase(
                    f"“{table}” of {name} has an index or a part that runs functions of others, so it is not read"
                )
        for table, column in _NEEDED:
            if (table, column) in self.unread:
                raise may_not_read(name)
            if not self.has(table, column):
                raise NotADatabase(f"“{table}” of {name} has no column “{column}” of a known type")


def layouts_of(schemas: Sequence[str], rows: Iterable[Sequence[object]]) -> dict[str, Layout]:
    """The structures of some schemas in the rows of `PROBE`; of one that is not there without a table.

    Rows that are no answer to it, of something else than PostgreSQL, are left out.
    """
    found: dict[str, list[Sequence[object]]] = {schema: [] for schema in schemas}
    for schema, *row in (row for row in rows if len(row) == _FIELDS and row[0] in found):
        found[str(schema)].append(row)
    return {schema: _layout(schema, tables) for schema, tables in found.items()}


def _layout(schema: str, rows: Iterable[Sequence[object]]) -> Layout:
    """The structure of one; of other tables than the two only such as can be read are known."""
    columns: dict[str, dict[str, str]] = {}
    kinds: dict[str, str] = {}
    policies, calling, unread = set[str](), set[str](), set[tuple[str, str]]()
    estimated, partial = -1.0, tuple[str, ...]()
    for table, kind, policy, calls, tuples, conditions, attributes in rows:
        name = str(table)
        if name not in READ and (kind not in _ORDINARY or policy or calls):
            continue
        kinds[name] = str(kind)
        columns[name], forbidden = _columns(name, attributes if isinstance(attributes, str) else "[]")
        unread |= forbidden
        policies |= {name} if policy else set()
        calling |= {name} if calls else set()
        if name == "messages" and isinstance(tuples, float):
            estimated = tuples
        if name == "messages" and isinstance(conditions, list):
            partial = tuple(map(str, conditions))
    tables = {name: tuple(found) for name, found in columns.items()}
    sources = {name: source for name in READ if (source := _source(f'"{schema}"."{name}"', columns.get(name, {})))}
    refused = frozenset(policies), frozenset(calling), frozenset(unread)
    return Layout(schema, tables, kinds, *refused, sources, estimated, partial)


@lru_cache(maxsize=64)
def _columns(table: str, attributes: str) -> tuple[dict[str, str], frozenset[tuple[str, str]]]:
    """How the columns of a table are read, and those that may not be; those of most schemas are the same."""
    read: dict[str, str] = {}
    unread = set[tuple[str, str]]()
    found = strict_json.load_or(attributes, [])
    for name, kind, readable in filter(_is_column, found if isinstance(found, list) else ()):
        if not readable:
            unread.add((table, name))
        elif (sql := read_as(table, name, kind if isinstance(kind, str) else None)) is not None:
            read[name] = sql
    return read, frozenset(unread)


def _is_column(attribute: object) -> bool:
    return isinstance(attribute, list) and len(attribute) == 3 and isinstance(attribute[0], str)


def _source(table: str, columns: Mapping[str, str]) -> str:
    """A table whose columns are read as the expected types; "" where all have these."""
    read = [f'{sql} AS "{name}"' for name, sql in columns.items()]
    is_plain = all(sql == f'"{name}"' for name, sql in columns.items())
    return "" if is_plain else f"(SELECT {', '.join(read)} FROM {table})"
