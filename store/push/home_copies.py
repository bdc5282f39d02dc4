"""Sessions of a home as they are copied: by SQLite, with what their files have more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..base.errors import Damaged, ReadOnly
from ..engine.push_target import SessionCopy
from ..home_store import HomeStore
from .file_copies import FileCopies, Unread
from .file_watch import Changed
from .session_copies import SessionCopies


class HomeCopies:
    """Makes the copies of one home. A mark has three parts: of SQLite, of the files, and which kinds of them it has.

    Args:
        store: The home, opened to read.

    Raises:
        ReadOnly: The home's database cannot be copied.
    """

    def __init__(self, store: HomeStore) -> None:
        if store.copied is None:
            raise ReadOnly(f"{store.engine.name} is no file, so it is not copied")
        self._engine, self._rows = store.engine, store.copied()
        self._stored = SessionCopies(store.engine, self._rows)
        self._files = FileCopies(store)
        self._current: dict[str, str] = {}
        self._damaged: dict[str, str] = {}
        """Session -> why SQLite cannot read it."""
        self.kept: set[str] = set()
        """Sessions that were left as they are, since what they were copied from could not be looked at."""

    @property
    def unread(self) -> Sequence[str]:
        """A sentence for each file, folder or part of SQLite that could not be looked at."""
        return [*self._files.unread, *dict.fromkeys(self._damaged.values())]

    @property
    def all_listed(self) -> bool:
        """False where sessions that files alone have may not be known."""
        return self._files.all_listed

    def look(self) -> Iterator[None]:
        """List the files again, in steps, and know of nothing that was left."""
        self.kept.clear()
        self._damaged.clear()
        return self._files.look()

    def refresh(self, changed: Changed) -> set[str]:
        """List again the files that changed; their sessions."""
        return self._files.refresh(changed)

    def ids(self) -> list[str]:
        """All sessions of the home, the newest of SQLite first."""
        stored = [*self._engine.sessions.ids(), *self._engine.sessions.orphans()]
        return [*stored, *self._files.ids(frozenset(stored))]

    def stamp(self) -> str:
        """State of the whole home; "" where it changed so lately that a change might be missed."""
        parts = (self._rows.stamp(), self._files.stamp())
        if None in parts or self.unread:
            return ""
        return hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()

    def states(self, ids: Sequence[str]) -> dict[str, object]:
        """What changes with any act of Hermes on one of some sessions."""
        return self._stored.states(ids)

    def walk(self, ids: Sequence[str]) -> Iterator[None]:
        """Read all messages once, in steps, for `is_as_copied`; where a page is damaged each session is read itself."""
        self._current = {}
        try:
            yield from self._stored.marks(ids, self._current) if ids else ()
        except Damaged:
            return

    def is_as_copied(self, session_id: str, known: str) -> bool:
        """True where neither side of a session changed since its copy, or its files cannot be looked at."""
        before, state, kinds = _parts(known)
        return self._keeps(session_id, kinds) or (
            before == self._current.get(session_id) and state == self._files.state(session_id)
        )

    def new(self, ids: Sequence[str]) -> Iterator[SessionCopy]:
        """Some sessions, whole; without those that cannot be read."""
        try:
            copies = list(self._stored.new(ids))
        except Damaged:
            copies = list(filter(None, [self._of_sqlite(session_id, "") for session_id in ids]))
        for copy in copies:
            if (found := self._with_files(copy, "")) is not None:
                yield found

    def whole(self, session_id: str, known: str) -> SessionCopy | None:
        """A session, read whole; None where it cannot be, or its files cannot be and the copy has some of them.

        Args:
            known: Its mark at the copy before, "" for none.
        """
        before, _, kinds = _parts(known)
        if self._keeps(session_id, kinds):
            return None
        before = "" if kinds or self._files.state(session_id) else before
        copy = self._of_sqlite(session_id, before)
        return None if copy is None else self._with_files(copy, kinds, known)

    def _of_sqlite(self, session_id: str, before: str) -> SessionCopy | None:
        try:
            return self._stored.copy(session_id, before, whole=True)
        except Damaged as error:
            self._damaged[session_id] = str(error)
            self.kept.add(session_id)
            return None

    def grown(self, session_id: str, known: str) -> SessionCopy | None:
        """The same with what was appended since the copy before; read whole where that is not all."""
        before, state, kinds = _parts(known)
        try:
            if not state and not kinds and not self._files.state(session_id):
                copy = self._stored.copy(session_id, before, whole=False)
                return replace(copy, mark=f"{copy.mark}||")
            grown = self._files.grown(
                session_id, known, lambda stored: self._stored.copy(session_id, stored, whole=False)
            )
        except (Unread, Damaged):
            return None
        return grown or self.whole(session_id, known)

    def _keeps(self, session_id: str, kinds: str) -> bool:
        if kinds and self._files.keep(kinds):
            self.kept.add(session_id)
            return True
        return False

    def _with_files(self, copy: SessionCopy, kinds: str, known: str = "") -> SessionCopy | None:
        state = self._files.state(copy.session_id)
        if not state:
            return replace(copy, mark=f"{copy.mark}||")
        try:
            return self._files.merged(copy, state, known)
        except Unread:
            if kinds or (copy.row is None and not copy.messages):
                self.kept.add(copy.session_id)
                return None
            return replace(copy, mark=f"{copy.mark}|?|")


def stored_part(mark: str) -> str:
    """What a mark says of SQLite."""
    return _parts(mark)[0]


def _parts(mark: str) -> tuple[str, str, str]:
    stored, _, rest = mark.partition("|")
    state, _, kinds = rest.partition("|")
    return stored, state, kinds
