"""Suggestions for a word that is not in the index: its most similar words.

The vocabulary is read as ranges of the index, words with the same first two letters first, then those with the same
first letter, within a time limit (docs/performance.md §2d has the cost of a range).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import apsw

from ...base.cancel import Cancel
from ..base import cell_values
from ..base.schema_probe import FTS, Layout
from ..connect.reader import Reader

SECONDS = 0.15
"""Time limit for reading words."""
MAX_WORDS = 20_000
"""Maximum words of one range."""
MIN_SCORE = 75.0
"""Minimum of rapidfuzz's ratio, of 100: one wrong letter in four, two in eight."""

_FIRST = "abcdefghijklmnopqrstuvwxyz0123456789"
"""`string.ascii_lowercase + string.digits`; that module compiles a pattern."""
_WORDS = "temp.hermes_tui_words"
_HIGHEST_CHARACTER = "\U0010ffff"
_MAX_LENGTH_DIFFERENCE = 2


def similar_words(
    reader: Reader, word: str, *, limit: int, cancel: Cancel | None = None, clock: Callable[[], float] = time.monotonic
) -> tuple[str, ...]:
    """Words of the index similar to a folded word, the most similar first, then the more common; () if it has the word.

    Raises:
        Interrupted: It was cancelled.
        StoreError: The file cannot be read.
    """
    from rapidfuzz import fuzz, process

    layout = reader.layout
    if layout.fts is None or layout.stale or len(word) <= _MAX_LENGTH_DIFFERENCE:
        return ()
    started = clock()
    frequencies: dict[str, int] = {}
    for prefix in _prefixes(word):
        frequencies |= reader.read(partial(_words_with_prefix, prefix=prefix), cancel=cancel)
        if word in frequencies:
            return ()
        if clock() - started >= SECONDS:
            break
    choices = [choice for choice in frequencies if abs(len(choice) - len(word)) <= _MAX_LENGTH_DIFFERENCE]
    scored = process.extract(word, choices, scorer=fuzz.ratio, score_cutoff=MIN_SCORE, limit=4 * limit)
    best = sorted(scored, key=lambda match: (-match[1], -frequencies[match[0]], match[0]))
    return tuple(choice for choice, _, _ in best[:limit])


def _prefixes(word: str) -> Iterator[str]:
    yield word[:2]
    yield word[1::-1]
    yield from (word[0] + letter for letter in _FIRST if letter != word[1])


def _words_with_prefix(connection: apsw.Connection, _: Layout, prefix: str) -> dict[str, int]:
    """Words with a prefix and the number of their messages; none where the index cannot be read."""
    sql = f"SELECT term, doc FROM {_WORDS} WHERE term >= ? AND term < ? LIMIT {MAX_WORDS}"
    try:
        connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {_WORDS} USING fts5vocab(main, {FTS}, row)")
        rows = connection.execute(sql, (prefix, prefix + _HIGHEST_CHARACTER)).fetchall()
    except (apsw.SQLError, apsw.CorruptError):
        return {}
    return {cell_values.text(term) or "": cell_values.integer(number) for term, number in rows}
