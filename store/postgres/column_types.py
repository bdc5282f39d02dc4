"""Columns of other types than Hermes': SQL that reads them as the expected type, or none, and they count as absent."""

from __future__ import annotations

import re
from functools import cache

from .hermes_columns import kinds

_NAME = re.compile(r"[A-Za-z0-9_]{1,63}")
"""Names that are written into statements; no Hermes has had others."""
READ = ("sessions", "messages")
"""The tables of Hermes that must be there."""
_BESIDE = {
    ("state_change_revision", "revision"): "bigint",
    ("gateway_heartbeats", "last_heartbeat"): "double precision",
    ("schema_version", "version"): "bigint",
    ("postgres_schema_version", "version"): "bigint",
    ("system_prompts", "hash"): "text",
    ("system_prompts", "prompt"): "text",
    ("messages", "search_vector"): "tsvector",
    ("messages", "hermes_tui_terms"): "tsvector",
}
_WHOLE, _FLOAT, _TEXT = ("int2", "int4", "int8"), ("float4", "float8"), ("text", "varchar")
_EXPECTED_OF = {
    "bigint": _WHOLE,
    "double precision": (*_WHOLE, *_FLOAT),
    "text": _TEXT,
    "bytea": ("bytea",),
    "tsvector": ("tsvector",),
}
"""Types that the statements take as they are."""
_LOADED = (*_WHOLE, *_FLOAT, *_TEXT, "bytea", "bool")
"""Types of other columns that are read as they are; the rest, whose values Python may not have, as text."""
_EPOCH = "pg_catalog.date_part('epoch', {c})"
_OTHERS = {
    "bigint": {
        "bool": "({c})::int4::bigint",
        **dict.fromkeys(("numeric", *_FLOAT), "CASE WHEN {c} BETWEEN -9e18 AND 9e18 THEN ({c})::bigint END"),
        **dict.fromkeys(_TEXT, "CASE WHEN pg_catalog.pg_input_is_valid({c}, 'bigint') THEN ({c})::bigint END"),
    },
    "double precision": {
        "numeric": "CASE WHEN {c} BETWEEN -1e300 AND 1e300 THEN ({c})::float8 END",
        **dict.fromkeys(("timestamp", "timestamptz", "date"), _EPOCH),
        **dict.fromkeys(
            _TEXT,
            "CASE WHEN pg_catalog.pg_input_is_valid({c}, 'float8') THEN ({c})::float8"
            " WHEN pg_catalog.pg_input_is_valid({c}, 'timestamptz')"
            " THEN pg_catalog.date_part('epoch', ({c})::timestamptz) END",
        ),
    },
}
_JSON = (
    "CASE pg_catalog.{kind}_typeof({c}) WHEN 'string' THEN {c} #>> '{{}}' WHEN 'null' THEN NULL"
    " ELSE E'\\x01json:' || ({c})::text END"
)
_ANY = '({c})::text COLLATE pg_catalog."default"'


@cache
def _expected() -> dict[tuple[str, str], str]:
    of_hermes = ((table, name, kind) for table in READ for name, kind in kinds(table).items())
    return {(table, name): kind.partition(" DEFAULT")[0] for table, name, kind in of_hermes} | _BESIDE


def read_as(table: str, column: str, kind: str | None) -> str | None:
    """SQL that reads a column as the type that is expected of it: its name where it has that; None for none.

    Args:
        kind: Its type, or that of its domain; None for one that the server does not bring along.
    """
    if kind is None or not _NAME.fullmatch(column):
        return None
    expected, plain = _expected().get((table, column)), f'"{column}"'
    if table not in READ:
        return plain if expected is None or kind in _EXPECTED_OF[expected] else None
    if kind in (_LOADED if expected is None else _EXPECTED_OF[expected]):
        return plain
    if expected is None:
        return _ANY.format(c=plain)
    template = _OTHERS.get(expected, {}).get(kind)
    if expected == "text" and kind != "bytea":
        template = _JSON if column == "content" and kind in ("json", "jsonb") else _ANY
    return template.format(c=plain, kind=kind) if template else None
