"""Part of the SQLite engine that counts sessions: implements `engine.statistics.StatisticsRows`."""

from __future__ import annotations

from ..base.delegation import delegate
from .connect.reader import Reader
from .rows import statistics


def _reader(rows: SqliteStatistics) -> Reader:
    return rows.reader


class SqliteStatistics:
    """Implements `statistics.StatisticsRows`."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    total = delegate(_reader, statistics.total)
    groups = delegate(_reader, statistics.groups)
    activity = delegate(_reader, statistics.activity)
    longest = delegate(_reader, statistics.longest)
    dearest = delegate(_reader, statistics.dearest)
    tools = delegate(_reader, statistics.tools)
