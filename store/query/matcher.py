"""Where a query's terms stand in a text, and whether the text answers it: the index's own rules, in Python.

Used to mark hits, to scan where no index can, and to verify what an index can only narrow down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .ast import Query, Term
from .tokenizer import PART, Folded, cjk_runs, fold


def accepts(query: Query, text: str) -> bool:
    """Tell whether a text answers a query's words; filters are not asked.

    A query without words accepts every text that has none of its exclusions.
    Linear in the text.
    """
    if not query.any_of and not query.none_of:
        return True
    folded = fold(text)
    if any(_stands(term, folded) for term in query.none_of):
        return False
    return not query.any_of or any(all(_stands(term, folded) for term in terms) for terms in query.any_of)


def matches(query: Query, text: str) -> tuple[tuple[int, int], ...]:
    """Give the ranges of a text that the sought terms cover: half-open, in order, apart from one another.

    Of a word that is still being typed only what was typed is covered.
    """
    return Marker(query).spans(text)


class Marker:
    """Marks what one query seeks in many texts."""

    def __init__(self, query: Query) -> None:
        self._terms = tuple(dict.fromkeys(query.terms))

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """The ranges of a text that the terms cover, as `matches` gives them."""
        if not self._terms:
            return ()
        folded = fold(text)
        found = [folded.span(*span) for term in self._terms for span in _spans(term, folded)]
        if len(found) > 1:
            found = list(_joined(sorted(found)))
        return tuple(found)


def _joined(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join ranges, sorted, that overlap."""
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current and start < current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current:
            yield current
        current = (start, end)
    if current:
        yield current


def _stands(term: Term, folded: Folded) -> bool:
    return next(_spans(term, folded), None) is not None


def _spans(term: Term, folded: Folded) -> Iterator[tuple[int, int]]:
    """Find a term in folded letters, from left to right, not overlapping itself."""
    pattern, anywhere = _finder(term)
    letters, position = folded.letters, 0
    while found := pattern.search(letters, position):
        start, position = found.span()
        if anywhere or start == 0 or letters[start - 1] == PART:
            yield start, position
        else:
            position = start + 1


@lru_cache(maxsize=512)
def _finder(term: Term) -> tuple[re.Pattern[str], bool]:
    """What to look for, and whether it may begin inside a word.

    The left edge is looked at after the search, so that the pattern begins with letters and the search stays fast.
    """
    anywhere = bool(cjk_runs(term.text))
    letters = f"{PART}+".join(re.escape(fold(word).letters) for word in term.words)
    right = "" if anywhere or term.prefix else f"(?![^{PART}])"
    return re.compile(letters + right), anywhere
