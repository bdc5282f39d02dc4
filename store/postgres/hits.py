"""Rows of search hits, for lists and for agents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from ..base.cancel import Cancel
from ..engine.search import AgentHit, AgentSearchOptions, HitRow, SessionLabel
from ..formats import message_codec
from ..query.matcher import Marker
from ..query.parse import parse
from . import cells, column_sql, search
from .messages import body_columns, message_of
from .reader import Reader, Row

MOST_AGENT_HITS = 2_000
"""Newest matches among which an agent's search chooses."""
_CONTEXT = 120
"""Characters of a snippet on each side of its first match."""


def read_hits(reader: Reader, ids: Sequence[int], *, cancel: Cancel | None = None) -> list[HitRow]:
    """Hit rows in the order of the ids, without deleted ones."""
    if not ids:
        return []
    layout = reader.layout
    inactive = "false"
    if layout.has("messages", "active"):
        inactive = (
            f"EXISTS (SELECT 1 FROM {layout.messages} AS other WHERE other.session_id = messages.session_id"
            " AND other.active = 0)"
        )
    label = ", ".join(column_sql.short_text(layout, "sessions", name) for name in ("source", "model", "title"))
    rows = reader.rows(
        f"SELECT {inactive}, {label}, {body_columns(layout)} FROM {layout.messages} AS messages"
        f" LEFT JOIN {layout.sessions} AS sessions ON sessions.id = messages.session_id WHERE messages.id = ANY(%s)",
        (list(ids),),
        cancel=cancel,
        again=True,
    )
    hits = {hit.id: hit for hit in map(_hit_row, rows)}
    return [hits[message_id] for message_id in ids if message_id in hits]


def _hit_row(row: Row) -> HitRow:
    inactive, source, model, title, *body = row
    row_id, timestamp, session_id, role_cell, content, tool = body[:6]
    role = cells.text(role_cell) or ""
    readable = message_codec.readable(message_codec.decode(cells.content(content)))
    return HitRow(
        cells.integer(row_id),
        cells.text(session_id) or "",
        role,
        message_codec.split_thinking(role, readable)[0],
        cells.timestamp(timestamp),
        cells.text(tool),
        SessionLabel(cells.text(source) or "", cells.text(model), cells.text(title)),
        partial(message_of, tuple(body)),
        bool(inactive),
    )


def agent_search(reader: Reader, words: str | None, options: AgentSearchOptions) -> list[AgentHit]:
    """Hits by upstream's rules: words, phrases, prefixes, AND, OR and NOT; whatever else is typed is dropped.

    Among the newest 2,000 matches; best first, or by time.
    """
    plain = re.sub(r"\bAND\b", " ", re.sub(r"[^\w\s\"*]", " ", words or ""))
    query = parse(re.sub(r"\bNOT\s+", "-", plain), now=0.0)
    if not query.has_words:
        return []
    steps = search.matching_ids(reader, query, limit=MOST_AGENT_HITS, inactive=options.inactive)
    ids = [message_id for step in steps for message_id in step.ids]
    found = dict(search.texts(reader, ids, None))
    hits = [hit for hit in map(_agent_hit, _agent_rows(reader, ids)) if _is_asked_for(hit, options)]
    marker = Marker(query)
    worth = {hit.id: _worth(marker, found[hit.id]) for hit in hits}
    hits.sort(key=lambda hit: (-worth[hit.id], -hit.id))
    if (order := (options.sort or "").strip().lower()) in ("newest", "oldest"):
        hits.sort(key=lambda hit: hit.timestamp or 0.0, reverse=order == "newest")
    shown = hits[options.offset : options.offset + options.limit]
    return [_with_snippet(hit, marker, found[hit.id]) for hit in shown]


def _worth(marker: Marker, text: str) -> float:
    return sum(end - start for start, end in marker.spans(text)) / max(1, len(text))


def _agent_rows(reader: Reader, ids: Sequence[int]) -> list[Row]:
    layout = reader.layout
    columns = (
        "messages.id",
        *(column_sql.text(layout, "messages", name) for name in ("session_id", "role")),
        column_sql.column(layout, "messages", "timestamp"),
        column_sql.text(layout, "messages", "tool_name"),
        *(column_sql.text(layout, "sessions", name) for name in ("source", "model")),
        column_sql.column(layout, "sessions", "started_at"),
    )
    sql = (
        f"SELECT {', '.join(columns)} FROM {layout.messages} AS messages"
        f" JOIN {layout.sessions} AS sessions ON sessions.id = messages.session_id WHERE messages.id = ANY(%s)"
    )
    return list(reader.pages(sql, ids))


def _agent_hit(row: Row) -> AgentHit:
    row_id, session_id, role, timestamp, tool, source, model, started = row
    return AgentHit(
        id=cells.integer(row_id),
        session_id=cells.text(session_id) or "",
        role=cells.text(role) or "",
        snippet="",
        timestamp=cells.timestamp(timestamp),
        tool_name=cells.text(tool),
        source=cells.text(source) or "",
        model=cells.text(model),
        session_started=cells.timestamp(started),
    )


def _is_asked_for(hit: AgentHit, options: AgentSearchOptions) -> bool:
    if options.sources is not None and hit.source not in options.sources:
        return False
    if options.not_sources is not None and hit.source in options.not_sources:
        return False
    return not options.roles or hit.role in options.roles


def _with_snippet(hit: AgentHit, marker: Marker, text: str) -> AgentHit:
    """The hit with the text around its first match, matches between >>> and <<<."""
    spans = marker.spans(text)
    first = spans[0][0] if spans else 0
    start, end = max(0, first - _CONTEXT), min(len(text), first + 2 * _CONTEXT)
    snippet = text[start:end]
    for low, high in reversed([span for span in spans if span[0] >= start and span[1] <= end]):
        snippet = f"{snippet[: low - start]}>>>{snippet[low - start : high - start]}<<<{snippet[high - start :]}"
    shown = f"{'...' if start else ''}{snippet.strip()}{'...' if end < len(text) else ''}"
    return AgentHit(
        hit.id,
        hit.session_id,
        hit.role,
        shown,
        hit.timestamp,
        hit.tool_name,
        hit.source,
        hit.model,
        hit.session_started,
    )
