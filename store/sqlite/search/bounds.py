"""Bounds of the ids that may pass the filters of a query, asked for where many rows had no hit.

A word that is in most messages is met in all of them before it is known that a filter lets none pass. The sessions are
a tenth of the messages and less, their times are in an index, and names of tools in that of trigrams.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

import apsw

from ...base.cancel import Cancel
from ...base.errors import Damaged
from ...base.late_dataclass import replace
from ...formats.message_codec import LATEST
from ...query.ast import Query
from ..base import cell_values
from ..base.cell_values import Value
from ..base.schema_probe import TRIGRAM, Layout
from ..connect.reader import Reader, Row
from .row_filters import SessionConditions
from .scan_ranges import MAX_ID, ScanRange

FEW = 2_000
"""Sessions whose messages are looked up."""
SIDE_BY_SIDE = 8
"""Sessions whose rows are passed over at once."""
_BY_TIME = "idx_messages_session"
"""Index on (session_id, timestamp), which has the times of all messages."""
_LOWEST = -(1 << 63)
_TRIGRAM = 3
"""Characters of the shortest text that the trigram index has."""
_SPAN = "SELECT min(id), max(id) FROM messages WHERE "


def bounded(
    reader: Reader, query: Query, sessions: SessionConditions | None, ranges: list[ScanRange], cancel: Cancel | None
) -> list[ScanRange]:
    """The parts of some ranges in which a row may pass the filters; none where no row may.

    Raises:
        Interrupted: It was cancelled.
    """
    try:
        if (ids := _of_tools(reader, query, cancel)) is not None:
            ranges = [_among(item, ids) for item in ranges if not item.brief] if ids else []
        spans = [_of_sessions(reader, sessions, cancel), *_of_times(reader, query, cancel)]
        spans += _of_roles(reader, query, cancel)
    except Damaged:  # then every row is looked at
        return ranges
    for span in spans:
        if span == (None, None):
            return []
        low, high = span or (None, None)
        if low is not None and high is not None:
            ranges = [item.within(high + 1, low - 1) for item in ranges]
    return ranges


def beyond_sessions(
    reader: Reader, sessions: SessionConditions, cells: Iterable[Value], scan: ScanRange, cancel: Cancel | None
) -> ScanRange | None:
    """A range below the rows of the sessions of a window that does not pass; None where no row is left.

    One session may have a hundred thousand rows in a row. It is the range itself where the window is of many.

    Args:
        cells: Ids of the sessions of the window's rows.

    Raises:
        Interrupted: It was cancelled.
    """
    of_window = set(islice(dict.fromkeys(cells), SIDE_BY_SIDE + 1))
    names = [cell_values.text(cell) for cell in of_window if cell_values.is_text(cell) and not sessions((cell,))]
    if not names or len(names) != len(of_window) or len(names) > SIDE_BY_SIDE or None in names:
        return scan
    high, low = (MAX_ID if scan.below is None else scan.below), (_LOWEST if scan.above is None else scan.above)
    try:
        rows = reader.rows(_OTHERS, (high, low, json.dumps(names)), cancel=cancel)
    except Damaged:  # then every row is looked at
        return scan
    return replace(scan, below=cell_values.integer(rows[0][0]) + 1) if rows else None


_OTHERS = (
    "SELECT id FROM messages NOT INDEXED WHERE id < ? AND id > ?"
    " AND (session_id IS NULL OR session_id NOT IN (SELECT value FROM json_each(?))) ORDER BY id DESC LIMIT 1"
)


Span = tuple[int | None, int | None]
"""The lowest and the highest id, None for no row."""


def _of_sessions(reader: Reader, sessions: SessionConditions | None, cancel: Cancel | None) -> Span | None:
    """The span of the messages of all sessions that pass; None where they are many or not known."""
    ids = sessions.passing(cancel) if sessions is not None else None
    if ids is None or len(ids) > FEW:
        return None
    return _span(reader, "session_id IN (SELECT value FROM json_each(?))", (json.dumps(ids),), cancel)


def _of_tools(reader: Reader, query: Query, cancel: Cancel | None) -> tuple[int, ...] | None:
    """All rows that `tool:` may let pass, newest first; None where they are many or not known.

    The trigram index has names and calls of tools, whose names are ASCII (docs/format.md §3.3).
    """
    layout, names = reader.layout, [item.value for item in query.filters_of("tool")]
    if layout.trigram != "B" or layout.stale or layout.unindexed is not None or layout.trigram_leaves_out:
        return None
    if not names or not all(len(name) >= _TRIGRAM and name.isascii() and "\0" not in name for name in names):
        return None
    phrases = " OR ".join('"' + name.replace('"', '""') + '"' for name in names)
    sql = f"SELECT rowid FROM {TRIGRAM} WHERE {TRIGRAM} MATCH ? ORDER BY rowid DESC LIMIT {FEW + 1}"

    def _read(connection: apsw.Connection, _: Layout) -> list[Row] | None:
        try:
            return connection.execute(sql, (phrases,)).fetchall()
        except (apsw.SQLError, apsw.CorruptError):
            return None

    from .lost_rows import blank_rows

    rows = reader.read(_read, cancel=cancel)
    if rows is None or len(rows) > FEW or (blank := blank_rows(reader, layout, cancel)) is None:
        return None
    return tuple(sorted({*(cell_values.integer(row[0]) for row in rows), *blank}, reverse=True))


def _among(item: ScanRange, ids: tuple[int, ...]) -> ScanRange:
    """The rows of a range that are among some ids; what an index was asked for is matched in their texts."""
    if item.ids is not None:
        return item
    is_matched = item.verified or item.table is not None
    return replace(item, table=None, ids=ids, unindexed=None, escapes=None, verified=is_matched)


class _RolesSeen(NamedTuple):
    """What was found of a role."""

    version: int
    """Of the file when it was looked at."""
    highest: int
    """Id of a message up to which all were looked at."""
    rows: tuple[int, float]
    """Number and sum of the ids up to it: a row that comes back with its id changes them."""
    span: Span


_NOTHING_SEEN = _RolesSeen(0, _LOWEST, (0, 0.0), (None, None))
_roles: WeakKeyDictionary[Reader, dict[str, _RolesSeen]] = WeakKeyDictionary()


def _of_roles(reader: Reader, query: Query, cancel: Cancel | None) -> list[Span]:
    """The span of the rows of `role:`, which no index has: it is looked for once, then in newer rows alone.

    The role of a row never changes (docs/format.md §3.1), but a deletion that is undone brings rows back below others.
    """
    spans = [_of_role(reader, item.value, cancel) for item in query.filters_of("role")]
    known = [(low, high) for low, high in spans if low is not None and high is not None]
    if not spans or not reader.layout.has("messages", "role"):
        return []
    return [(min(low for low, _ in known), max(high for _, high in known)) if known else (None, None)]


def _of_role(reader: Reader, role: str, cancel: Cancel | None) -> Span:
    version, kept = reader.data_version(), _roles.setdefault(reader, {})
    known = kept.get(role)
    if known is not None and known.version == version:
        return known.span
    number, total, highest = _extent(reader, "", (), cancel)
    is_same = known is not None and known.version >> 32 == version >> 32
    if known is not None and is_same:
        fresh, of_fresh, _ = _extent(reader, " WHERE id > ?", (known.highest,), cancel)
        is_same = known.rows == (number - fresh, total - of_fresh)
    if known is None or not is_same:
        known = _NOTHING_SEEN
    sql = f"{_SPAN.replace('messages', 'messages NOT INDEXED')}{_HAS_ROLE}"
    [found] = reader.rows(sql, (role, known.highest, highest), cancel=cancel)
    ends = [end for end in (*known.span, *found) if isinstance(end, int)]
    span = (min(ends), max(ends)) if ends else (None, None)
    kept[role] = _RolesSeen(version, highest, (number, total), span)
    return span


def _extent(reader: Reader, test: str, bindings: tuple[int, ...], cancel: Cancel | None) -> tuple[int, float, int]:
    """Number of some messages, the sum of their ids and the highest of these."""
    sql = f"SELECT count(*), total(id), max(id) FROM messages{test}"
    [(number, total, highest)] = reader.rows(sql, bindings, cancel=cancel)
    return cell_values.integer(number), float(cell_values.integer(total)), cell_values.integer(highest)


_HAS_ROLE = "(role LIKE ? OR octet_length(role) > length(role)) AND id > ? AND id <= ?"


def _of_times(reader: Reader, query: Query, cancel: Cancel | None) -> list[Span]:
    """The spans of the messages that `after:` and `before:` may let pass: texts and smaller units are high."""
    if _BY_TIME not in reader.layout.indexes:
        return []
    tests = [("timestamp >= ?", item) for item in query.filters_of("after")]
    tests += [(f"timestamp < ? OR timestamp >= {LATEST}", item) for item in query.filters_of("before")]
    return [_span(reader, test, (item.timestamp or 0.0,), cancel) for test, item in tests]


def _span(reader: Reader, test: str, bindings: tuple[str | float, ...], cancel: Cancel | None) -> Span:
    [(low, high)] = reader.rows(f"{_SPAN}{test}", bindings, cancel=cancel)
    return (low, high) if isinstance(low, int) and isinstance(high, int) else (None, None)
