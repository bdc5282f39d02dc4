"""Sessions for a list: pages, one row, chains and families."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged, StoreError, StoreMissing
from ..base.models import FamilyMember, Page, Scope, Session
from ..formats.row_encoding import storable

if TYPE_CHECKING:
    from ..home_store import HomeStore


class StoredSessions:
    """Sessions of one home; a missing one is None, one that cannot be read a StoreError."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def sessions(self, *, limit: int = 200, cursor: object = None) -> Page[Session]:
        """A page of all sessions in SQLite, newest start first: archived, hidden and child ones included.

        At the end come those that have messages and no row (`Session.orphan`), by id.
        Where a page of the file is damaged, sessions may come twice, and unreadable ones have a `problem`.

        Args:
            cursor: `Page.cursor` of the page before.
        """
        return self._store.engine.sessions.page(
            limit=limit, cursor=cursor, now=time.time(), profile=self._store.profile
        )

    def recent(self, *, limit: int = 200) -> tuple[Session, ...]:
        """The sessions of the newest messages and the newest started ones, last active first: for the first frame.

        Where the newest messages lie on a damaged page, those started last.
        """
        try:
            active = self._store.engine.sessions.newest()[:limit]
        except Damaged:
            active = ()
        found = {row.id: row for row in self.sessions(limit=limit).items}
        found |= {row.id: row for row in self.rows(key for key in active if key not in found)}
        return tuple(sorted(found.values(), key=lambda row: (row.last_active or 0.0, row.id), reverse=True)[:limit])

    def session(self, session_id: str) -> Session | None:
        """One session, from SQLite or from files that alone have it: JSONL, the spool, a snapshot as the last resort.

        Where SQLite cannot be read, the files are read instead.
        """
        try:
            found = next(iter(self.rows([session_id])), None)
        except (CannotOpen, Damaged):
            if (alone := self._store.leftovers.session(session_id)) is None:
                raise
            return alone
        return found or self._store.leftovers.session(session_id)

    def rows(self, ids: Iterable[str]) -> tuple[Session, ...]:
        """The rows of some sessions in SQLite, without missing ones."""
        return self._store.engine.sessions.by_ids(ids, now=time.time(), profile=self._store.profile)

    def file_sessions(self) -> tuple[Session, ...]:
        """The sessions that only files know: those with a JSONL file, the file changed last first, then the spool's,
        then the snapshots'; `Session.origin` is the source.

        Where SQLite cannot be read, all that have a file.
        """
        if not self._store.leftovers.any:
            return ()
        try:
            known = {*self._store.engine.sessions.ids(), *self._store.engine.sessions.orphans()}
        except (CannotOpen, Damaged):
            known = set()
        return tuple(self._store.leftovers.sessions(known))

    def scope(self) -> Scope:
        """Number of sessions in SQLite, and of those that the default list leaves out, by reason."""
        return self._store.engine.sessions.scope()

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain that a session belongs to, root first; its own id where it is alone."""
        return self._store.engine.sessions.lineage([session_id]).chain(session_id) or (session_id,)

    def family(self, session_id: str) -> tuple[FamilyMember, ...]:
        """The whole family of a session as a tree: sections, branches, delegates; itself where it is alone."""
        tree = self._store.engine.sessions.lineage([session_id]).tree(session_id)
        rows = {row.id: row for row in self.rows([member for member, _ in tree])}
        return tuple(FamilyMember(rows[member], depth) for member, depth in tree if member in rows)

    def named(self, text: str, *, limit: int) -> list[str]:
        """Ids of sessions in SQLite that have the text in their id or title; an equal id first."""
        found = self._store.engine.sessions.find_by_name(storable(text) or "", limit=limit)
        found += [orphan for orphan in self._store.engine.sessions.orphans() if text in orphan]
        return sorted(found, key=lambda session_id: session_id != text)[:limit]

    def resolve(self, text: str) -> str | None:
        """The id itself, else the one id that starts with the text, of SQLite or of files; None for none or several.

        Raises:
            StoreError: SQLite cannot be read and no file has it.
        """
        unread: StoreError | None = None
        starting: list[str] = []
        try:
            if self._store.engine.records.session(storable(text)) is not None:
                return text
            starting = self._store.engine.records.ids_like(storable(text) or "")
        except StoreMissing:
            pass
        except (CannotOpen, Damaged) as error:
            unread = error
        starting += [session.id for session in self.file_sessions() if text and session.id.startswith(text)]
        if text in starting or len(starting) == 1:
            return text if text in starting else starting[0]
        if unread is not None:
            raise unread
        return None
