"""Push that follows a home: what agents write at once, everything else with a full push now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator

from .pusher import Pusher, Vanished

FULL_EVERY = 60.0
"""Seconds between two full pushes, at least."""
FULL_SHARE = 100.0
"""So many times as much time as a full push ran is waited before the next one, without what it waited itself."""
LOOK_EVERY = 0.5
"""Seconds between two looks at what agents write, while a full push runs."""
RECENT = 16
"""Sessions that began last, which are looked at with each change."""


def follow(pusher: Pusher, *, clock: Callable[[], float] = time.monotonic) -> Iterator[int]:
    """Keep the schema up to date: at each look the number of sessions copied; whoever asks waits between two.

    What agents write is copied at once; edits that change no count, what vanished and what files alone have with the
    full push, which is also the first look.

    Raises:
        Refused: The schema is another's.
    """
    pusher.claim()
    followed, next_full, next_look = _Followed(pusher), clock(), clock()
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

    def __init__(self, pusher: Pusher) -> None:
        self._pusher = pusher
        self._changes = pusher.store.engine.changes
        self._version, self._newest = self._changes.version(), self._changes.since(None)[0]
        self._states = pusher.copies.states([*dict.fromkeys(self._recent())])
        """As they were when they were copied."""

    def look(self) -> int:
        """Bring up to date what has new messages, and what agents did something else to; the number of sessions."""
        version = self._changes.version()
        if version == self._version:
            return 0
        self._version = version
        self._newest, changed = self._changes.since(self._newest)
        return self._bring(changed)

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
        yield from sessions.newest()
        yield from (session.id for session in sessions.page(limit=RECENT, cursor=None, now=0.0, profile="").items)
