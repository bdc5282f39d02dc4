"""Searches of one home: newest first, best, oldest, counts, and corrections of words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ..base.cancel import Cancel
from ..base.errors import CannotOpen, Damaged
from ..base.late_pattern import late_pattern
from ..base.models import Batch, Count, Hit
from ..home_store import HomeStore
from ..query.filters import passes
from ..query.parse import Query, parse
from ..query.tokenizer import cjk_runs, fold
from .stream import Search

if TYPE_CHECKING:
    from .ranking import Ranking

_ID = late_pattern(r"[0-9]{6}")


class Searches:
    """A query is words as they are typed, or what `query.parse` made of them."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def search(
        self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None, after_id: int = 0
    ) -> Iterator[Batch]:
        """Hits newest first, from SQLite and from files that know more, batch by batch.

        Args:
            query: Words as they are typed, or what `query.parse` made of them.
            limit: Hits in all.
            cancel: Cancels the search.
            after_id: Only messages of SQLite above this id.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: The search was cancelled.
        """
        asked = _parsed(query)
        if not self._is_of_here(asked):
            return iter((Batch((), done=True),))
        return self._search(asked, cancel).batches(limit, after_id)

    def rank(
        self,
        query: Query | str,
        *,
        limit: int = 20,
        found: Sequence[Hit] | None = None,
        cancel: Cancel | None = None,
    ) -> Batch:
        """The best hits, best first; of equally good ones the newer first.

        Of many matches the newest 50,000 are ranked, and `fallbacks` says so.
        Hits of files are placed by their own score.

        Args:
            query: Words as they are typed, or what `query.parse` made of them.
            limit: Hits in all.
            found: The newest hits, where a search gave them: they are ranked where no index can rank more.
            cancel: Cancels the search.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: The search was cancelled.
        """
        asked = _parsed(query)
        return self._ranking(asked, cancel).best(limit, found) if self._is_of_here(asked) else Batch((), done=True)

    def oldest(self, query: Query | str, *, limit: int = 200, cancel: Cancel | None = None) -> Batch:
        """The oldest hits, oldest first; every match is read.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: The search was cancelled.
        """
        asked = _parsed(query)
        return self._ranking(asked, cancel).oldest(limit) if self._is_of_here(asked) else Batch((), done=True)

    def count(self, query: Query | str, *, cap: int | None = None, cancel: Cancel | None = None) -> Count:
        """Number of matching messages and of their sessions, files included.

        Args:
            cap: Count no further than that.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: The search was cancelled.
        """
        asked = _parsed(query)
        return self._ranking(asked, cancel).count(cap) if self._is_of_here(asked) else Count(0, 0)

    def meant(self, query: Query | str, *, cancel: Cancel | None = None) -> dict[str, str]:
        """Corrections where nothing was found: words that the index lacks, each with the most similar word that it has.

        Chinese, Japanese and Korean words, and those that are still being typed, are left out; a query with six digits
        in a row is a pasted id, and stays as it is.
        Where SQLite cannot be read there is nothing to propose; the search itself has said why.

        Raises:
            QueryInvalid: A filter's value means nothing.
            Interrupted: The search was cancelled.
        """
        asked = _parsed(query)
        if _ID.search(asked.text):
            return {}
        words = {word for term in asked.terms if not term.prefix for word in term.words if not cjk_runs(word)}
        try:
            found = {
                word: self._store.engine.search.similar_words(fold(word).letters, limit=1, cancel=cancel)
                for word in sorted(words)
            }
        except (CannotOpen, Damaged):
            return {}
        return {word: close[0] for word, close in found.items() if close}

    def _is_of_here(self, query: Query) -> bool:
        """Whether this home is asked: by the name of its profile, or for `host:` a part of it, a machine."""
        names = ("profile", "host") if query.filters else ()
        return all(passes(query, key, [self._store.profile]) for key in names)

    def _ranking(self, asked: Query, cancel: Cancel | None) -> Ranking:
        from .ranking import Ranking

        return Ranking(self._store.engine, asked, self._search(asked, cancel), cancel)

    def _search(self, query: Query, cancel: Cancel | None) -> Search:
        store = self._store
        return Search(store.engine, store.leftovers, query, now=time.time(), profile=store.profile, cancel=cancel)


def _parsed(query: Query | str) -> Query:
    if not isinstance(query, str):
        return query
    return parse(query, now=time.time()) if ":" in query else _without_filters(query)


@lru_cache(maxsize=64)
def _without_filters(text: str) -> Query:
    """A query that says the same at any time."""
    return parse(text, now=0.0)
