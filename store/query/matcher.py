"""Matcher of queries in Python, by the rules of the FTS5 index: match spans, and whether a text matches.

Used to mark hits, to scan without an index, and to verify candidates of an index.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from .ast import Query, Term
from .tokenizer import SEPARATOR, Folded, cjk_runs, fold, plain


def accepts(query: Query, text: str) -> bool:
    """True where a text matches a query's words; filters are not tested.

    A query without words accepts every text that has none of its exclusions.
    Linear in the text.
    """
    if not query.any_of and not query.none_of:
        return True
    folded = fold(text)
    written = plain(text) if query.has_signs else ""
    if any(_occurs(term, folded, written) for term in query.none_of):
        return False
    return not query.any_of or any(all(_occurs(term, folded, written) for term in terms) for terms in query.any_of)


def ideographs(query: Query) -> str:
    """The only word of a query, where every text that has it written so is accepted; "" for any other query.

    Chinese characters have neither case nor accents, and match inside words.
    """
    if query.none_of or len(query.any_of) != 1 or len(query.any_of[0]) != 1:
        return ""
    term = query.any_of[0][0]
    return term.text if (term.text,) == term.words and all("\u4e00" <= char <= "\u9fff" for char in term.text) else ""


def matches(query: Query, text: str) -> tuple[tuple[int, int], ...]:
    """Ranges of a text that the terms of a query match: half-open, in order, disjoint.

    Of a word that is still being typed only the typed part is covered.
    """
    return Marker(query).spans(text)


class Marker:
    """Match spans of one query in many texts."""

    def __init__(self, query: Query) -> None:
        self._terms = tuple(dict.fromkeys(query.terms))
        self._has_signs = query.has_signs
        self._in_order = len(self._terms) == 1 and not self._terms[0].variants

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """Ranges as `matches` returns them."""
        if not self._terms:
            return ()
        folded = fold(text)
        written = plain(text) if self._has_signs else ""
        spans = [span for term in self._terms for span in _spans_of(term, folded, written)]
        return tuple(spans if self._in_order else merged(sorted(spans)))


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted ranges, overlapping ones merged."""
    result: list[tuple[int, int]] = []
    for start, end in spans:
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def _occurs(term: Term, folded: Folded, written: str) -> bool:
    return next(_spans(term, folded, written), None) is not None


def _spans(term: Term, folded: Folded, written: str) -> Iterator[tuple[int, int]]:
    """Spans of a term in a text, and of its variants after them, each from left to right.

    Args:
        written: The text as `plain` gives it; used for a term with signs.
    """
    for span in _word_spans(term, folded):
        start, end = folded.span(*span)
        if not term.literal:
            yield start, end
        elif written.startswith(term.literal, begin := start - _lead(term.literal)) and begin >= 0:
            end = begin + len(term.literal)
            if not _is_mark(written[end : end + 1]):
                yield begin, end
    for variant in term.variants:
        yield from _composed_spans(term, variant, folded, written)


def _composed_spans(term: Term, variant: Term, folded: Folded, written: str) -> Iterator[tuple[int, int]]:
    """Spans of a variant of a term: pieces of the text that are the term once they are composed."""
    composed, _ = _finder(term)
    for span in _word_spans(variant, folded):
        start, end = folded.span(*span)
        if term.literal:
            start = max(start - _lead(variant.literal), 0)
            end = min(start + len(variant.literal), len(written))
        while _is_mark(written[end : end + 1]):
            end += 1
        piece = unicodedata.normalize("NFC", written[start:end])
        if plain(piece) == term.literal if term.literal else composed.fullmatch(fold(piece).letters):
            yield start, end


def _is_mark(character: str) -> bool:
    """True for a character that changes the one before it: a combining mark, the rest of a Korean syllable."""
    return bool(character) and (unicodedata.combining(character) != 0 or "\u1160" <= character <= "\u11ff")


@lru_cache(maxsize=512)
def _lead(literal: str) -> int:
    """Signs before the first word of a literal."""
    letters = fold(literal).letters
    return len(letters) - len(letters.lstrip(SEPARATOR))


def _spans_of(term: Term, folded: Folded, written: str) -> Iterable[tuple[int, int]]:
    """The same as `_spans`, faster for most terms: one word, which cannot begin inside a match of itself."""
    if term.literal or term.variants or len(term.words) != 1:
        return _spans(term, folded, written)
    pattern, anywhere = _finder(term)
    letters = folded.letters
    spans = [
        match.span()
        for match in pattern.finditer(letters)
        if anywhere or not (start := match.start()) or letters[start - 1] == SEPARATOR
    ]
    return spans if folded.places is None else [folded.span(*span) for span in spans]


def _word_spans(term: Term, folded: Folded) -> Iterator[tuple[int, int]]:
    """Spans of a term's words in folded letters."""
    pattern, anywhere = _finder(term)
    letters, position = folded.letters, 0
    while match := pattern.search(letters, position):
        start, position = match.span()
        if anywhere or start == 0 or letters[start - 1] == SEPARATOR:
            yield start, position
        else:
            position = start + 1


@lru_cache(maxsize=512)
def _finder(term: Term) -> tuple[re.Pattern[str], bool]:
    """The pattern of a term, and whether it may start inside a word.

    The left word boundary is tested after the search, so that the pattern starts with letters and the search is fast.
    """
    anywhere = bool(cjk_runs(term.text))
    letters = f"{SEPARATOR}+".join(re.escape(fold(word).letters) for word in term.words)
    right = "" if anywhere or term.prefix else f"(?![^{SEPARATOR}])"
    return re.compile(letters + right), anywhere
