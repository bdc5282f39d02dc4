"""Push that follows a home: what agents write at once, edits and what vanished with a full push now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress

from ..base.errors import Damaged
from .file_watch import FileWatch
from .pusher import Pusher, Vanished

FULL_EVERY = 60.0
"""Seconds between two full pushes, at least."""
FULL_SHARE = 200.0
"""So many times as much time as a full push ran is waited before the next one, without what it waited itself."""
LOOK_EVERY = 0.5
"""Seconds between two looks at what agents write, while a full push runs."""
FILE_SHARE = 50.0
"""So many times as long as it took is waited before the files of one session are read again."""
RECENT = 16
"""Sessions that began last, which are looked at with each change."""


def follow(
    pusher: Pusher, *, first: Callable[[], object] | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[int]:
    """Keep the schema up to date: at each look the number of sessions copied; whoever asks waits between two.

    What agents write into SQLite or into files is copied at once; edits that change no count and what vanished with
    the full push, which is also the first look.

    Args:
        first: Claims the schema and does that full push; what is written meanwhile is copied after it.

    Raises:
        Refused: The schema is another's.
    """
    if first is None:
        pusher.claim()
    with closing(_Followed(pusher, clock)) as followed:
        next_full = clock()
        if first is not None:
            first()
            next_full = clock() + FULL_EVERY
            yield 0
        yield from _looks(followed, pusher, clock, next_full)


def _looks(followed: _Followed, pusher: Pusher, clock: Callable[[], float], next_full: float) -> Iterator[int]:
    next_look = clock()
    while True:
        written = 0
        if clock() >= next_full:
            began, whole = time.thread_time(), 0
            for step in pusher.push(Vanished.LEAVE):
                whole = step.written
                if clock() >= next_look + LOOK_EVERY:
                    next_look, written = clock(), written + followed.look()
            written += whole
            next_full = clock() + max(FULL_EVERY, FULL_SHARE * (time.thread_time() - began))
        yield written + followed.look()
        next_look = clock()


class _Followed:
    """Sessions that agents write to."""

    def __init__(self, pusher: Pusher, clock: Callable[[], float]) -> None:
        self._pusher, self._clock = pusher, clock
        self._files = FileWatch(pusher.store.sessions_dir, pusher.store.path.parent / "pending_messages", clock=clock)
        self._waiting: set[str] = set()
        """Sessions whose files changed."""
        self._rests: dict[str, float] = {}
        """When a session that took long to read may be read again."""
        self._changes = pusher.store.engine.changes
        self._version, self._newest = self._changes.version(), self._changes.since(None)[0]
        self._states = pusher.copies.states([*dict.fromkeys(self._recent())])
        """As they were when they were copied."""

    def close(self) -> None:
        """End the watch on the files."""
        self._files.close()

    def look(self) -> int:
        """Bring up to date what has new messages, and what agents did something else to; the number of sessions."""
        self._pusher.require_home()
        return self._stored() + self._written()

    def _stored(self) -> int:
        version = self._changes.version()
        if version == self._version:
            return 0
        self._version = version
        self._newest, changed = self._changes.since(self._newest)
        return self._bring(changed)

    def _written(self) -> int:
        """Bring the sessions whose files changed; one that took long to read waits before it is read again."""
        changed = self._files.look()
        if any(changed):
            self._waiting |= self._pusher.copies.refresh(changed)
        written = 0
        for session_id in self._rested():
            began = time.thread_time()
            self._waiting.discard(session_id)
            written += self._pusher.bring(session_id, whole=False)
            self._rests[session_id] = self._clock() + FILE_SHARE * (time.thread_time() - began)
        return written

    def _rested(self) -> set[str]:
        """The sessions that wait to be read and may be."""
        now = self._clock()
        self._rests = {session_id: until for session_id, until in self._rests.items() if until > now}
        return self._waiting - self._rests.keys()

    def _bring(self, changed: Collection[str]) -> int:
        states = self._pusher.copies.states([*dict.fromkeys([*changed, *self._recent()])])
        written = 0
        for session_id, state in states.items():
            if session_id in changed or self._states.get(session_id) != state:
                self._states[session_id] = state
                written += self._pusher.bring(session_id, whole=False)
        return written

    def _recent(self) -> Iterator[str]:
        sessions = self._pusher.store.engine.sessions
        with suppress(Damaged):
            yield from sessions.newest()
        yield from (session.id for session in sessions.page(limit=RECENT, cursor=None, now=0.0, profile="").items)
