"""Push of one home to its schema: what is new by batches, then only what changed, again and again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ..base.errors import Locked, ReadOnly, Refused
from ..engine.push_target import HomeIdentity, PushTarget, SessionCopy
from ..home_store import HomeStore
from .file_copies import FileCopies, Unread
from .session_copies import SessionCopies

BATCH_ROWS = 2_000
"""Messages of the new sessions that are one transaction."""
BATCH_SESSIONS = 500
"""Sessions of it at most."""
MOST_GONE = 0.1
"""Part of the sessions that may have vanished before a push refuses."""
FULL_EVERY = 60.0
"""Seconds between two full pushes of a push that follows, at least."""
FULL_SHARE = 100.0
"""So many times as long as a full push took is waited before the next one."""
TRIES = 5
"""Pushes of one home at once may get in each other's way so often."""
RECENT = 16
"""Sessions that began last, which a push that follows looks at with each change."""


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

    Raises:
        ReadOnly: The home's database cannot be copied.
    """

    def __init__(self, store: HomeStore, target: PushTarget, identity: HomeIdentity) -> None:
        if store.copied is None:
            raise ReadOnly(f"{store.engine.name} is no file, so it is not copied")
        self._store, self._target, self._identity = store, target, identity
        self._rows = store.copied()
        self._copies = SessionCopies(store.engine, self._rows)
        self._files = FileCopies(store)
        self._marks: dict[str, str] = {}
        """Mark of every session as it was copied last."""
        self._states: dict[str, object] = {}
        """Of the sessions that are followed, when they were copied."""
        self._kept: set[str] = set()
        self.left = 0
        """Vanished sessions that a push which follows left alone, because they are more than a tenth."""

    @property
    def unread(self) -> Sequence[str]:
        """A sentence for each file or folder that the last push could not look at."""
        return self._files.unread

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
        return self._pushed("allow" if allow_gone else "refuse", now)

    def _pushed(self, vanished: str, now: Callable[[], float]) -> Iterator[PushStep]:
        self._files.look()
        self._kept.clear()
        self._marks = dict(self._target.marks())
        stamp, before = self._stamp(), self._target.stamp()
        if stamp and stamp == before:
            total = sum(map(bool, self._marks.values()))
            yield PushStep(total, total)
            return
        ids = self._ids()
        gone = self._gone(ids, vanished, now)
        done = written = 0
        for was_copied in self._changed(ids, now):
            done, written = done + 1, written + was_copied
            yield PushStep(done, len(ids), written, gone, len(self._kept))
        whole = not self._kept and not self.unread and not self.left
        if written or (whole and stamp != before):
            self._target.finish(stamp if whole else "")

    def _gone(self, ids: Sequence[str], vanished: str, now: Callable[[], float]) -> int:
        """Mark what vanished from the home; its number."""
        known = {session_id for session_id, mark in self._marks.items() if mark}
        gone = known - set(map(self._target.stored_id, ids))
        self.left = 0
        if gone and not self._files.all_listed:
            self._kept |= gone
            return 0
        if len(gone) > MOST_GONE * len(known) and vanished != "allow":
            if vanished == "refuse":
                raise Refused(
                    f"nothing was written: {len(gone)} of {len(known)} sessions vanished from {self._store.path};"
                    " look at the home first, then say --allow-gone"
                )
            self.left = len(gone)
            return 0
        if gone:
            self._target.mark_gone(gone, now=now())
            self._marks |= dict.fromkeys(gone, "")
        return len(gone)

    def _changed(self, ids: Sequence[str], now: Callable[[], float]) -> Iterator[bool]:
        """Of each session whether it was copied, oldest first: those that the schema knows, then new ones."""
        known = [session_id for session_id in reversed(ids) if self._known(session_id)]
        current = self._copies.marks(known) if known else {}
        for session_id in known:
            same = self._is_as_copied(session_id, current[session_id])
            yield not same and self._bring(session_id, now)
        fresh = [session_id for session_id in reversed(ids) if not self._known(session_id)]
        for batch in self._batches(fresh):
            copies = list(filter(None, map(self._with_files, self._copies.new(batch))))
            others = set(self._target.put_new(copies, now=now()))
            self._marks |= {self._target.stored_id(copy.session_id): copy.mark for copy in copies}
            for session_id in batch:
                if self._target.stored_id(session_id) in others:
                    self._bring(session_id, now)
                yield True

    def _batches(self, ids: Sequence[str]) -> Iterator[list[str]]:
        counts = self._store.engine.sessions.row_counts(ids) if ids else {}
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

    def push_some(self, changed: Collection[str], *, now: Callable[[], float] = time.time) -> int:
        """Bring some sessions up to date, as far as their counts show a change; the number of those that had one.

        Besides those that have new messages it looks at those that agents wrote to last.
        """
        states = self._copies.states([*dict.fromkeys([*changed, *self._recent()])])
        written = 0
        for session_id, state in states.items():
            if session_id in changed or self._states.get(session_id) != state:
                self._states[session_id] = state
                written += self._bring(session_id, now, whole=False)
        return written

    def _recent(self) -> Iterator[str]:
        sessions = self._store.engine.sessions
        yield from sessions.newest()
        yield from (session.id for session in sessions.page(limit=RECENT, cursor=None, now=0.0, profile="").items)

    def follow(self, *, clock: Callable[[], float] = time.monotonic) -> Iterator[int]:
        """Keep the schema up to date: at each look the number of sessions copied; whoever asks waits between two.

        What agents write is copied at once; edits that change no count, what vanished and what files alone have with
        the full push, which is also the first look.

        Raises:
            Refused: The schema is another's.
        """
        self.claim()
        changes = self._store.engine.changes
        version, newest = changes.version(), changes.since(None)[0]
        self._states = self._copies.states([*dict.fromkeys(self._recent())])
        next_full = clock()
        while True:
            current, written = changes.version(), 0
            if clock() >= next_full:
                began = clock()
                written = max((step.written for step in self._pushed("leave", time.time)), default=0)
                next_full = clock() + max(FULL_EVERY, FULL_SHARE * (clock() - began))
            if current != version:
                version = current
                newest, changed = changes.since(newest)
                written += self.push_some(changed)
            yield written

    def prune(self) -> int:
        """Remove from the schema what vanished from the home; the number of rows."""
        return self._target.prune()

    def verify(self) -> Iterator[tuple[str, list[str]]]:
        """Each session that differs, with the messages (or `session`) in which it does; none where nobody can know.

        Raises:
            StoreMissing: There is no copy.
            Refused: It is another home's.
        """
        self._target.require_owner(self._identity)
        self._files.look()
        ids = self._ids()
        for session_id in ids:
            if (copy := self._copy(session_id, "")) is None:
                yield session_id, []
            elif different := self._target.differences(copy):
                yield session_id, different
        stored = set(map(self._target.stored_id, ids))
        for session_id, mark in self._target.marks().items():
            if mark and session_id not in stored:
                yield session_id, ["session"]

    def _bring(self, session_id: str, now: Callable[[], float], *, whole: bool = True) -> bool:
        """Bring one session up to date; False where nothing was to be done.

        Raises:
            Locked: Another push of this home changed it again and again.
        """
        key = self._target.stored_id(session_id)
        for _ in range(TRIES):
            known = self._marks.get(key, "")
            copy = self._copy(session_id, known) if whole else self._grown(session_id, known)
            if copy is None or copy.mark == known:
                return False
            if self._target.put_changed(copy, known, now=now()):
                self._marks[key] = copy.mark
                return True
            self._marks = dict(self._target.marks())
        raise Locked(f"another push of this home is writing {self._target.name}; try again")

    def _is_as_copied(self, session_id: str, stored: str) -> bool:
        """True where neither side of a session changed since its copy, or its files cannot be looked at."""
        known = self._marks[self._target.stored_id(session_id)]
        before, state, kinds = _parts(known)
        if kinds and self._files.keep(kinds):
            self._kept.add(session_id)
            return True
        return before == stored and state == self._files.state(session_id)

    def _copy(self, session_id: str, known: str) -> SessionCopy | None:
        """A session with what its files have; None where they cannot be looked at and the copy has some of them."""
        before, _, kinds = _parts(known)
        if kinds and self._files.keep(kinds):
            self._kept.add(session_id)
            return None
        before = "" if kinds or self._files.state(session_id) else before
        return self._with_files(self._copies.copy(session_id, before, whole=True), kinds)

    def _with_files(self, copy: SessionCopy, kinds: str = "") -> SessionCopy | None:
        state = self._files.state(copy.session_id)
        if not state:
            return replace(copy, mark=f"{copy.mark}||")
        try:
            return self._files.merged(copy, state)
        except Unread:
            if kinds or (copy.row is None and not copy.messages):
                self._kept.add(copy.session_id)
                return None
            return replace(copy, mark=f"{copy.mark}|?|")

    def _grown(self, session_id: str, known: str) -> SessionCopy | None:
        """A session with what was appended to it; read whole where that is not all."""
        before, state, kinds = _parts(known)
        if not state and not kinds and not self._files.state(session_id):
            copy = self._copies.copy(session_id, before, whole=False)
            return replace(copy, mark=f"{copy.mark}||")
        try:
            grown = self._files.grown(
                session_id, known, lambda stored: self._copies.copy(session_id, stored, whole=False)
            )
        except Unread:
            return None
        return grown or self._copy(session_id, known)

    def _known(self, session_id: str) -> bool:
        return self._target.stored_id(session_id) in self._marks

    def _ids(self) -> list[str]:
        engine = self._store.engine
        stored = [*engine.sessions.ids(), *engine.sessions.orphans()]
        return [*stored, *self._files.ids(frozenset(stored))]

    def _stamp(self) -> str:
        """State of the whole home; "" where it changed so lately that a change might be missed."""
        parts = (self._rows.stamp(), self._files.stamp())
        if None in parts or self.unread:
            return ""
        return hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _parts(mark: str) -> tuple[str, str, str]:
    """What a mark says of SQLite, of the state of the files, and of the kinds of files that were copied."""
    stored, _, rest = mark.partition("|")
    state, _, kinds = rest.partition("|")
    return stored, state, kinds
