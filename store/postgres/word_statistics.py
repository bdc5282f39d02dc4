"""Frequencies of words as the server's planner knows them, read once: what EXPLAIN would estimate, without asking it.

They are those of `pg_stats`, combined as the planner's own estimate of `@@` combines them, but for AND, where the
rarest word counts alone: words of one text are not independent.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile
from math import prod
from weakref import WeakKeyDictionary

from . import cells
from .reader import Reader
from .schema_probe import Layout
from .terms import Lexeme, Lookups

UNKNOWN_SHARE = 0.005
"""Share of the messages that the planner expects of a word that it does not know, at most."""
FRESH_SECONDS = 300.0
"""Age at which they are read again."""
_BOUNDS = 2
"""Numbers behind the frequencies: the least of them and the greatest."""

_STATEMENT = (
    "SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_catalog.pg_stats"
    " WHERE schemaname = %s AND tablename = 'messages' AND attname = %s ORDER BY inherited DESC LIMIT 1"
)


@dataclass(frozen=True)
class WordStatistics:
    """Shares of messages by word."""

    shares: Mapping[str, float]
    otherwise: float
    """Of a word that is not among them."""
    rows: float
    """Messages."""

    def estimate(self, lookups: Lookups) -> float:
        """Messages that the index is expected to find."""
        found = (min(min(1.0, sum(map(self._share, forms))) for forms in parts) for parts in lookups)
        return self.rows * min(1.0, sum(found))

    def _share(self, lexeme: Lexeme) -> float:
        if not lexeme.is_open:
            return self.shares.get(lexeme.word, self.otherwise)
        first = bisect_left(self._words, lexeme.word)
        begun = takewhile(lambda word: word.startswith(lexeme.word), islice(self._words, first, None))
        return max(UNKNOWN_SHARE, 1.0 - prod(1.0 - self.shares[word] for word in begun))

    @cached_property
    def _words(self) -> list[str]:
        return sorted(self.shares)


_known: WeakKeyDictionary[Reader, tuple[Layout, float, WordStatistics | None]] = WeakKeyDictionary()


def statistics_of(reader: Reader, column: str) -> WordStatistics | None:
    """The statistics of a column of words; None where nobody analysed it or the role may not see them."""
    layout, now = reader.layout, time.monotonic()
    known = _known.get(reader)
    if known is None or known[0] is not layout or now - known[1] > FRESH_SECONDS:
        known = _known[reader] = (layout, now, _read(reader, layout, column))
    return known[2]


def _read(reader: Reader, layout: Layout, column: str) -> WordStatistics | None:
    row = reader.row(_STATEMENT, (layout.schema, column)) if layout.rows >= 0 else None
    if row is None:
        return None
    words, shares = row
    if not isinstance(words, list) or not isinstance(shares, list) or len(shares) < len(words) + _BOUNDS:
        return WordStatistics({}, UNKNOWN_SHARE, layout.rows)  # no word is common
    least = float(shares[len(words)])
    return WordStatistics(
        {cells.text(word) or "": float(share) for word, share in zip(words, shares, strict=False)},
        min(UNKNOWN_SHARE, least / 2),
        layout.rows,
    )
