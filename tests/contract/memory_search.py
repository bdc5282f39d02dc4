"""Text search of the in-memory engine: every message read, by the rules of `query.matcher`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from store.base.cancel import Cancel
from store.engine.operations import RawRow
from store.engine.search import (
    AgentHit,
    AgentSearchOptions,
    HitRow,
    MatchCount,
    RankedMatches,
    SearchStep,
    SessionFilter,
    SessionLabel,
)
from store.formats import message_codec
from store.query.ast import Filter, Query
from store.query.filters import admits
from store.query.json_escapes import searchable_calls, searchable_text
from store.query.matcher import Marker, accepts
from store.query.parse import parse
from store.query.tokenizer import fold
from tests.contract.memory_reads import message_of
from tests.contract.memory_tables import Reads, Tables, go_on, id_of, maybe, number, text

FIRST, LATER = 8, 100
"""Ids of the first step, and of those after it."""
ROWS_AT_ONCE = 64
"""Rows between two looks at `cancel`."""
CLOSE = 75.0
"""Of 100, by rapidfuzz's ratio."""
FARTHEST = 2
"""Letters by which a similar word may be longer or shorter."""

_TEXTS = ("source", "model", "cwd", "title")


class MemorySearch(Reads):
    """Implements `ports.TextSearch`."""

    def matching_ids(
        self,
        query: Query,
        *,
        limit: int,
        above: int | None = None,
        session_filter: SessionFilter | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[SearchStep]:
        """Ids newest first, a few in the first step and more in those after it."""
        tables = self._tables
        waiting: list[int] = []
        found, examined, size = 0, 0, FIRST
        for name in sorted(tables.messages, reverse=True):
            if above is not None and name <= above:
                break
            if examined % ROWS_AT_ONCE == 0:
                go_on(cancel)
            examined += 1
            if _answers(tables, tables.messages[name], query, session_filter):
                waiting.append(name)
                found += 1
            if found == limit:
                yield SearchStep(tuple(waiting), examined)
                return
            if len(waiting) == size:
                yield SearchStep(tuple(waiting), examined)
                waiting, size = [], LATER
                go_on(cancel)
        yield SearchStep(tuple(waiting), examined, done=True)

    def read_hits(self, ids: Sequence[int], *, cancel: Cancel | None = None) -> list[HitRow]:
        """The messages of a list of hits, in the order asked for."""
        go_on(cancel)
        tables = self._tables
        return [_hit(tables, tables.messages[name]) for name in ids if name in tables.messages]

    def best_matches(
        self,
        query: Query,
        *,
        limit: int,
        session_filter: SessionFilter | None = None,
        cancel: Cancel | None = None,
    ) -> RankedMatches | None:
        """By the share of a text that the words cover; of equal ones the newer first."""
        if not query.has_words:
            return None
        tables = self._tables
        names = self._every(query, session_filter, cancel)
        return RankedMatches(
            tuple(sorted(names, key=lambda name: (-_worth(tables.messages[name], query), -name))[:limit])
        )

    def count_matches(
        self,
        query: Query,
        *,
        cap: int | None = None,
        session_filter: SessionFilter | None = None,
        cancel: Cancel | None = None,
    ) -> MatchCount:
        """Number of matches and their sessions."""
        names = self._every(query, session_filter, cancel)
        shown = names if cap is None else names[:cap]
        rows = self._tables.messages
        sessions = frozenset(text(rows[name], "session_id") for name in shown)
        return MatchCount(len(shown), sessions, len(shown) < len(names))

    def similar_words(self, word: str, *, limit: int, cancel: Cancel | None = None) -> tuple[str, ...]:
        """Words of all messages that are close to a folded one, closest first; () where it is among them."""
        from rapidfuzz import fuzz, process

        go_on(cancel)
        known = {part for row in self._tables.messages.values() for part in fold(_text(row)).letters.split()}
        if word in known or len(word) <= FARTHEST:
            return ()
        choices = sorted(known_word for known_word in known if abs(len(known_word) - len(word)) <= FARTHEST)
        scored = process.extract(word, choices, scorer=fuzz.ratio, score_cutoff=CLOSE, limit=limit)
        return tuple(close for close, _, _ in scored)

    def _every(self, query: Query, session_filter: SessionFilter | None, cancel: Cancel | None) -> list[int]:
        steps = self.matching_ids(query, limit=1 << 31, session_filter=session_filter, cancel=cancel)
        return [name for step in steps for name in step.ids]


def _text(row: RawRow) -> str:
    """All that is searched of a message."""
    calls = searchable_calls(text(row, "tool_calls"))
    return searchable_text(" ".join([text(row, "content"), text(row, "tool_name"), calls]))


def _answers(tables: Tables, row: RawRow, query: Query, session_filter: SessionFilter | None) -> bool:
    if not (row["active"] or row["compacted"]):
        return False
    if session_filter is not None and not session_filter(text(row, "session_id")):
        return False
    return _passes(tables, row, query) and accepts(query, _text(row))


def _passes(tables: Tables, row: RawRow, query: Query) -> bool:
    session = tables.sessions.get(text(row, "session_id"), {})
    tools = [maybe(row, "tool_name"), *(call.name for call in message_codec.parse_calls(row["tool_calls"]))]
    names: dict[str, list[str | None]] = {key: [maybe(session, key)] for key in _TEXTS}
    names |= {"role": [maybe(row, "role")], "tool": tools}
    return all(_holds(query, key, values) for key, values in names.items()) and all(
        _is_so(one, session, row) is not one.negated
        for one in query.filters
        if one.key in ("after", "before", "has") or (one.key, one.value) == ("is", "archived")
    )


def _holds(query: Query, key: str, values: Sequence[str | None]) -> bool:
    plain, negated = query.filters_of(key), query.filters_of(key, negated=True)
    if plain and not any(admits(one, value) for one in plain for value in values):
        return False
    return all(admits(one, value) for one in negated for value in values)


def _is_so(one: Filter, session: RawRow, row: RawRow) -> bool:
    if one.key == "is":
        return bool(session.get("archived"))
    if one.key == "has":
        return bool(text(row, "reasoning") or text(row, "reasoning_content"))
    timestamp, bound = number(row, "timestamp"), one.timestamp or 0.0
    return timestamp is not None and (timestamp >= bound if one.key == "after" else timestamp < bound)


def _worth(row: RawRow, query: Query) -> float:
    said = _text(row)
    return sum(end - start for start, end in Marker(query).spans(said)) / max(1, len(said))


def _hit(tables: Tables, row: RawRow) -> HitRow:
    session = tables.sessions.get(text(row, "session_id"), {})
    readable = message_codec.readable(message_codec.decode(maybe(row, "content")))
    return HitRow(
        id_of(row),
        text(row, "session_id"),
        text(row, "role"),
        message_codec.split_thinking(text(row, "role"), readable)[0],
        number(row, "timestamp"),
        maybe(row, "tool_name"),
        SessionLabel(text(session, "source"), maybe(session, "model"), maybe(session, "title")),
        partial(message_of, row),
        any(not other["active"] for other in tables.of(text(row, "session_id"))),
    )


def agent_hits(tables: Tables, words: str, options: AgentSearchOptions) -> list[AgentHit]:
    """Hits by upstream's rules: words, phrases, prefixes, AND, OR and NOT; whatever else is typed is cleaned away."""
    plain = re.sub(r"[^\w\s\"*]", " ", re.sub(r"\bAND\b", " ", words))
    query = parse(plain, now=0.0)
    if not query.has_words:
        return []
    rows = [
        row for row in tables.messages.values() if _is_asked_for(tables, row, options) and accepts(query, _text(row))
    ]
    rows.sort(key=lambda row: (-_worth(row, query), -id_of(row)))
    if options.sort in ("newest", "oldest"):
        rows.sort(key=lambda row: number(row, "timestamp") or 0.0, reverse=options.sort == "newest")
    shown = rows[options.offset : options.offset + options.limit]
    return [_agent_hit(tables, row, query) for row in shown]


def _is_asked_for(tables: Tables, row: RawRow, options: AgentSearchOptions) -> bool:
    session = tables.sessions.get(text(row, "session_id"))
    if session is None or not (row["active"] or row["compacted"] or options.inactive):
        return False
    if options.sources is not None and session["source"] not in options.sources:
        return False
    if options.not_sources is not None and session["source"] in options.not_sources:
        return False
    return not options.roles or row["role"] in options.roles


def _agent_hit(tables: Tables, row: RawRow, query: Query) -> AgentHit:
    said, session = _text(row), tables.sessions[text(row, "session_id")]
    for start, end in reversed(Marker(query).spans(said)):
        said = f"{said[:start]}>>>{said[start:end]}<<<{said[end:]}"
    return AgentHit(
        id=id_of(row),
        session_id=text(row, "session_id"),
        role=text(row, "role"),
        snippet=said.strip(),
        timestamp=number(row, "timestamp"),
        tool_name=maybe(row, "tool_name"),
        source=text(session, "source"),
        model=maybe(session, "model"),
        session_started=number(session, "started_at"),
    )
