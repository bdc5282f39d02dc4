"""Statistics of one home: sessions, messages, tokens, cost, activity by day and hour, tools with their errors."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo

from ..base.cancel import Cancel
from ..base.errors import ReadOnly
from ..base.late_dataclass import dataclass
from ..base.models import Session
from ..engine.statistics import BUCKET, By, SessionSize, StatisticsRows, Tally, ToolsStep
from ..home_store import HomeStore
from ..query.ast import Query
from ..query.filters import passes
from ..query.parse import parse
from ..search.searches import Searches

LARGEST = 10
"""Sessions in a list of the largest."""
_PAGE = 1_000
_OF_ROWS = frozenset(("source", "model", "cwd", "title", "after", "before"))
"""Keys of filters that a session's row decides."""
_EVERY = 1 << 40


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of the sessions of a home, or of those that a query chooses."""

    total: Tally
    days: tuple[tuple[date, int], ...]
    """Local days with messages, the first one first."""
    hours: tuple[int, ...]
    """Messages by local hour of the day, 24 of them."""
    undated: int
    """Messages without a valid time."""
    longest: tuple[SessionSize, ...]
    dearest: tuple[SessionSize, ...]
    in_files: int = 0
    """Sessions that only JSONL files have, which are not counted; 0 where a query chose some of SQLite's."""
    by: By | None = None
    groups: tuple[tuple[str | None, Tally], ...] = ()
    """Name of the group, None for none; days in order, others by their messages."""


class HomeStatistics:
    """Counts sessions of one home; only SQLite is counted, files are not.

    Args:
        store: The home.
    """

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._searches = Searches(store)

    def chosen(self, query: str, *, cancel: Cancel | None = None) -> Sequence[str] | None:
        """Ids of the sessions that a query chooses, None for all.

        Words, and filters on messages, choose the sessions of their hits; `after` and `before` go by the start.

        Raises:
            QueryInvalid: A filter's value means nothing.
        """
        parsed = parse(query, now=time.time())
        if not parsed.has_conditions:
            return None
        if parsed.any_of or parsed.none_of or {item.key for item in parsed.filters} - _OF_ROWS:
            batches = self._searches.search(parsed, limit=_EVERY, cancel=cancel)
            return list(dict.fromkeys(hit.session_id for batch in batches for hit in batch.hits))
        return [session.id for session in self._sessions() if _is_chosen(parsed, session)]

    def statistics(self, ids: Sequence[str] | None, *, by: By | None, zone: tzinfo | None) -> Statistics:
        """Everything but tools.

        Args:
            ids: See `chosen`.
            by: Groups to count besides; `By.TOOL` has none here.
            zone: Of days and hours; None for that of the process.
        """
        rows = self._rows()
        spans = rows.activity(ids)
        days: Counter[date] = Counter()
        hours = [0] * 24
        for span, number in spans.items():
            if span is not None:
                at = _local(span, zone)
                days[at.date()] += number
                hours[at.hour] += number
        return Statistics(
            total=rows.total(ids),
            days=tuple(sorted(days.items())),
            hours=tuple(hours),
            undated=spans.get(None, 0),
            longest=tuple(rows.longest(ids, limit=LARGEST)),
            dearest=tuple(rows.dearest(ids, limit=LARGEST)),
            in_files=self._in_files() if ids is None else 0,
            by=by,
            groups=() if by is None else self.groups(ids, by=by, zone=zone),
        )

    def groups(self, ids: Sequence[str] | None, *, by: By, zone: tzinfo | None) -> tuple[tuple[str | None, Tally], ...]:
        """Name of each group, None for none, and its counts: days in order, others by their messages.

        Args:
            ids: See `chosen`.
            by: `By.TOOL` has none here.
            zone: See `statistics`.
        """
        if by is By.TOOL:
            return ()
        named: dict[str | None, Tally] = {}
        for key, tally in self._rows().groups(by, ids).items():
            name = str(_local(key, zone).date()) if isinstance(key, int) else None if key is None else str(key)
            if by is By.PROFILE and name is None:
                name = self._store.profile
            named[name] = _added(named.get(name), tally)
        if by is By.DAY:
            return tuple(sorted(named.items(), key=lambda item: item[0] or ""))
        return tuple(sorted(named.items(), key=lambda item: (-item[1].messages, item[0] or "")))

    def tools(self, ids: Sequence[str] | None, *, cancel: Cancel | None = None) -> Iterator[ToolsStep]:
        """Results of tools with their errors, while they are read; raises Interrupted."""
        return self._rows().tools(ids, cancel=cancel)

    def _in_files(self) -> int:
        files = self._store.files
        return len(files.ids_without(set(self._store.engine.sessions.ids()))) if files.stamps() else 0

    def _rows(self) -> StatisticsRows:
        if self._store.statistics is None:
            raise ReadOnly(f"sessions in {self._store.engine.name} are not counted by us; use hermes sessions stats")
        return self._store.statistics()

    def _sessions(self) -> Iterator[Session]:
        cursor: object = None
        while True:
            page = self._store.engine.sessions.page(
                limit=_PAGE, cursor=cursor, now=time.time(), profile=self._store.profile
            )
            yield from page.items
            if (cursor := page.cursor) is None:
                return


def _local(span: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(span * BUCKET, zone)


def _added(first: Tally | None, second: Tally) -> Tally:
    return second if first is None else first + second


def _is_chosen(query: Query, session: Session) -> bool:
    """True where the filters of a query pass a session's row."""
    texts = {"source": session.source, "model": session.model, "cwd": session.cwd, "title": session.title}
    if not all(passes(query, key, [text]) for key, text in texts.items()):
        return False
    start = session.started_at
    return all(
        start is not None and (start >= limit if item.key == "after" else start < limit) is not item.negated
        for item in query.filters
        if item.key in ("after", "before") and (limit := item.timestamp) is not None
    )
