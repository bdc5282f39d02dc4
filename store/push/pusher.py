"""Push of one home to its schema: what is new by batches, then only what changed, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ..base.errors import Refused
from ..engine.push_target import HomeIdentity, PushTarget, SessionCopy
from ..home_store import HomeStore
from .file_copies import FileCopies
from .session_copies import SessionCopies

BATCH_ROWS = 2_000
"""Messages of the new sessions that are one transaction."""
MOST_GONE = 0.1
"""Part of the sessions that may have vanished before a push refuses."""
FEW = 10
"""Sessions that may have vanished in any case."""
FULL_EVERY = 60.0
"""Seconds between two full pushes of a push that follows, at least."""
FULL_SHARE = 50.0
"""So many times as long as a full push took is waited before the next one."""


@dataclass(frozen=True, slots=True)
class PushStep:
    """State of a push."""

    done: int
    """Sessions that were looked at."""
    total: int
    written: int = 0
    """Sessions that were copied."""
    gone: int = 0
    """Sessions that vanished from the home."""


class Pusher:
    """Copies one home; used by one thread.

    Args:
        store: The home, opened to read.
        target: Its schema.
        identity: Whose copy it is.
    """

    def __init__(self, store: HomeStore, target: PushTarget, identity: HomeIdentity) -> None:
        self._store, self._target, self._identity = store, target, identity
        self._copies = SessionCopies(store.engine)
        self._files = FileCopies(store)

    def claim(self, *, take_over: bool = False) -> None:
        """Make the schema where it is missing, and make sure that it is this home's.

        Raises:
            Refused: It is another's.
        """
        self._target.claim(self._identity, take_over=take_over)

    def push(self, *, allow_gone: bool = False, now: Callable[[], float] = time.time) -> Iterator[PushStep]:
        """Bring the schema up to date with the home, step by step; what was done stays where it is stopped.

        Args:
            allow_gone: Also where more than a tenth of the sessions vanished.

        Raises:
            Refused: More than a tenth of the sessions vanished.
        """
        self._files.look()
        marks, ids = self._target.marks(), self._ids()
        known = {session_id for session_id, mark in marks.items() if mark}
        gone = known - set(ids)
        if len(gone) > max(FEW, MOST_GONE * len(known)) and not allow_gone:
            raise Refused(
                f"nothing was written: {len(gone)} of {len(known)} sessions vanished from {self._store.path};"
                " look at the home first, then say --allow-gone"
            )
        if gone:
            self._target.mark_gone(gone, now=now())
        waiting: list[SessionCopy] = []
        written = 0
        for place, session_id in enumerate(reversed(ids)):
            copy = self._copy(session_id, marks.get(session_id, ""), whole=True)
            if session_id not in marks:
                waiting.append(copy)
            elif marks[session_id] != copy.mark:
                self._target.put_changed(copy, now=now())
                written += 1
            if sum(len(item.messages) for item in waiting) >= BATCH_ROWS:
                self._target.put_new(waiting, now=now())
                written, waiting = written + len(waiting), []
            yield PushStep(place + 1, len(ids), written, len(gone))
        if waiting:
            self._target.put_new(waiting, now=now())
        yield PushStep(len(ids), len(ids), written + len(waiting), len(gone))

    def push_some(self, session_ids: Collection[str], *, now: Callable[[], float] = time.time) -> int:
        """Bring some sessions up to date, as far as their counts show a change; the number of those that had one."""
        marks, written = self._target.marks(), 0
        for session_id in session_ids:
            copy = self._copy(session_id, marks.get(session_id, ""), whole=False)
            if marks.get(session_id) != copy.mark:
                self._target.put_changed(copy, now=now())
                written += 1
        return written

    def follow(self, *, clock: Callable[[], float] = time.monotonic) -> Iterator[int]:
        """Keep the schema up to date: at each look the number of sessions copied; whoever asks waits between two.

        New messages are copied at once; edits, what vanished and what files have with the next full push.
        """
        changes = self._store.engine.changes
        version, newest = changes.version(), changes.since(None)[0]
        next_full, stale, files = clock() + FULL_EVERY, True, self._files.state()
        while True:
            current, written = changes.version(), 0
            if current != version:
                version, stale = current, True
                newest, changed = changes.since(newest)
                written = self.push_some(changed)
            if clock() >= next_full and (stale or files != self._files.state()):
                began, stale, files = clock(), False, self._files.state()
                written += max((step.written for step in self.push()), default=0)
                next_full = clock() + max(FULL_EVERY, FULL_SHARE * (clock() - began))
            yield written

    def prune(self) -> int:
        """Remove from the schema what vanished from the home; the number of rows."""
        return self._target.prune()

    def verify(self) -> Iterator[tuple[str, list[str]]]:
        """Each session that differs, with the messages (or `session`) in which it does."""
        self._files.look()
        ids = self._ids()
        for session_id in ids:
            copy = self._copy(session_id, "", whole=True)
            if different := self._target.differences(copy):
                yield session_id, different
        for session_id, mark in self._target.marks().items():
            if mark and session_id not in set(ids):
                yield session_id, ["session"]

    def _copy(self, session_id: str, known: str, *, whole: bool) -> SessionCopy:
        """A session with what its files have; see `SessionCopies.copy`."""
        if self._files.may_have_more(session_id):
            copy = self._copies.copy(session_id, "", whole=True)
            return self._files.merged(copy) or copy
        return self._copies.copy(session_id, known, whole=whole)

    def _ids(self) -> list[str]:
        engine = self._store.engine
        stored = [*engine.sessions.ids(), *engine.sessions.orphans()]
        return [*stored, *self._files.ids(frozenset(stored))]
