"""Search for Chinese, Japanese and Korean words of one and two characters by the vocabulary of the trigram index.

A trigram index has no token that short, but all tokens with that prefix and their rows: one range of its vocabulary,
read as a range of the index (docs/performance.md §2d).
The vocabulary is a temporary table of the connection: nothing is written to the file, `mode=ro` allows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import apsw

from ...base.late_dataclass import dataclass, replace
from ...query.ast import Query, Term
from ...query.json_escapes import escaped_runs
from ..base import cell_values, column_sql
from ..base.schema_probe import FTS, TRIGRAM, Layout
from .escaped_words import calls_column, match_possible
from .fts5_match import runs as runs_of
from .fts5_match import trigrams_of

MAX_PLACES = 200_000
"""Maximum occurrences that are read, about 0.1 s; a more common word is found quickly by a scan."""

VOCABULARY = "temp.hermes_tui_places"
_HIGHEST_CHARACTER = "\U0010ffff"
_LENGTH = 3


@dataclass(frozen=True, slots=True)
class UnindexedRows:
    """Condition for the rows that the trigram index may lack for some words."""

    condition: str
    bindings: tuple[bytes, ...]


def rows(connection: apsw.Connection, layout: Layout, query: Query) -> tuple[int, ...] | None:
    """Ids of candidate rows, newest first, to be verified by `accepts`; None where there are too many.

    Raises apsw.Error, not translated, where an index cannot be read.
    """
    ids: set[int] = set()
    for terms in query.any_of:
        candidates = _candidates(connection, layout, terms)
        if candidates is None:
            return None
        ids |= candidates
    return tuple(sorted(ids, reverse=True))


def _candidates(connection: apsw.Connection, layout: Layout, terms: tuple[Term, ...]) -> set[int] | None:
    """Candidate rows of one alternative, by its longest runs, or by its words where it has none."""
    varied = [term for term in terms if term.variants]
    if varied:
        rest = tuple(term for term in terms if not term.variants)
        sets = [_of_forms(connection, layout, term) for term in varied]
        sets += [_candidates(connection, layout, rest)] if _runs(rest) else []
        bounded = [rows for rows in sets if rows is not None]
        return reduce(set.intersection, bounded) if bounded else None
    runs = _runs(terms)
    longest = max(map(len, runs), default=0)
    if longest == 0:
        usable = layout.fts not in (None, "A")
        return _matching(connection, FTS, match_possible(Query("", (terms,)), calls_column(layout))) if usable else None
    if longest >= _LENGTH:
        long = (run for run in runs if len(run) >= _LENGTH)
        return _matching(connection, TRIGRAM, " AND ".join(map(trigrams_of, long)))
    sets = [_rows_with(connection, run) for run in sorted({run for run in runs if len(run) == longest})]
    bounded = [rows for rows in sets if rows is not None]
    return reduce(set.intersection, bounded) if bounded else None


def _of_forms(connection: apsw.Connection, layout: Layout, term: Term) -> set[int] | None:
    """Candidate rows of a term in any of its forms."""
    forms = (replace(term, variants=()), *term.variants)
    sets = [_candidates(connection, layout, (form,)) for form in forms]
    return None if None in sets else set[int]().union(*(rows for rows in sets if rows is not None))


def _matching(connection: apsw.Connection, table: str, expression: str) -> set[int] | None:
    sql = f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT {MAX_PLACES + 1}"
    return _bounded(connection.execute(sql, (expression,)).fetchall())


def _rows_with(connection: apsw.Connection, run: str) -> set[int] | None:
    """Rows with a trigram that starts with `run`, and those with its JSON escapes."""
    connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {VOCABULARY} USING fts5vocab(main, {TRIGRAM}, instance)")
    sql = f"SELECT doc FROM {VOCABULARY} WHERE term >= ? AND term < ? LIMIT {MAX_PLACES + 1}"
    plain = _bounded(connection.execute(sql, (run, run + _HIGHEST_CHARACTER)).fetchall())
    in_json = _matching(connection, TRIGRAM, " OR ".join(f'"{form}"' for form in escaped_runs(run)))
    return None if plain is None or in_json is None else plain | in_json


def _bounded(rows: list[tuple[apsw.SQLiteValue, ...]]) -> set[int] | None:
    return None if len(rows) > MAX_PLACES else {cell_values.integer(row[0]) for row in rows}


def _runs(terms: Iterable[Term]) -> list[str]:
    return [run for term in terms for run in runs_of(term)]


def unindexed_rows(layout: Layout, query: Query) -> UnindexedRows:
    """Condition for the rows that the trigram index may lack for a query's words.

    Texts that end in a run of one or two characters, where no trigram starts.
    Layout B has two spaces after the content, so it lacks only names and calls of tools (docs/format.md §2.4).
    Contents that start with a NUL (docs/format.md §3.2): older versions of SQLite end their trigrams there.
    """
    indexed = layout.trigram_columns if layout.trigram == "C" else ("content",)
    ending = ("tool_name", "tool_calls") if layout.trigram == "B" else indexed
    forms = (form for term in query.terms for form in (term, *term.variants))
    runs = sorted({run for run in _runs(forms) if len(run) < _LENGTH})
    tails = [
        column_sql.blob(f"messages.{name}", f"instr(substr(CAST(messages.{name} AS BLOB), -8), ?)", "0")
        for name in ending
        if layout.has("messages", name)
        for _ in runs
    ]
    starts = column_sql.blob("messages.content", "substr(CAST(messages.content AS BLOB), 1, 1) = x'00'", "0")
    condition = " OR ".join([starts, *tails])
    shown = " AND messages.role IS NOT 'tool'" if "tool" in layout.trigram_leaves_out else ""
    bindings = tuple(run.encode() for name in ending if layout.has("messages", name) for run in runs)
    return UnindexedRows(f"({condition}){shown}", bindings)
