"""Filter of the list of sessions: a query that asks nothing of messages, or the id of one session."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from hermes_tui.state.rows import SessionRow
from hermes_tui.state.session_catalog import Catalog
from hermes_tui.state.title_filter import OF_MESSAGES, TEXTS, filters_test
from store.base.late_dataclass import dataclass
from store.files.home import id_of_link
from store.query.ast import Filter, Query

_BOOKMARKED = re.compile(r"(?<!\S)(?P<minus>-)?is:bookmarked(?!\S)", re.IGNORECASE)
OF_FEW_VALUES = ("source", "model", "profile")
"""Filters whose values can all be named."""
_NAMED = re.compile(r"\s*(?:[$%>#]\s+)?(?:id:\s*|(?:\S*/)?hermes(?:\s+\S+)*?\s+(?:--resume|-r)(?:=|\s+))(?P<id>\S+)\s*")
"""`id:…`, and the line by which Hermes goes on with a session."""


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """One of both."""

    filters: tuple[Filter, ...] = ()
    """Filters of sessions alone."""
    session_id: str = ""
    """An id, or how it begins; "" where there are filters."""
    bookmarked: bool | None = None
    """Whether they have a bookmark; None for both."""

    @property
    def words(self) -> str:
        """The filter as it is shown."""
        if self.session_id:
            return f"id:{self.session_id}"
        marks = [] if self.bookmarked is None else [("-", "")[self.bookmarked] + "is:bookmarked"]
        rules = (f"{'-' if rule.negated else ''}{rule.key}:{rule.value}" for rule in self.filters)
        return " ".join([*rules, *marks])

    def rows(self, catalog: Catalog, *, everything: bool, marked: Collection[str] = ()) -> list[SessionRow]:
        """The sessions that pass, in the order of the list.

        Args:
            catalog: All sessions.
            everything: Those too that the default list leaves out; an id and `is:archived` find them anyway.
            marked: Ids of those with a bookmark.
        """
        if self.session_id:
            exact = catalog.row(self.session_id)
            every = catalog.shown(everything=True)
            return [exact] if exact else [row for row in every if self._begins(row.session.id)]
        everything = everything or any(rule.value == "archived" and not rule.negated for rule in self.filters)
        rows = filter(filters_test(Query("", filters=self.filters)), catalog.shown(everything=everything))
        return [row for row in rows if self.bookmarked in (None, row.session.id in marked)]

    def _begins(self, session_id: str) -> bool:
        """Whether an id begins with the one typed, or its part after the name of a profile does."""
        return any(own.startswith(self.session_id) for own in (session_id, session_id.rpartition("/")[2]))


def filter_of(text: str, query: Query | None) -> SessionFilter | None:
    """The filter that a text is, None where it is a search of messages or nothing.

    Args:
        text: As typed.
        query: What it was parsed to.
    """
    if (named := _NAMED.fullmatch(text)) is not None:
        return SessionFilter(session_id=id_of_link(named["id"]))
    bookmarked = asks_for_bookmarks(text)
    if query is not None and (query.any_of or query.none_of or OF_MESSAGES & {rule.key for rule in query.filters}):
        return None
    filters = query.filters if query is not None else ()
    return SessionFilter(filters, bookmarked=bookmarked) if filters or bookmarked is not None else None


def asks_for_bookmarks(text: str) -> bool | None:
    """Whether a text asks for sessions with a bookmark, or with a minus for those without; None for neither."""
    found = _BOOKMARKED.search(text)
    return None if found is None else not found["minus"]


def without_bookmarks(text: str) -> str:
    """A text for the store, which knows no bookmarks; every other character keeps its place."""
    return _BOOKMARKED.sub(lambda found: " " * len(found[0]), text)


def unknown_value(query: Query, rows: Iterable[SessionRow]) -> tuple[str, str, list[str]] | None:
    """The first filter whose value no session has: its key, the value, and the values that there are.

    Args:
        query: What was typed.
        rows: All sessions; they are looked at where there is such a filter.
    """
    rules = [rule for key in OF_FEW_VALUES for rule in query.filters_of(key)]
    every = list(rows) if rules else []
    for rule in rules:
        known = {value for row in every if (value := TEXTS[rule.key](row.session))}
        wanted = rule.value.casefold()
        if known and not any(wanted in value.casefold() for value in known):
            return rule.key, rule.value, sorted(known)
    return None
