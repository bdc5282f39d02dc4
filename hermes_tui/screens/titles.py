"""Which sessions a search finds by title, folder and id; first words are messages, and found as such."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_tui.render.line import Range
from hermes_tui.render.row import title_of
from hermes_tui.screens.catalog import moment_of
from hermes_tui.widgets.session_list import SessionRow
from store.filters import admits
from store.models import Session
from store.query import Query
from store.terms import Filter
from store.words import plain

OF_MESSAGES = frozenset({"role", "tool", "has"})
"""Filters that speak of a message: a title cannot answer them."""

SHORTEST_ID = 4
"""Characters of an id's start that name a session,"""
SHORTEST_FOLDER = 3
"""and of its working folder."""


class Titles:
    """Titles without case and accents, made once for each."""

    def __init__(self) -> None:
        self._folded: dict[str, tuple[str, str]] = {}

    def match(self, query: Query, row: SessionRow) -> tuple[Range, ...] | None:
        """Where the words of a query stand in a title, parts of words included; None where it is not found.

        A word may be in the working folder instead, or be the start of the session's id.
        """
        if not _passes(query, row):
            return None
        title = self._fold(row)
        if any(plain(term.text) in title for term in query.none_of):
            return None
        if not query.any_of:
            return () if query.filters else None
        for terms in query.any_of:
            ranges = [_range(title, plain(term.text)) for term in terms]
            if all(found or _named(term.text, row.session) for found, term in zip(ranges, terms, strict=True)):
                return tuple(_apart(sorted(found for found in ranges if found is not None)))
        return None

    def _fold(self, row: SessionRow) -> str:
        title = title_of(row.session, None)
        known, folded = self._folded.get(row.session.id, (None, ""))
        if known != title:
            folded = plain(title)
            self._folded[row.session.id] = (title, folded)
        return folded


def _named(word: str, session: Session) -> bool:
    """Whether a session's id begins with a word, or its folder has it."""
    by_id = len(word) >= SHORTEST_ID and session.id.startswith(word)
    return by_id or (len(word) >= SHORTEST_FOLDER and plain(word) in plain(session.cwd or ""))


def _range(title: str, word: str) -> Range | None:
    at = title.find(word)
    return None if at < 0 else (at, at + len(word))


def _apart(ranges: list[Range]) -> Iterator[Range]:
    """Join ranges, sorted, that overlap."""
    current: Range | None = None
    for start, end in ranges:
        if current is not None and start < current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current


def _passes(query: Query, row: SessionRow) -> bool:
    """Whether a session passes the filters of a query: of one key plain ones are alternatives, the rest must hold."""
    keys = {one.key for one in query.filters}
    if keys & OF_MESSAGES:
        return False
    for key in keys:
        either = key in {"source", "model", "cwd", "title"}
        plain_ones = [_holds(one, row) for one in query.of(key)]
        if plain_ones and not (any(plain_ones) if either else all(plain_ones)):
            return False
        if not all(_holds(one, row) for one in query.of(key, negated=True)):
            return False
    return True


def _holds(one: Filter, row: SessionRow) -> bool:
    """Whether a session passes one filter, its minus counted in."""
    session = row.session
    match one.key:
        case "source" | "model" | "cwd":
            stored = {"source": session.source, "model": session.model, "cwd": session.cwd}[one.key]
            return admits(one, stored)
        case "title":
            return admits(one, session.title)
        case "after":
            return (moment_of(session) >= (one.moment or 0.0)) is not one.negated
        case "before":
            return (moment_of(session) < (one.moment or 0.0)) is not one.negated
    is_so = {"flagged": row.drift is not None, "live": session.live, "archived": session.archived}
    return is_so.get(one.value, False) is not one.negated
