"""How words are looked for: which index for which ids, and where the rows themselves are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import apsw

from ...base.cancel import Cancel
from ...query.ast import Query, Term
from ...query.filters import ROLES
from ...query.tokenizer import cjk_runs
from ..base.schema_probe import FTS, TRIGRAM, Layout
from ..connect.reader import Reader
from . import cjk_bigrams
from .fts5_match import match_trigrams, match_words
from .scan_ranges import ScanRange

MISSING = "no index, scanning"
DAMAGED = "index damaged, scanning"
UNUSABLE = "index unusable, scanning"
STALE = "index out of date, scanning"
REBUILDING = "index being rebuilt, scanning what it lacks"
UNRANKED = "index being rebuilt, ranking what it has"
COMMON = "too common for the index, scanning"
PARTLY = "the index for these words leaves out "
PARTLY_WALKED = "tool output is not in the index for these words, scanning"
SOONER = "newest rows first, the index follows"
LOST = "scanning what the index leaves out"
TRANSIENT_LABELS = frozenset({SOONER, LOST})
"""Labels of a step that say nothing of the whole answer."""

_SHORT_PREFIX = 3
_GAPS = {
    "tool": ("tool output", {"tool"}),
    "calls": ("tool calls", {"tool", "assistant"}),
    "long": ("tool output beyond 8 192 characters", {"tool"}),
    "internal": ("cron and subagent sessions", set(ROLES)),
}
"""What an index may leave out -> how that is said, and the roles it concerns."""


def plan(reader: Reader, layout: Layout, query: Query, cancel: Cancel | None = None) -> list[ScanRange]:
    """The stretches that answer a query's words, newest ids first.

    Raises:
        Interrupted: The question was withdrawn while rows were gathered by the vocabulary.
    """
    walk = ScanRange(None, "", verified=query.has_words or bool(query.none_of))
    if not query.has_words:
        return [walk]
    if any(cjk_runs(term.text) for term in query.terms):
        way = _by_trigram(reader, layout, query, walk, cancel)
    else:
        way = _by_word(layout, query, walk)
    if way.table is None:
        return [way]
    if layout.unindexed is not None:
        done, high = layout.unindexed
        gap = replace(walk, label=REBUILDING, below=high + 1, above=done)
        return [replace(way, above=high), gap, replace(way, below=done + 1)]
    return [*_sooner(query, way), way] if layout.fts != "A" else [way]  # A knows no tool calls, a walk does


def _by_word(layout: Layout, query: Query, walk: ScanRange) -> ScanRange:
    if layout.fts is None or layout.stale:
        return replace(walk, label=STALE if layout.fts else MISSING)
    expression = match_words(query)
    verified = not expression.isascii() or any(cjk_runs(term.text) for term in query.none_of)
    return ScanRange(FTS, expression, verified, _gaps(layout.fts_leaves_out, query))


def _by_trigram(reader: Reader, layout: Layout, query: Query, walk: ScanRange, cancel: Cancel | None) -> ScanRange:
    """Chinese, Japanese and Korean have no spaces between words: three characters in a row are what is indexed."""
    if layout.trigram is None or layout.stale:
        return replace(walk, label=STALE if layout.trigram else MISSING)
    if "tool" in layout.trigram_leaves_out and "tool" in {one.value for one in query.filters_of("role")}:
        return replace(walk, label=PARTLY_WALKED)
    way = ScanRange(TRIGRAM, match_trigrams(query), verified=True, label=_gaps(layout.trigram_leaves_out, query))
    way = replace(way, lost=cjk_bigrams.unindexed_rows(layout, query))
    if way.expression:
        return way
    ids, refused = _named(reader, query, cancel)
    return replace(walk, label=refused or COMMON) if ids is None else replace(way, ids=ids)


def _gaps(left_out: frozenset[str], query: Query) -> str | None:
    """What the index leaves out of what is asked for, as a label; None where that is nothing."""
    roles = {one.value for one in query.filters_of("role")} or set(ROLES)
    said = [words for name, (words, concerned) in _GAPS.items() if name in left_out and concerned & roles]
    return f"{PARTLY}{' and '.join(said)}" if said else None


def _named(reader: Reader, query: Query, cancel: Cancel | None) -> tuple[tuple[int, ...] | None, str | None]:
    """Rows by the vocabulary, or a label where the index would not tell them."""

    def _question(connection: apsw.Connection, layout: Layout) -> tuple[tuple[int, ...] | None, str | None]:
        try:
            return cjk_bigrams.rows(connection, layout, query), None
        except (apsw.SQLError, apsw.CorruptError) as error:
            return None, refusal(error)

    return reader.read(_question, cancel=cancel)


def refusal(error: apsw.Error) -> str:
    """What to say of an index that answers with an error."""
    return DAMAGED if isinstance(error, apsw.CorruptError) else UNUSABLE


def _sooner(query: Query, way: ScanRange) -> list[ScanRange]:
    """A prefix of one to three letters costs the index its whole list before the first row: judge newer rows first.

    Those that have the other words where there are any, the newest of all otherwise (docs/performance.md §2d).
    """
    if way.table != FTS or not any(map(_is_short_prefix, query.terms)):
        return []
    finished = tuple(tuple(_finished(terms)) for terms in query.any_of)
    brief = ScanRange(None, "", verified=True, label=SOONER, brief=True)
    if not all(finished):
        return [brief]
    return [replace(brief, table=FTS, expression=match_words(replace(query, any_of=finished)))]


def _finished(terms: Iterable[Term]) -> Iterable[Term]:
    return (term for term in terms if not _is_short_prefix(term))


def _is_short_prefix(term: Term) -> bool:
    return term.prefix and len(term.words) == 1 and len(term.words[0]) <= _SHORT_PREFIX
