"""Words of the index that come close to one that is not in it: what was meant, perhaps.

The vocabulary is read as ranges of the index itself, words with the same first two letters first, then those with the
same first letter, as long as there is time (docs/performance.md §2d has what a range costs).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from string import ascii_lowercase, digits

import apsw

from ...base.cancel import Cancel
from ..base import cell_values
from ..base.schema_probe import FTS
from ..connect.reader import Reader

SECONDS = 0.15
"""How long words are gathered."""
MOST_WORDS = 20_000
"""Words of one range."""
CLOSE = 75.0
"""Of 100, by rapidfuzz's ratio: one wrong letter in four, two in eight."""

_WORDS = "temp.hermes_tui_words"
_BEYOND = "\U0010ffff"
_FARTHEST = 2


def similar_words(
    reader: Reader, word: str, *, limit: int, cancel: Cancel | None = None, clock: Callable[[], float] = time.monotonic
) -> tuple[str, ...]:
    """Words of the index that are like a folded word, the closest first, of equals the more common; () where it has it.

    Raises:
        Interrupted: If it was withdrawn.
        StoreError: If the file cannot be read.
    """
    from rapidfuzz import fuzz, process

    layout = reader.layout
    if layout.fts is None or layout.stale or len(word) <= _FARTHEST:
        return ()
    began = clock()
    common: dict[str, int] = {}
    for start in _starts(word):
        common |= reader.read(lambda connection, _, start=start: _range(connection, start), cancel=cancel)  # type: ignore[misc]
        if word in common:
            return ()
        if clock() - began >= SECONDS:
            break
    choices = [one for one in common if abs(len(one) - len(word)) <= _FARTHEST]
    scored = process.extract(word, choices, scorer=fuzz.ratio, score_cutoff=CLOSE, limit=4 * limit)
    best = sorted(scored, key=lambda one: (-one[1], -common[one[0]], one[0]))
    return tuple(one for one, _, _ in best[:limit])


def _starts(word: str) -> Iterator[str]:
    yield word[:2]
    yield word[1::-1]
    yield from (word[0] + letter for letter in ascii_lowercase + digits if letter != word[1])


def _range(connection: apsw.Connection, start: str) -> dict[str, int]:
    """The words that begin so, and how many messages each is in; none where the index would not tell."""
    sql = f"SELECT term, doc FROM {_WORDS} WHERE term >= ? AND term < ? LIMIT {MOST_WORDS}"
    try:
        connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {_WORDS} USING fts5vocab(main, {FTS}, row)")
        rows = connection.execute(sql, (start, start + _BEYOND)).fetchall()
    except (apsw.SQLError, apsw.CorruptError):
        return {}
    return {cell_values.text(term) or "": cell_values.integer(many) for term, many in rows}
