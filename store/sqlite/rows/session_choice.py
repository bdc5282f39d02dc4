"""SQL of the conditions by which agents choose sessions: on rows of `sessions`, which is not renamed there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...engine.session_choice import SessionChoice
from ...formats.row_encoding import storable
from ..base import column_sql
from ..base.cell_values import Value
from ..base.schema_probe import Layout

MAX_CHAIN = 100
"""Continuations that a walk along a compression chain follows, as upstream's does."""

_Test = tuple[str, list[Value]]
"""A condition and its bindings."""

_EQUAL = ("source", "end_reason", "user_id", "chat_id", "chat_type")
_CONTAINED = {"title_like": "title", "model_like": "model", "branch_like": "git_branch"}
_BOUNDS = {
    "started_before": "{started_at} < ?",
    "started_after": "{started_at} >= ?",
    "min_messages": "{message_count} >= ?",
    "max_messages": "{message_count} <= ?",
    "min_tokens": "COALESCE({input_tokens}, 0) + COALESCE({output_tokens}, 0) >= ?",
    "max_tokens": "COALESCE({input_tokens}, 0) + COALESCE({output_tokens}, 0) <= ?",
    "min_cost": "COALESCE({actual_cost_usd}, {estimated_cost_usd}, 0) >= ?",
    "max_cost": "COALESCE({actual_cost_usd}, {estimated_cost_usd}, 0) <= ?",
    "min_tool_calls": "COALESCE({tool_call_count}, 0) >= ?",
    "max_tool_calls": "COALESCE({tool_call_count}, 0) <= ?",
}
_PUNCTUATION = ("-", "_", ".", " ")
"""What a title may have between the letters of a search."""


def where(layout: Layout, choice: SessionChoice) -> _Test:
    """The condition that chooses these sessions."""
    tests = [*_exact(layout, choice), *_likes(layout, choice), *_states(layout, choice), *_queries(layout, choice)]
    return " AND ".join(f"({sql})" for sql, _ in tests) or "1", [value for _, values in tests for value in values]


def chain() -> str:
    """WITH clause of a table `chain(id, depth)`: a session of the outer statement and its continuations."""
    return (
        "WITH RECURSIVE chain(id, depth) AS (SELECT sessions.id, 0 UNION ALL SELECT child.id, depth + 1 FROM chain"
        f" {next_section('chain.id')} WHERE depth < {MAX_CHAIN})"
    )


def next_section(session_id: str) -> str:
    """Joins of `child`, the sessions that continue one after a compression.

    Args:
        session_id: SQL of its id.
    """
    return (
        f"CROSS JOIN sessions AS parent ON parent.id = {session_id} AND parent.end_reason = 'compression'"
        " CROSS JOIN sessions AS child ON child.parent_session_id = parent.id"
        f" AND {_marker('child', '_branched_from')} IS NULL AND {_marker('child', '_delegate_from')} IS NULL"
        " AND COALESCE(child.source, '') != 'tool'"
    )


def _exact(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    for name in _EQUAL:
        if value := getattr(choice, name):
            yield f"{_column(layout, name)} = ?", [storable(value)]
    if choice.provider:
        yield f"LOWER(COALESCE({_column(layout, 'billing_provider')}, '')) = ?", [storable(choice.provider.lower())]
    if choice.exclude_sources:
        places = ", ".join("?" * len(choice.exclude_sources))
        yield f"sessions.source NOT IN ({places})", [storable(name) for name in choice.exclude_sources]
    for name, bound in _BOUNDS.items():
        if (value := getattr(choice, name)) is not None:
            columns = {column: _column(layout, column) for column in re.findall(r"\{(\w+)\}", bound)}
            yield bound.format(**columns), [value]


def _likes(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    for name, column in _CONTAINED.items():
        if value := getattr(choice, name):
            yield f"LOWER(COALESCE({_column(layout, column)}, '')) LIKE ?", [storable(f"%{value.lower()}%")]
    if choice.cwd_prefix:
        prefix = storable(choice.cwd_prefix.rstrip("/\\") or choice.cwd_prefix)
        cwd = _column(layout, "cwd")
        yield f"{cwd} = ? OR {cwd} LIKE ? OR {cwd} LIKE ?", [prefix, f"{prefix}/%", f"{prefix}\\%"]


def _states(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    if not choice.children:
        branched = (
            "EXISTS (SELECT 1 FROM sessions AS parent WHERE parent.id = sessions.parent_session_id"
            " AND parent.end_reason = 'branched' AND sessions.started_at >= parent.ended_at)"
        )
        root = f"sessions.parent_session_id IS NULL OR {_marker('sessions', '_branched_from')} IS NOT NULL"
        yield f"({root} OR {branched}) AND {_marker('sessions', '_delegate_from')} IS NULL", []
    if choice.ended:
        yield "sessions.ended_at IS NOT NULL", []
    if choice.archived is not None:
        yield f"COALESCE({_column(layout, 'archived')}, 0) = ?", [int(choice.archived)]


def _queries(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    like = "LIKE ? ESCAPE '\\'"
    if needle := _needle(choice.id_query):
        yield f"EXISTS ({chain()} SELECT 1 FROM chain WHERE LOWER(chain.id) {like})", [_part(needle)]
    if needle := _needle(choice.search_query):
        title = f"LOWER(COALESCE({'section.title' if layout.has('sessions', 'title') else 'NULL'}, ''))"
        tests, values = [f"{title} {like}", f"LOWER(chain.id) {like}"], [_part(needle), _part(needle)]
        if compact := re.sub(r"[\W_]+", "", needle):
            for mark in _PUNCTUATION:
                title = f"REPLACE({title}, '{mark}', '')"
            tests, values = [*tests, f"{title} {like}"], [*values, _part(compact)]
        joined = "chain CROSS JOIN sessions AS section ON section.id = chain.id"
        yield f"EXISTS ({chain()} SELECT 1 FROM {joined} WHERE {' OR '.join(tests)})", [*values]


def _needle(query: str | None) -> str:
    return (storable(query) or "").strip().lower()


def _part(needle: str) -> str:
    return f"%{column_sql.like(needle)}%"


def _column(layout: Layout, name: str) -> str:
    return f"sessions.{name}" if layout.has("sessions", name) else "NULL"


def _marker(alias: str, name: str) -> str:
    """The id that a marker in `model_config` names; NULL where there is none, or no JSON."""
    return f"CASE WHEN json_valid({alias}.model_config) THEN json_extract({alias}.model_config, '$.{name}') END"
