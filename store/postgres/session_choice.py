"""SQL of the conditions by which agents choose sessions: on rows of `sessions`, which is not renamed there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine.session_choice import SessionChoice
from . import column_sql
from .schema_probe import Layout

MAX_CHAIN = 100
"""Continuations that a walk along a compression chain follows, as upstream's does."""

_Test = tuple[str, list[object]]
"""A condition and its parameters."""

_EQUAL = ("source", "end_reason", "user_id", "chat_id", "chat_type")
_CONTAINED = {"title_like": "title", "model_like": "model", "branch_like": "git_branch"}
_BOUNDS = {
    "started_before": "{started_at} < %s",
    "started_after": "{started_at} >= %s",
    "min_messages": "{message_count} >= %s",
    "max_messages": "{message_count} <= %s",
    "min_tokens": "COALESCE({input_tokens}, 0) + COALESCE({output_tokens}, 0) >= %s",
    "max_tokens": "COALESCE({input_tokens}, 0) + COALESCE({output_tokens}, 0) <= %s",
    "min_cost": "COALESCE({actual_cost_usd}, {estimated_cost_usd}, 0) >= %s",
    "max_cost": "COALESCE({actual_cost_usd}, {estimated_cost_usd}, 0) <= %s",
    "min_tool_calls": "COALESCE({tool_call_count}, 0) >= %s",
    "max_tool_calls": "COALESCE({tool_call_count}, 0) <= %s",
}
_PUNCTUATION = "-_. "
"""What a title may have between the letters of a search."""


def where(layout: Layout, choice: SessionChoice) -> _Test:
    """The condition that chooses these sessions."""
    tests = [*_exact(layout, choice), *_likes(layout, choice), *_states(layout, choice), *_queries(layout, choice)]
    return " AND ".join(f"({sql})" for sql, _ in tests) or "true", [value for _, values in tests for value in values]


def chain(layout: Layout, start: str = "sessions.id") -> str:
    """WITH clause of a table `chain(id, depth)`: a session of the outer statement and its continuations."""
    return (
        f"WITH RECURSIVE chain(id, depth) AS (SELECT {start}, 0 UNION ALL SELECT child.id, depth + 1 FROM chain"
        f" {next_section(layout, 'chain.id')} WHERE depth < {MAX_CHAIN})"
    )


def next_section(layout: Layout, session_id: str) -> str:
    """Joins of `child`, the sessions that continue one after a compression.

    Args:
        session_id: SQL of its id.
    """
    return (
        f"JOIN {layout.sessions} AS parent ON parent.id = {session_id} AND parent.end_reason = 'compression'"
        f" JOIN {layout.sessions} AS child ON child.parent_session_id = parent.id"
        f" AND {_marker(layout, 'child', '_branched_from')} IS NULL"
        f" AND {_marker(layout, 'child', '_delegate_from')} IS NULL"
        " AND COALESCE(child.source, '') <> 'tool'"
    )


def _exact(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    for name in _EQUAL:
        if value := getattr(choice, name):
            yield f"{_column(layout, name)} = %s", [value]
    if choice.provider:
        yield f"lower(COALESCE({_column(layout, 'billing_provider')}, '')) = %s", [choice.provider.lower()]
    if choice.exclude_sources:
        yield "sessions.source <> ALL(%s)", [list(choice.exclude_sources)]
    for name, bound in _BOUNDS.items():
        if (value := getattr(choice, name)) is not None:
            columns = {column: _column(layout, column) for column in re.findall(r"\{(\w+)\}", bound)}
            yield bound.format(**columns), [value]


def _likes(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    for name, column in _CONTAINED.items():
        if value := getattr(choice, name):
            yield f"lower(COALESCE({_column(layout, column)}, '')) LIKE %s ESCAPE ''", [f"%{value.lower()}%"]
    if choice.cwd_prefix:
        prefix = choice.cwd_prefix.rstrip("/\\") or choice.cwd_prefix
        cwd = _column(layout, "cwd")
        yield (
            f"{cwd} = %s OR {cwd} ILIKE %s ESCAPE '' OR {cwd} ILIKE %s ESCAPE ''",
            [prefix, f"{prefix}/%", f"{prefix}\\%"],
        )


def _states(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    if not choice.children:
        branched = (
            f"EXISTS (SELECT 1 FROM {layout.sessions} AS parent WHERE parent.id = sessions.parent_session_id"
            " AND parent.end_reason = 'branched' AND sessions.started_at >= parent.ended_at)"
        )
        root = f"sessions.parent_session_id IS NULL OR {_marker(layout, 'sessions', '_branched_from')} IS NOT NULL"
        yield f"({root} OR {branched}) AND {_marker(layout, 'sessions', '_delegate_from')} IS NULL", []
    if choice.ended:
        yield "sessions.ended_at IS NOT NULL", []
    if choice.archived is not None:
        yield f"COALESCE({_column(layout, 'archived')}, 0) = %s", [int(choice.archived)]


def _queries(layout: Layout, choice: SessionChoice) -> Iterator[_Test]:
    if needle := (choice.id_query or "").strip().lower():
        yield f"EXISTS ({chain(layout)} SELECT 1 FROM chain WHERE lower(chain.id) LIKE %s)", [_part(needle)]
    if needle := (choice.search_query or "").strip().lower():
        title = f"lower(COALESCE({'section.title' if layout.has('sessions', 'title') else 'NULL::text'}, ''))"
        tests, values = [f"{title} LIKE %s", "lower(chain.id) LIKE %s"], [_part(needle), _part(needle)]
        if compact := re.sub(r"[\W_]+", "", needle):
            tests.append(f"pg_catalog.translate({title}, '{_PUNCTUATION}', '') LIKE %s")
            values.append(_part(compact))
        joined = f"chain JOIN {layout.sessions} AS section ON section.id = chain.id"
        yield f"EXISTS ({chain(layout)} SELECT 1 FROM {joined} WHERE {' OR '.join(tests)})", [*values]


def _part(needle: str) -> str:
    return f"%{column_sql.like(needle)}%"


def _column(layout: Layout, name: str) -> str:
    return column_sql.column(layout, "sessions", name)


def _marker(layout: Layout, alias: str, name: str) -> str:
    """The id that a marker in `model_config` names; NULL where there is none, or no JSON object."""
    if not layout.has("sessions", "model_config"):
        return "NULL::text"
    config = f"{alias}.model_config"
    return f"CASE WHEN {config} IS JSON OBJECT THEN {config}::json ->> '{name}' END"
