"""Sessions of which files have more than SQLite, as they are copied: all of their messages in order, each labelled.

Between two rows of SQLite there is no id, so that such a session has ids of its own in the copy, above all of SQLite's.
What cannot be looked at is no evidence: `Unread` is raised for it, and its copies stay as they are.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from ..base.errors import CannotOpen, Damaged
from ..base.long_sort import highest_first
from ..base.models import Message
from ..drift.sources import read_sources
from ..engine.operations import RawRow
from ..engine.push_target import MOST_MESSAGES, SOURCE, SessionCopy
from ..files.home import FileStamp, FileStat
from ..home_store import HomeStore
from . import file_rows
from .file_watch import Changed
from .session_copies import mark_of

T = TypeVar("T")

MOST_KEPT = 256
"""Sessions of which it is remembered what their files have."""
RULES = 1
"""Raised where the same files are to be merged in another way."""
SETTLED = 2.0
"""Seconds after which a write surely changed the time of a file."""


class Unread(Exception):
    """A file or a folder could not be looked at."""


@dataclass(slots=True)
class _Kept:
    """A session with its files as it was copied last."""

    known: str
    """Its mark by SQLite."""
    tail: file_rows.Tail
    number: int
    """Messages of the copy; 0 where the files have nothing more."""


class FileCopies:
    """Makes the copies of sessions whose files have more, and remembers which have not."""

    def __init__(self, store: HomeStore) -> None:
        self._store = store
        self._kept: dict[str, _Kept] = {}
        self._rows: dict[str, tuple[str, list[str]]] = {}
        """Mark and digests of the rows of sessions that files have more of, as they were copied last."""
        self._found: dict[str, FileStamp] = {}
        self._snapshots: Mapping[str, FileStat] = {}
        self._waiting: tuple[str, ...] = ()
        self._only = frozenset[str]()
        self._unlisted: dict[str, str] = {}
        """Kind of file -> why those that there are cannot be known."""
        self._unread: dict[str, str] = {}
        """Session -> why its files could not be read."""

    def look(self) -> Iterator[None]:
        """List the files, for the sessions that are asked for next, in steps."""
        self._unlisted, self._unread = {}, {}
        leftovers = self._store.leftovers
        self._found = self._listed("jsonl", self._store.files.stamps, {})
        yield
        self._snapshots = self._listed("snapshot", leftovers.snapshots.files, {})
        yield
        self._waiting = self._listed("spool", leftovers.spool.ids, ())
        for kind, source in (("snapshot", leftovers.snapshots), ("spool", leftovers.spool)):
            if kind not in self._unlisted and (unread := source.unread()):
                self._unlisted[kind] = unread[0]
        if "snapshot" in self._unlisted:
            self._snapshots = {}
        if "spool" in self._unlisted:
            self._waiting = ()

    def refresh(self, changed: Changed) -> set[str]:
        """List again what changed alone; the sessions of it. What vanished is left to the next `look`."""
        found = {session_id: self._store.files.find(session_id) for session_id in changed.transcripts}
        present = {session_id: file for session_id, file in found.items() if file is not None}
        self._found |= {session_id: file.stamp for session_id, file in present.items()}
        sessions = set(present)
        if changed.snapshots:
            before = self._snapshots
            self._snapshots = self._listed("snapshot", self._store.leftovers.snapshots.files, before)
            sessions |= {session_id for session_id, stat in self._snapshots.items() if before.get(session_id) != stat}
        if changed.spool:
            before_waiting = self._waiting
            self._waiting = self._listed("spool", self._store.leftovers.spool.ids, before_waiting)
            sessions |= {*before_waiting, *self._waiting}
        self._only |= {session_id for session_id in sessions if not self._is_stored(session_id)}
        return sessions

    def _is_stored(self, session_id: str) -> bool:
        engine = self._store.engine
        return engine.sessions.has(session_id) or bool(engine.messages.count(session_id))

    @property
    def unread(self) -> list[str]:
        """A sentence for each file or folder that could not be looked at."""
        return list(dict.fromkeys([*self._unlisted.values(), *self._unread.values()]))

    @property
    def all_listed(self) -> bool:
        """False where sessions that files alone have may not be known."""
        return not self._unlisted

    def ids(self, known: Container[str]) -> list[str]:
        """The sessions that files have and SQLite has not, those of JSONL files by their last change, newest first."""
        newest = highest_first(self._found, key=lambda session_id: self._found[session_id][2])
        found = dict.fromkeys([*newest, *self._waiting, *self._snapshots])
        only = [session_id for session_id in found if session_id not in known]
        self._only = frozenset(only)
        return only

    def state(self, session_id: str) -> str:
        """What changes with any of a session's files; "" where it has none."""
        parts: list[object] = []
        if (file := self._found.get(session_id)) is not None:
            parts.append(file)
        if session_id in self._waiting:
            parts.append(mark_of(map(file_rows.message_row, self._store.leftovers.spool.messages(session_id))))
        if not parts and session_id in self._only and (snapshot := self._snapshots.get(session_id)) is not None:
            parts.append(snapshot.stamp)
        return hashlib.blake2b(repr((RULES, parts)).encode(), digest_size=8).hexdigest() if parts else ""

    def stamp(self) -> tuple[object, ...] | None:
        """What changes with any of the files; None where one changed so lately that a change might be missed."""
        stamps = {f"{session_id}.jsonl": stamp for session_id, stamp in self._found.items()}
        stamps |= {stat.path.name: stat.stamp for stat in self._snapshots.values()}
        last = max((max(stamp[2:]) for stamp in stamps.values()), default=0)
        if time.time() - last / 1e9 <= SETTLED:
            return None
        spool = self._store.leftovers.spool
        waiting = [mark_of(map(file_rows.message_row, spool.messages(session_id))) for session_id in self._waiting]
        return RULES, sorted(stamps.items()), self._waiting, waiting

    def keep(self, kinds: str) -> bool:
        """True where copies of these kinds of files are to stay, since the files cannot be known."""
        return any(kind in self._unlisted for kind in kinds.split(","))

    def merged(self, copy: SessionCopy, state: str, known: str) -> SessionCopy:
        """A session with what its files have, or as it is where they have nothing more.

        Args:
            copy: All of it as SQLite has it.
            state: Of its files.
            known: Its mark at the copy before, "" for none; what that began with is left out.

        Raises:
            Unread: A file cannot be read.
        """
        session_id = copy.session_id
        try:
            found, tail = self._all_of(copy)
        except Unread as error:
            self._unread[session_id] = str(error)
            raise
        more = len(found) > len(copy.messages)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        if len(found) > MOST_MESSAGES:
            return replace(copy, mark=f"{copy.mark}|{state}|")
        self._kept.pop(session_id, None)
        if tail is not None:
            self._kept[session_id] = _Kept(copy.mark, tail, len(found) if more else 0)
        if not more:
            return replace(copy, mark=f"{copy.mark}|{state}|")
        kinds = ",".join(sorted({str(row[SOURCE]) for row in found if SOURCE in row}))
        row = copy.row
        if row is None and (alone := self._store.leftovers.session(session_id)) is not None:
            row = file_rows.session_row(alone)
        messages = [raw | {"id": place} for place, raw in enumerate(found)]
        mark = f"{copy.mark}|{state}|{kinds}"
        same = self._same(session_id, mark, known, [mark_of([raw]) for raw in found])
        after = same - 1 if same else None
        return replace(copy, mark=mark, row=row, messages=messages[same:], after=after, of_files=True)

    def _same(self, session_id: str, mark: str, known: str, rows: list[str]) -> int:
        """How many rows the copy before had, where these begin with all of them; 0 elsewhere.

        Args:
            mark: Of the new copy.
            known: Of the copy before.
            rows: Digests of the new one.
        """
        before, digests = self._rows.get(session_id, ("", []))
        if len(self._rows) >= MOST_KEPT:
            self._rows.clear()
        self._rows[session_id] = mark, rows
        return len(digests) if known == before and rows[: len(digests)] == digests else 0

    def grown(self, session_id: str, known: str, copy_of: Callable[[str], SessionCopy]) -> SessionCopy | None:
        """A session to whose two sides the same was appended since its copy; None where all is to be read.

        Args:
            session_id: The session.
            known: Its mark at the copy before.
            copy_of: Makes its copy by SQLite from the mark before.

        Raises:
            Unread: Its file cannot be looked at.
        """
        stored, _, rest = known.partition("|")
        state, _, kinds = rest.partition("|")
        kept = self._kept.get(session_id)
        if kept is None or kept.known != stored or session_id in self._waiting or bool(kinds) != bool(kept.number):
            return None
        file = self._store.files.find(session_id)
        if file is None:
            raise Unread(f"the file of session {session_id} cannot be looked at; look again")
        copy = copy_of(stored)
        if copy.after is None or not kept.tail.follow(file, copy.messages):
            return None
        if file.stamp != self._found[session_id]:
            self._found[session_id] = file.stamp
            state = self.state(session_id)
        kept.known = copy.mark
        mark = f"{copy.mark}|{state}|{kinds}"
        if not kinds:
            return replace(copy, mark=mark)
        first, kept.number = kept.number, kept.number + len(copy.messages)
        messages = [raw | {"id": first + place} for place, raw in enumerate(copy.messages)]
        return replace(copy, mark=mark, messages=messages, after=first - 1, of_files=True)

    def _all_of(self, copy: SessionCopy) -> tuple[list[RawRow], file_rows.Tail | None]:
        """All messages of a session, and what is needed to follow it."""
        session_id, leftovers = copy.session_id, self._store.leftovers
        if not copy.messages and copy.row is None:
            snapshot = None
            if session_id not in self._found and session_id not in self._waiting:
                snapshot = leftovers.snapshots.get(session_id)
            if snapshot is not None and snapshot.unread:
                raise Unread(snapshot.session.problem)
            return [file_rows.message_row(message) for message in _read(lambda: leftovers.messages(session_id))], None
        sources = read_sources(self._store.engine, self._store.files, session_id)
        if sources.written.problem:
            raise Unread(sources.written.problem)
        waiting = _read(lambda: leftovers.waiting(session_id))
        lines: Iterable[Message] = ()
        if file_rows.has_more(sources):
            lines = _read(lambda: file_rows.lines(self._store.files, session_id))
        found = list(file_rows.in_order(copy, sources, self._store.engine, list(lines)))
        tail = None if waiting else file_rows.Tail.of(sources)
        return [*found, *map(file_rows.message_row, waiting)], tail

    def _listed(self, kind: str, read: Callable[[], T], nothing: T) -> T:
        try:
            return read()
        except (CannotOpen, Damaged) as error:
            self._unlisted[kind] = str(error)
            return nothing


def _read(read: Callable[[], Iterable[T]]) -> list[T]:
    try:
        return list(read())
    except (CannotOpen, Damaged) as error:
        raise Unread(str(error)) from error
