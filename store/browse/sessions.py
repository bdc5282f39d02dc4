"""Sessions for a list: pages, one row, first words, chains and families."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..agent import reads
from ..agent.sessions import AgentSessions
from ..base.errors import CannotOpen, Damaged, StoreError, StoreMissing
from ..base.models import FamilyMember, Outline, Page, Scope, Session
from ..formats.row_encoding import storable
from ..home_store import HomeStore


class StoredSessions:
    """Sessions of one home; a missing one is None, one that cannot be read a StoreError."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store

    def sessions(self, *, limit: int = 200, cursor: object = None) -> Page[Session]:
        """A page of all sessions in SQLite, newest start first: archived, hidden and child ones included.

        At the end come those that have messages and no row (`Session.orphan`), by id.
        Where a page of the file is damaged, sessions may come twice, and those that cannot be read say so.

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
        found = {row.id: row for row in (*self.rows(active), *self.sessions(limit=limit).items)}
        return tuple(sorted(found.values(), key=lambda row: (row.last_active or 0.0, row.id), reverse=True)[:limit])

    def session(self, session_id: str) -> Session | None:
        """One session, from SQLite or from files that alone know it: JSONL, the spool, a snapshot as the last resort.

        Where SQLite cannot be read, the files speak for it.
        """
        try:
            found = next(iter(self.rows([session_id])), None)
        except (CannotOpen, Damaged):
            if (alone := self._store.leftovers.session(session_id)) is None:
                raise
            return alone
        return found or self._store.leftovers.session(session_id)

    def rows(self, ids: Iterable[str]) -> tuple[Session, ...]:
        """The rows of some sessions in SQLite, those that are there."""
        return self._store.engine.sessions.by_ids(ids, now=time.time(), profile=self._store.profile)

    def file_sessions(self) -> tuple[Session, ...]:
        """The sessions that only files know: those with a JSONL file, the file changed last first, then the spool's,
        then the snapshots'; `Session.origin` tells which.

        Where SQLite cannot be read, all that have a file.
        """
        try:
            known = {*self._store.engine.sessions.ids(), *self._store.engine.sessions.orphans()}
        except (CannotOpen, Damaged):
            known = set()
        return tuple(self._store.leftovers.sessions(known))

    def outlines(self, session_ids: Iterable[str]) -> dict[str, Outline]:
        """Status and first words of the sessions that are there: for what is on the screen.

        Where SQLite cannot be read, of those that have a file.
        """
        wanted = list(session_ids)
        try:
            rows = self.rows(wanted)
        except (CannotOpen, Damaged):
            rows = ()
        found = {row.id: self._outline(row) for row in rows}
        alone = ((one, self._store.leftovers.outline(one)) for one in wanted if one not in found)
        return found | {one: outline for one, outline in alone if outline is not None}

    def _outline(self, row: Session) -> Outline:
        try:
            return reads.outline(self._store.engine, row)
        except Damaged:
            return Outline(None)

    def scope(self) -> Scope:
        """How many sessions SQLite has, and how many the default list leaves out and why."""
        return self._store.engine.sessions.scope()

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain that a session belongs to, root first; its own id where it is alone."""
        return self._store.engine.sessions.lineage([session_id]).chain(session_id) or (session_id,)

    def family(self, session_id: str) -> tuple[FamilyMember, ...]:
        """The whole family of a session as a tree: what it continues, branches, delegates; itself where it is alone."""
        tree = self._store.engine.sessions.lineage([session_id]).tree(session_id)
        rows = {row.id: row for row in self.rows([one for one, _ in tree])}
        return tuple(FamilyMember(rows[one], depth) for one, depth in tree if one in rows)

    def named(self, text: str, *, limit: int) -> list[str]:
        """Ids of sessions in SQLite that have this id, begin so or have it in their title; that very id first."""
        found = self._store.engine.sessions.find_by_name(storable(text) or "", limit=limit)
        found += [one for one in self._store.engine.sessions.orphans() if one.startswith(text)]
        return sorted(found, key=lambda one: one != text)[:limit]

    def resolve(self, text: str) -> str | None:
        """The id itself, else the one id that begins so, of SQLite or of files; None where none or several do.

        Raises:
            StoreError: SQLite cannot be read and no file has it.
        """
        unread: StoreError | None = None
        try:
            if (known := AgentSessions(self._store).resolve_session_id(text)) is not None:
                return known
        except StoreMissing:
            pass
        except (CannotOpen, Damaged) as error:
            unread = error
        starting = [session.id for session in self.file_sessions() if text and session.id.startswith(text)]
        if text in starting or len(starting) == 1:
            return text if text in starting else starting[0]
        if unread is not None:
            raise unread
        return None
