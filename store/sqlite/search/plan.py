"""Search plan: the index for each range of ids, or a scan of the rows."""

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
PARTLY_SCANNED = "tool output is not in the index for these words, scanning"
NEWEST_FIRST = "newest rows first, the index follows"
UNINDEXED = "scanning what the index leaves out"
TRANSIENT_LABELS = frozenset({NEWEST_FIRST, UNINDEXED})
"""Labels of single steps, which do not apply to the whole search."""

_SHORT_PREFIX = 3
_GAPS = {
    "tool": ("tool output", {"tool"}),
    "calls": ("tool calls", {"tool", "assistant"}),
    "long": ("tool output beyond 8 192 characters", {"tool"}),
    "internal": ("cron and subagent sessions", set(ROLES)),
}
"""Part that an index may lack -> its description, and the roles concerned."""


def plan(reader: Reader, layout: Layout, query: Query, cancel: Cancel | None = None) -> list[ScanRange]:
    """The ranges to search for a query's words, newest ids first.

    Raises:
        Interrupted: It was cancelled while candidates were read from the vocabulary.
    """
    scan = ScanRange(None, "", verified=query.has_words or bool(query.none_of))
    if not query.has_words:
        return [scan]
    if any(cjk_runs(term.text) for term in query.terms):
        indexed = _by_trigram(reader, layout, query, scan, cancel)
    else:
        indexed = _by_word(layout, query, scan)
    if indexed.table is None:
        return [indexed]
    if layout.unindexed is not None:
        done, high = layout.unindexed
        gap = replace(scan, label=REBUILDING, below=high + 1, above=done)
        return [replace(indexed, above=high), gap, replace(indexed, below=done + 1)]
    brief = _newest_rows(query, indexed) if layout.fts != "A" else ()  # A lacks tool calls, which a scan would find
    return [*brief, indexed]


def _by_word(layout: Layout, query: Query, scan: ScanRange) -> ScanRange:
    if layout.fts is None or layout.stale:
        return replace(scan, label=STALE if layout.fts else MISSING)
    expression = match_words(query)
    verified = not expression.isascii() or any(cjk_runs(term.text) for term in query.none_of)
    return ScanRange(FTS, expression, verified, _gaps(layout.fts_leaves_out, query))


def _by_trigram(reader: Reader, layout: Layout, query: Query, scan: ScanRange, cancel: Cancel | None) -> ScanRange:
    """Range of the trigram index, for Chinese, Japanese and Korean, which have no spaces between words."""
    if layout.trigram is None or layout.stale:
        return replace(scan, label=STALE if layout.trigram else MISSING)
    if "tool" in layout.trigram_leaves_out and "tool" in {item.value for item in query.filters_of("role")}:
        return replace(scan, label=PARTLY_SCANNED)
    indexed = ScanRange(TRIGRAM, match_trigrams(query), verified=True, label=_gaps(layout.trigram_leaves_out, query))
    indexed = replace(indexed, unindexed=cjk_bigrams.unindexed_rows(layout, query))
    if indexed.expression:
        return indexed
    ids, label = _candidates(reader, query, cancel)
    return replace(scan, label=label or COMMON) if ids is None else replace(indexed, ids=ids)


def _gaps(left_out: frozenset[str], query: Query) -> str | None:
    """Label for the searched messages that the index lacks; None for none."""
    roles = {item.value for item in query.filters_of("role")} or set(ROLES)
    missing = [part for name, (part, concerned) in _GAPS.items() if name in left_out and concerned & roles]
    return f"{PARTLY}{' and '.join(missing)}" if missing else None


def _candidates(reader: Reader, query: Query, cancel: Cancel | None) -> tuple[tuple[int, ...] | None, str | None]:
    """Candidate rows by the vocabulary, or a label where the index cannot be read."""

    def _read(connection: apsw.Connection, layout: Layout) -> tuple[tuple[int, ...] | None, str | None]:
        try:
            return cjk_bigrams.rows(connection, layout, query), None
        except (apsw.SQLError, apsw.CorruptError) as error:
            return None, error_label(error)

    return reader.read(_read, cancel=cancel)


def error_label(error: apsw.Error) -> str:
    """Label for an index that raises an error."""
    return DAMAGED if isinstance(error, apsw.CorruptError) else UNUSABLE


def _newest_rows(query: Query, indexed: ScanRange) -> list[ScanRange]:
    """Brief range of the newest rows, for a prefix of up to three letters, which costs the index a whole list.

    It has the rows with the other words where there are any, else all (docs/performance.md §2d).
    """
    if indexed.table != FTS or not any(map(_is_short_prefix, query.terms)):
        return []
    others = tuple(tuple(_without_short_prefixes(terms)) for terms in query.any_of)
    brief = ScanRange(None, "", verified=True, label=NEWEST_FIRST, brief=True)
    if not all(others):
        return [brief]
    return [replace(brief, table=FTS, expression=match_words(replace(query, any_of=others)))]


def _without_short_prefixes(terms: Iterable[Term]) -> Iterable[Term]:
    return (term for term in terms if not _is_short_prefix(term))


def _is_short_prefix(term: Term) -> bool:
    return term.prefix and len(term.words) == 1 and len(term.words[0]) <= _SHORT_PREFIX
