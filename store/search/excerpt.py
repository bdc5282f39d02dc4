"""Excerpt of a text around its first match; of a long text only the pieces up to that are folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..query.matcher import Marker

LONGEST = 2_000
"""Characters of a hit's text."""
LEAD = 400
"""Characters of them before the first match."""
PIECE = 16_384
"""Characters of a text that are folded at once."""

Spans = tuple[tuple[int, int], ...]


def excerpt(marker: Marker, text: str) -> tuple[str, Spans]:
    """The excerpt and the matches in it; no matches where there are none."""
    if len(text) <= PIECE:
        return cut(text, marker.spans(text))
    for start in range(0, len(text), PIECE):
        if found := _inside(marker, text, start - LONGEST, start + PIECE):
            first = found[0][0]
            around = _inside(marker, text, first - LONGEST, first + 2 * LONGEST)
            return cut(text, tuple(span for span in around if span[0] >= first))
    return cut(text, marker.spans(text))  # a phrase may be longer than what two pieces have in common


def cut(text: str, spans: Spans) -> tuple[str, Spans]:
    """At most LONGEST characters around the first span, and the spans in that excerpt."""
    if len(text) <= LONGEST:
        return text, spans
    first = spans[0][0] if spans else 0
    start = max(0, min(first - LEAD, len(text) - LONGEST))
    end = start + LONGEST
    inside = ((max(begin, start), min(stop, end)) for begin, stop in spans if begin < end and stop > start)
    return text[start:end], tuple((begin - start, stop - start) for begin, stop in inside)


def _inside(marker: Marker, text: str, low: int, high: int) -> Spans:
    """Matches in a part of a text, without those at an edge of it, where a word may go on."""
    low, high = max(0, low), min(len(text), high)
    spans = ((begin + low, end + low) for begin, end in marker.spans(text[low:high]))
    return tuple(span for span in spans if (span[0] > low or not low) and (span[1] < high or high == len(text)))
