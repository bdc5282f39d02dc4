"""Searches of a schema: newest first, the best, counts, and words that may be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.fallbacks import Fallback, FallbackKind
from ..engine.search import MatchCount, RankedMatches, SearchStep, SessionFilter
from ..query.ast import Query
from ..query.matcher import Marker
from ..query.tokenizer import fold
from . import terms
from .reader import Reader
from .row_filters import Filters
from .search_candidates import texts_statement
from .search_plan import plan_of
from .search_walk import Walk

MOST_RANKED = 2_000
"""Newest matches that are ranked."""
COUNTED_ROWS = 10_000
"""Matches whose sessions are read in one transaction."""
WORD_ROWS = 2_000
"""Newest messages whose words may be meant."""
CLOSE, FARTHEST = 75.0, 2
"""Least ratio of rapidfuzz's, of 100, and letters by which a similar word may be longer or shorter."""


def matching_ids(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    above: int | None = None,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
    inactive: bool = False,
) -> Iterator[SearchStep]:
    """Ids of the matching messages, newest first, step by step.

    Args:
        inactive: Undone messages, too.
    """
    raise_if_cancelled(cancel)
    filters = Filters(reader.layout, query, session_filter)
    return Walk(reader, query, plan_of(reader, query), filters, cancel, inactive=inactive).steps(limit, above or 0)


def best_matches(
    reader: Reader,
    query: Query,
    *,
    limit: int,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
) -> RankedMatches | None:
    """The best of the newest 2,000 matches by the share of a text that the words cover; None without words."""
    if not query.has_words:
        return None
    ids = _every(reader, query, session_filter, cancel, MOST_RANKED + 1)
    fallback = Fallback(FallbackKind.RANKED, ranked=MOST_RANKED) if len(ids) > MOST_RANKED else None
    worth = shares(reader, query, ids[:MOST_RANKED], cancel)
    return RankedMatches(tuple(sorted(worth, key=lambda key: (-worth[key], -key))[:limit]), fallback)


def shares(reader: Reader, query: Query, ids: Sequence[int], cancel: Cancel | None) -> dict[int, float]:
    """The share of each text that the words of a query cover."""
    marker, found = Marker(query), dict[int, float]()
    for row_id, text in texts(reader, ids, cancel):
        found[row_id] = sum(end - start for start, end in marker.spans(text)) / max(1, len(text))
    return found


def texts(reader: Reader, ids: Sequence[int], cancel: Cancel | None) -> Iterator[tuple[int, str]]:
    """What a search looks at, of some messages."""
    for row_id, *parts in reader.pages(texts_statement(reader.layout), ids, cancel=cancel):
        raise_if_cancelled(cancel)
        yield int(str(row_id)), terms.searched_text(*parts)


def count_matches(
    reader: Reader,
    query: Query,
    *,
    cap: int | None = None,
    session_filter: SessionFilter = None,
    cancel: Cancel | None = None,
) -> MatchCount:
    """Number of matches and their sessions."""
    ids = _every(reader, query, session_filter, cancel, (1 << 31) if cap is None else cap + 1)
    shown = ids if cap is None else ids[:cap]
    sql = f"SELECT DISTINCT session_id FROM {reader.layout.messages} WHERE id = ANY(%s)"
    parts = (shown[start : start + COUNTED_ROWS] for start in range(0, len(shown), COUNTED_ROWS))
    sessions = frozenset(session for part in parts for session in reader.texts(sql, (part,), cancel=cancel))
    return MatchCount(len(shown), sessions, len(shown) < len(ids))


def _every(reader: Reader, query: Query, session_filter: SessionFilter, cancel: Cancel | None, limit: int) -> list[int]:
    steps = matching_ids(reader, query, limit=limit, session_filter=session_filter, cancel=cancel)
    return [message_id for step in steps for message_id in step.ids]


def similar_words(reader: Reader, word: str, *, limit: int, cancel: Cancel | None = None) -> tuple[str, ...]:
    """Words of the newest 2,000 messages close to a folded one, closest first; () where it is among them."""
    from rapidfuzz import fuzz, process

    if len(word) <= FARTHEST:
        return ()
    sql = f"SELECT id FROM {reader.layout.messages} ORDER BY id DESC LIMIT {WORD_ROWS}"
    ids = [int(str(row[0])) for row in reader.rows(sql, cancel=cancel)]
    known = {part for _, text in texts(reader, ids, cancel) for part in fold(text).letters.split()}
    if word in known:
        return ()
    choices = sorted(choice for choice in known if abs(len(choice) - len(word)) <= FARTHEST)
    scored = process.extract(word, choices, scorer=fuzz.ratio, score_cutoff=CLOSE, limit=limit)
    return tuple(close for close, _, _ in scored)
