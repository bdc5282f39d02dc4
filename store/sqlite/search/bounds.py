"""Bounds of the ids that may pass the filters of a query, asked for where many rows had no hit.

A word that is in most messages is met in all of them before it is known that a filter lets none pass. The sessions are
a tenth of the messages and less, and their times are in an index.
"""

from __future__ import annotations

import json

from ...base.cancel import Cancel
from ...base.errors import Damaged
from ...formats.message_codec import LATEST
from ...query.ast import Query
from ..connect.reader import Reader
from .row_filters import SessionConditions
from .scan_ranges import ScanRange

FEW = 2_000
"""Sessions whose messages are looked up."""
_BY_TIME = "idx_messages_session"
"""Index on (session_id, timestamp), which has the times of all messages."""
_SPAN = "SELECT min(id), max(id) FROM messages WHERE "


def bounded(
    reader: Reader, query: Query, sessions: SessionConditions | None, ranges: list[ScanRange], cancel: Cancel | None
) -> list[ScanRange]:
    """The parts of some ranges in which a row may pass the filters; none where no row may.

    Raises:
        Interrupted: It was cancelled.
    """
    try:
        spans = [_of_sessions(reader, sessions, cancel), *_of_times(reader, query, cancel)]
    except Damaged:  # then every row is looked at
        return ranges
    for span in spans:
        if span == (None, None):
            return []
        low, high = span or (None, None)
        if low is not None and high is not None:
            ranges = [item.within(high + 1, low - 1) for item in ranges]
    return ranges


Span = tuple[int | None, int | None]
"""The lowest and the highest id, None for no row."""


def _of_sessions(reader: Reader, sessions: SessionConditions | None, cancel: Cancel | None) -> Span | None:
    """The span of the messages of all sessions that pass; None where they are many or not known."""
    ids = sessions.passing(cancel) if sessions is not None else None
    if ids is None or len(ids) > FEW:
        return None
    return _span(reader, "session_id IN (SELECT value FROM json_each(?))", (json.dumps(ids),), cancel)


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
