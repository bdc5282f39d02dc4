"""Lists of all sessions as browsers return them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from ..base.models import JsonlFacts, Outline, Session

T = TypeVar("T")

PAGE = 200
"""Sessions that are read at once."""

ListedSession = tuple[Session, Outline | None, JsonlFacts | None]
"""A session, its outline (with first words where it has no title) and the facts of its JSONL file."""


class Listing(NamedTuple):
    """A list of all sessions."""

    ids: Sequence[str]
    """All that are known before a page is read, in any order."""
    pages: Iterator[Sequence[ListedSession]]
    """The sessions in order; by their start, those that have messages and no row come last.

    At its end it raises the StoreError because of which some are missing.
    """


def place_of(session: Session, *, by_start: bool) -> float:
    """The time by which a list has a session."""
    at = session.started_at if by_start or session.last_active is None else session.last_active
    return at or 0.0


def in_pages(items: Iterable[T]) -> Iterator[list[T]]:
    """The same, so many at a time."""
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
