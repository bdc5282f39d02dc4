"""Push of one home to its schema: what is new by batches, then only what changed, again and again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ..base.errors import Locked, Refused
from ..engine.push_target import HomeIdentity, PushTarget
from ..home_store import HomeStore
from .home_copies import HomeCopies, stored_part
from .session_copies import NOTHING

BATCH_ROWS = 2_000
"""Messages of the new sessions that are one transaction."""
BATCH_SESSIONS = 500
"""Sessions of it at most."""
MOST_GONE = 0.1
"""Part of the sessions that may have vanished before a push refuses."""
TRIES = 5
"""Pushes of one home at once may get in each other's way so often."""


class Vanished(Enum):
    """What is done where more than a tenth of the sessions vanished from the home."""

    REFUSE = "refuse"
    MARK = "mark"
    LEAVE = "leave"
    """The others are copied."""


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
    kept: int = 0
    """Sessions that were left as they are, since what they were copied from could not be looked at."""


class Pusher:
    """Copies one home; used by one thread.

    Args:
        store: The home, opened to read.
        target: Its schema.
        identity: Whose copy it is.
        files_alone: It has no state.db; an empty one stands for it.

    Raises:
        ReadOnly: The home's database cannot be copied.
    """

    def __init__(
        self, store: HomeStore, target: PushTarget, identity: HomeIdentity, *, files_alone: bool = False
    ) -> None:
        self.store, self._target, self._identity, self._files_alone = store, target, identity, files_alone
        self.copies = HomeCopies(store)
        self._marks: dict[str, str] = {}
        """Mark of every session as it was copied last, by its id on the server."""
        self.left = 0
        """Vanished sessions that the last push left alone, because they are more than a tenth."""

    @property
    def unread(self) -> Sequence[str]:
        """A sentence for each file or folder that the last push could not look at."""
        return self.copies.unread

    def claim(self, *, take_over: bool = False) -> None:
        """Make the schema where it is missing, and make sure that it is this home's.

        Raises:
            Refused: It is another's.
            StoreError: The home cannot be read, for which no schema is made.
        """
        self.store.engine.sessions.has("")
        self._target.claim(self._identity, take_over=take_over)

    def require_home(self) -> None:
        """Make sure that a home of files alone is one still, and was so when it was copied.

        Raises:
            Refused: It has a state.db, or had one.
        """
        if not self._files_alone:
            return
        if os.path.lexists(self.store.path):
            raise Refused(f"{self.store.path} is there by now; push again")
        if any(mark and stored_part(mark) != NOTHING for mark in self._marks.values()):
            raise Refused(
                f"nothing was written: there is no {self.store.path}, which was copied before; look at the home first"
            )

    def push(self, vanished: Vanished = Vanished.REFUSE, *, now: Callable[[], float] = time.time) -> Iterator[PushStep]:
        """Bring the schema up to date with the home, step by step; what was done stays where it is stopped.

        Args:
            vanished: Where more than a tenth of the sessions did.

        Raises:
            Refused: So many of the sessions vanished.
            Locked: Other pushes of this home were in the way.
        """
        yield from (PushStep(0, 0) for _ in self.copies.look())
        self._marks = dict(self._target.marks())
        self.require_home()
        yield PushStep(0, 0)
        stamp, before = self.copies.stamp(), self._target.stamp()
        if stamp and stamp == before:
            total = sum(map(bool, self._marks.values()))
            yield PushStep(total, total)
            return
        yield PushStep(0, 0)
        ids = self.copies.ids()
        gone = self._gone(ids, vanished, now)
        done = written = 0
        yield PushStep(0, len(ids), 0, gone)
        known = [session_id for session_id in ids if self._mark(session_id) is not None]
        for _ in self.copies.walk(known):
            yield PushStep(done, len(ids), written, gone)
        for was_copied in self._changed(ids, known, now):
            done, written = done + 1, written + was_copied
            yield PushStep(done, len(ids), written, gone, len(self.copies.kept))
        whole = not self.copies.kept and not self.unread and not self.left
        if written or (whole and stamp != before):
            self._target.finish(stamp if whole else "")

    def _gone(self, ids: Sequence[str], vanished: Vanished, now: Callable[[], float]) -> int:
        """Mark what vanished from the home; its number."""
        known = {session_id for session_id, mark in self._marks.items() if mark}
        gone = known - set(map(self._target.stored_id, ids))
        self.left = 0
        if gone and not self.copies.all_listed:
            self.copies.kept |= gone
            return 0
        if len(gone) > MOST_GONE * len(known) and vanished is not Vanished.MARK:
            if vanished is Vanished.REFUSE:
                raise Refused(
                    f"nothing was written: {len(gone)} of {len(known)} sessions vanished from {self.store.path};"
                    " look at the home first, then say --allow-gone"
                )
            self.left = len(gone)
            return 0
        if gone:
            self._target.mark_gone(gone, now=now())
            self._marks |= dict.fromkeys(gone, "")
        return len(gone)

    def _changed(self, ids: Sequence[str], known: Sequence[str], now: Callable[[], float]) -> Iterator[bool]:
        """Of each session whether it was copied: those that the schema knows from the newest on, then new ones."""
        for session_id in known:
            same = self.copies.is_as_copied(session_id, self._mark(session_id) or "")
            yield not same and self.bring(session_id, now=now)
        fresh = [session_id for session_id in reversed(ids) if self._mark(session_id) is None]
        for batch in self._batches(fresh):
            copies = list(self.copies.new(batch))
            others = set(self._target.put_new(copies, now=now()))
            self._marks |= {self._target.stored_id(copy.session_id): copy.mark for copy in copies}
            self._marks |= {key: mark for key, mark in self._target.marks().items() if key in others} if others else {}
            copied = {copy.session_id for copy in copies}
            for session_id in batch:
                is_other = self._target.stored_id(session_id) in others
                yield self.bring(session_id, now=now) if is_other else session_id in copied

    def _batches(self, ids: Sequence[str]) -> Iterator[list[str]]:
        counts = self.store.engine.sessions.row_counts(ids) if ids else {}
        batch: list[str] = []
        rows = 0
        for session_id in ids:
            batch.append(session_id)
            rows += int(str(counts[session_id][0])) if session_id in counts else 1
            if rows >= BATCH_ROWS or len(batch) >= BATCH_SESSIONS:
                yield batch
                batch, rows = [], 0
        if batch:
            yield batch

    def prune(self) -> int:
        """Remove from the schema what vanished from the home; the number of rows."""
        return self._target.prune()

    def verify(self) -> Iterator[tuple[str, list[str]]]:
        """Each session that differs, with the messages (or `session`) in which it does; none where nobody can know.

        Raises:
            StoreMissing: There is no copy.
            Refused: It is another home's.
        """
        list(self.copies.look())
        ids = self.copies.ids()
        self._target.require_owner(self._identity)
        for session_id in ids:
            if (copy := self.copies.whole(session_id, "")) is None:
                yield session_id, []
            elif different := self._target.differences(copy):
                yield session_id, different
        stored = set(map(self._target.stored_id, ids))
        for session_id, mark in self._target.marks().items():
            if mark and session_id not in stored:
                yield session_id, ["session"]

    def bring(self, session_id: str, *, now: Callable[[], float] = time.time, whole: bool = True) -> bool:
        """Bring one session up to date; False where nothing was to be done.

        Args:
            whole: Read it whole, also where it seems to have grown alone.

        Raises:
            Locked: Another push of this home changed it again and again.
        """
        key = self._target.stored_id(session_id)
        copy_of = self.copies.whole if whole else self.copies.grown
        for _ in range(TRIES):
            known = self._marks.get(key, "")
            copy = copy_of(session_id, known)
            if copy is None or copy.mark == known:
                return False
            if self._target.put_changed(copy, known, now=now()):
                self._marks[key] = copy.mark
                return True
            self._marks = dict(self._target.marks())
        raise Locked(f"another push of this home is writing {self._target.name}; try again")

    def _mark(self, session_id: str) -> str | None:
        return self._marks.get(self._target.stored_id(session_id))
