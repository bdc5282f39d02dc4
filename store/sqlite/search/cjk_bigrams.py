"""Chinese, Japanese and Korean words of one and two characters: rows by the vocabulary of the trigram index.

A trigram index has no token that short, but every token that begins with it, and where each of them stands: one range
of its vocabulary, read as a range of the index itself (docs/performance.md §2d).
The vocabulary is a temporary table of the connection: nothing is written to the file, `mode=ro` allows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import apsw

from ...query.ast import Query, Term
from ...query.json_escapes import escaped
from ...query.tokenizer import cjk_runs
from ..base import cell_values
from ..base.schema_probe import FTS, TRIGRAM, Layout
from .fts5_match import match_words

MAX_PLACES = 200_000
"""Places in texts that are gathered at most, about 0.1 s; a word that is more common is soon found by a walk."""

PLACES = "temp.hermes_tui_places"
_BEYOND = "\U0010ffff"
_TRIGRAM = 3


@dataclass(frozen=True, slots=True)
class UnindexedRows:
    """Which rows the trigram index cannot give for some words."""

    condition: str
    bindings: tuple[bytes, ...]


def needed(query: Query) -> bool:
    """True where an alternative has Chinese, Japanese or Korean characters, but nowhere three in a row."""
    return any(runs and max(map(len, runs)) < _TRIGRAM for runs in map(_runs, query.any_of)) or (
        any(map(_runs, query.any_of)) and not all(map(_runs, query.any_of))
    )


def rows(connection: apsw.Connection, layout: Layout, query: Query) -> tuple[int, ...] | None:
    """Ids of the rows that may match, newest first, to be verified by `accepts`; None where there are too many.

    Raises apsw.Error as it comes, where an index does not answer.
    """
    found: set[int] = set()
    for terms in query.any_of:
        some = _alternative(connection, layout, terms)
        if some is None:
            return None
        found |= some
    return tuple(sorted(found, reverse=True))


def _alternative(connection: apsw.Connection, layout: Layout, terms: tuple[Term, ...]) -> set[int] | None:
    """Rows that may answer one alternative: by the rarest thing it has, as far as its length tells."""
    runs = _runs(terms)
    longest = max(map(len, runs), default=0)
    if longest == 0:
        usable = layout.fts not in (None, "A")
        return _matching(connection, FTS, match_words(Query("", (terms,)))) if usable else None
    if longest >= _TRIGRAM:
        long = (run for run in runs if len(run) >= _TRIGRAM)
        return _matching(connection, TRIGRAM, " AND ".join(f'("{run}" OR "{escaped(run)}")' for run in long))
    sets = [_places(connection, run) for run in sorted({run for run in runs if len(run) == longest})]
    full = [one for one in sets if one is not None]
    return reduce(set.intersection, full) if full else None


def _matching(connection: apsw.Connection, table: str, expression: str) -> set[int] | None:
    sql = f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT {MAX_PLACES + 1}"
    return _bounded(connection.execute(sql, (expression,)).fetchall())


def _places(connection: apsw.Connection, run: str) -> set[int] | None:
    """Rows with a trigram that begins with `run`, and those that have it as JSON has it."""
    connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {PLACES} USING fts5vocab(main, {TRIGRAM}, instance)")
    sql = f"SELECT doc FROM {PLACES} WHERE term >= ? AND term < ? LIMIT {MAX_PLACES + 1}"
    places = _bounded(connection.execute(sql, (run, run + _BEYOND)).fetchall())
    in_json = _matching(connection, TRIGRAM, f'"{escaped(run)}"')
    return None if places is None or in_json is None else places | in_json


def _bounded(found: list[tuple[apsw.SQLiteValue, ...]]) -> set[int] | None:
    return None if len(found) > MAX_PLACES else {cell_values.integer(row[0]) for row in found}


def _runs(terms: Iterable[Term]) -> list[str]:
    return [run for term in terms for word in term.words for run in cjk_runs(word)]


def unindexed_rows(layout: Layout, query: Query) -> UnindexedRows:
    """The rows that the trigram index may lack for these words.

    Texts that end in a run of one or two characters: no trigram begins there.
    Layout B has two spaces behind the content, so there it is only the names and calls of tools (docs/format.md §2.4).
    And contents that begin with a NUL (docs/format.md §3.2): older versions of SQLite end their trigrams there.
    """
    indexed = layout.trigram_columns if layout.trigram == "C" else ("content",)
    ending = ("tool_name", "tool_calls") if layout.trigram == "B" else indexed
    runs = sorted({run for run in _runs(query.terms) if len(run) < _TRIGRAM})
    tails = [
        f"instr(substr(CAST(messages.{name} AS BLOB), -8), ?)"
        for name in ending
        if layout.has("messages", name)
        for _ in runs
    ]
    condition = " OR ".join(["substr(CAST(messages.content AS BLOB), 1, 1) = x'00'", *tails])
    shown = " AND messages.role IS NOT 'tool'" if "tool" in layout.trigram_leaves_out else ""
    bindings = tuple(run.encode() for name in ending if layout.has("messages", name) for run in runs)
    return UnindexedRows(f"({condition}){shown}", bindings)
