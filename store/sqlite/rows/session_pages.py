"""Pages of all sessions: by start, by id from where the file is damaged, then those without a row."""

from __future__ import annotations

from ...base.errors import Damaged
from ...base.models import Page, Session
from ..connect.reader import Reader
from . import orphan_sessions, sessions
from .orphan_sessions import OrphanCursor
from .sessions import DamagedTableCursor, SessionCursor


def page(reader: Reader, *, limit: int, cursor: object, now: float, profile: str) -> Page[Session]:
    """A page of all sessions, newest start first; at the end those that have messages and no row, by id.

    Where a page of the file is damaged, sessions may come twice, and those that cannot be read say so.

    Args:
        cursor: `Page.cursor` of the page before; None for the first.
    """
    rows: Page[Session] = Page(())
    if not isinstance(cursor, OrphanCursor):
        rows = _rows(reader, limit, cursor, now=now, profile=profile)
        if rows.more:
            return rows
        cursor = OrphanCursor()
    room = limit - len(rows.items)
    orphans = orphan_sessions.page(reader, limit=room, cursor=cursor, now=now, profile=profile)
    return Page((*rows.items, *orphans.items), orphans.more, orphans.cursor)


def _rows(reader: Reader, limit: int, cursor: object, *, now: float, profile: str) -> Page[Session]:
    """The rows behind the cursor; from where a page is damaged all of them once more, by id."""
    if not isinstance(cursor, DamagedTableCursor):
        after = cursor if isinstance(cursor, SessionCursor) else None
        try:
            return sessions.page(reader, limit=limit, cursor=after, now=now, profile=profile)
        except Damaged:
            cursor = DamagedTableCursor()
    return sessions.page_by_id(reader, limit=limit, cursor=cursor, now=now, profile=profile)
