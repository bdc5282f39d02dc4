"""Search plan: the index for each range of ids, or a scan of the rows."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from ...base.fallbacks import Fallback, FallbackKind, IndexGap, ScanProgress
from ...base.late_dataclass import replace
from ...query.ast import Query, Term
from ...query.filters import ROLES
from ...query.json_escapes import escaped_runs
from ...query.matcher import ideographs
from ...query.tokenizer import cjk_runs
from ..base.schema_probe import FTS, TRIGRAM, Layout
from . import cjk_bigrams
from .escaped_words import EVERY_ROW, EscapedWords, calls_column, escaped_words, match_possible
from .fts5_match import match_trigrams, match_words
from .scan_ranges import ScanRange

_SHORT_PREFIX = 3
_GAPS = {
    IndexGap.TOOL: {"tool"},
    IndexGap.CALLS: {"tool", "assistant"},
    IndexGap.LONG: {"tool"},
    IndexGap.INTERNAL: set(ROLES),
}
"""Text that an index may lack -> the roles concerned."""


def plan(connection: apsw.Connection, layout: Layout, query: Query) -> list[ScanRange]:
    """The ranges to search for a query's words, newest ids first."""
    if not query.has_words:
        return [ScanRange(None, "", verified=bool(query.none_of))]
    scan = ScanRange(None, "", verified=True, progress=ScanProgress.SCANNING)
    if any(cjk_runs(term.text) for term in query.terms):
        indexed = _by_trigram(connection, layout, query, scan)
    else:
        indexed = _by_word(layout, query, scan)
    if indexed.table is None:
        return [indexed]
    if layout.unindexed is not None:
        done, high = layout.unindexed
        rebuilding = Fallback(FallbackKind.REBUILDING)
        gap = replace(scan, fallback=rebuilding, progress=ScanProgress.INDEXED, below=high + 1, above=done)
        return [replace(indexed, above=high), gap, replace(indexed, below=done + 1)]
    brief = (
        _newest_rows(layout, query, indexed) if layout.fts != "A" else ()
    )  # A lacks tool calls, which a scan would find
    return [*brief, indexed]


def _by_word(layout: Layout, query: Query, scan: ScanRange) -> ScanRange:
    if layout.fts is None or layout.stale:
        return _unindexed(scan, stale=layout.fts is not None)
    expression, gaps = match_words(query), _gaps(layout.fts_leaves_out, query)
    verified = not expression.isascii() or query.has_signs or any(cjk_runs(term.text) for term in query.none_of)
    if IndexGap.CALLS in layout.fts_leaves_out:
        return ScanRange(FTS, expression, verified, gaps)
    if verified:
        return ScanRange(FTS, match_possible(query, calls_column(layout)), verified, gaps)
    return ScanRange(FTS, expression, verified, gaps, escapes=escaped_words(query, calls_column(layout)))


def _by_trigram(connection: apsw.Connection, layout: Layout, query: Query, scan: ScanRange) -> ScanRange:
    """Range of the trigram index, for Chinese, Japanese and Korean, which have no spaces between words."""
    if layout.trigram is None or layout.stale:
        return _unindexed(scan, stale=layout.trigram is not None)
    if IndexGap.TOOL in layout.trigram_leaves_out and "tool" in _roles(query):
        return replace(scan, fallback=Fallback(FallbackKind.ROLE_UNINDEXED))
    indexed = ScanRange(TRIGRAM, match_trigrams(query), verified=True, fallback=_gaps(layout.trigram_leaves_out, query))
    indexed = replace(indexed, unindexed=cjk_bigrams.unindexed_rows(layout, query))
    if indexed.expression:
        return _certain(query, indexed)
    candidates = _candidates(connection, layout, query)
    if isinstance(candidates, FallbackKind):
        return replace(scan, fallback=Fallback(candidates))
    return replace(indexed, ids=candidates)


def _certain(query: Query, indexed: ScanRange) -> ScanRange:
    """A range that need not be verified where its word is written so; only rows that have it as JSON escapes are."""
    if not (word := ideographs(query)):
        return indexed
    written = f'"{word}"'
    in_json = " OR ".join(f'"{form}"' for form in escaped_runs(word))
    escapes = EscapedWords(in_json, f"({in_json}) NOT {written}", EVERY_ROW, ())
    return replace(indexed, expression=written, verified=False, escapes=escapes)


def _unindexed(scan: ScanRange, *, stale: bool) -> ScanRange:
    return replace(scan, fallback=Fallback(FallbackKind.STALE if stale else FallbackKind.MISSING))


def _roles(query: Query) -> set[str]:
    return {item.value for item in query.filters_of("role")}


def _gaps(left_out: frozenset[IndexGap], query: Query) -> Fallback | None:
    """The searched messages that the index lacks; None for none."""
    roles = _roles(query) or set(ROLES)
    missing = tuple(gap for gap, concerned in _GAPS.items() if gap in left_out and concerned & roles)
    return Fallback(FallbackKind.GAPS, missing) if missing else None


def _candidates(connection: apsw.Connection, layout: Layout, query: Query) -> tuple[int, ...] | FallbackKind:
    """Candidate rows by the vocabulary, or the reason why the index cannot give them."""
    try:
        rows = cjk_bigrams.rows(connection, layout, query)
    except (apsw.SQLError, apsw.CorruptError) as error:
        return index_error(error)
    return FallbackKind.COMMON if rows is None else rows


def index_error(error: apsw.Error) -> FallbackKind:
    """The kind of fallback for an index that raises an error."""
    return FallbackKind.DAMAGED if isinstance(error, apsw.CorruptError) else FallbackKind.UNUSABLE


def _newest_rows(layout: Layout, query: Query, indexed: ScanRange) -> list[ScanRange]:
    """Brief range of the newest rows, for a prefix of up to three letters, which costs the index a whole list.

    It has the rows with the other words where there are any, else all (docs/performance.md §2d).
    """
    if indexed.table != FTS or not any(map(_is_short_prefix, query.terms)):
        return []
    others = tuple(tuple(_without_short_prefixes(terms)) for terms in query.any_of)
    brief = ScanRange(None, "", verified=True, progress=ScanProgress.NEWEST_FIRST)
    if not all(others):
        return [brief]
    return [replace(brief, table=FTS, expression=match_possible(replace(query, any_of=others), calls_column(layout)))]


def _without_short_prefixes(terms: Iterable[Term]) -> Iterable[Term]:
    return (term for term in terms if not _is_short_prefix(term))


def _is_short_prefix(term: Term) -> bool:
    return term.prefix and len(term.words) == 1 and len(term.words[0]) <= _SHORT_PREFIX
