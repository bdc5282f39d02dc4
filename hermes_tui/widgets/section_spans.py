"""Sections of a transcript by the ids of their messages, found by halving: a chain may have thousands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise


class SectionSpans:
    """The spans of sections in one sequence of messages, whose ids ascend within each.

    Args:
        ids: Of all messages; only added to.
        starts: The index at which each section begins; only added to.
    """

    def __init__(self, ids: Sequence[int], starts: Sequence[int]) -> None:
        self._ids = ids
        self._starts = starts
        self._size = (0, 0)
        self._spans: list[tuple[int, int]] = []
        self._firsts: list[int] = []
        self._highest: list[int] = []
        """The highest id of a span and those before it: spans may overlap."""

    def holding(self, message_id: int) -> Iterator[tuple[int, int]]:
        """Start and end of every section whose ids reach from below a message's to above it."""
        if (size := (len(self._ids), len(self._starts))) != self._size:
            self._size = size
            self._read()
        place = bisect_right(self._firsts, message_id) - 1
        while place >= 0 and self._highest[place] >= message_id:
            yield self._spans[place]
            place -= 1

    def _read(self) -> None:
        spans = (span for span in pairwise((*self._starts, len(self._ids))) if span[0] < span[1])
        self._spans = sorted(spans, key=lambda span: self._ids[span[0]])
        self._firsts = [self._ids[start] for start, _ in self._spans]
        self._highest = list(accumulate((self._ids[end - 1] for _, end in self._spans), max))
