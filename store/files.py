"""The JSONL files of a home: looked at once each, remembered by (inode, size, mtime).

They are read and never written, moved or removed (design rule 10).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from . import content, home, jsonl
from .cancel import Cancel
from .errors import CannotOpen, Interrupted, UnsafeId
from .merge import Entry
from .models import JsonlFacts, Message, Origin, Session

META = "session_meta"
"""Role of a line or a row that describes the session and is no message (facts/hermes-format.md §3.1)."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one reading of a file told."""

    facts: JsonlFacts
    session: Session


def is_message(record: jsonl.Record) -> bool:
    """True for a line that holds a message."""
    return record.value.get("role") != META


class Files:
    """The folder of legacy transcripts; every method may be called from any thread.

    Args:
        folder: `sessions/` of a home; a missing one has no files.
        profile: Of the sessions that only a file knows.
    """

    def __init__(self, folder: Path, *, profile: str = "default") -> None:
        self.folder = folder
        self._profile = profile
        self._looks: dict[str, _Look] = {}

    def find(self, session_id: str) -> home.FileStat | None:
        """The file of a session; None where there is none, or where the id must not become a path."""
        try:
            path = self.folder / f"{home.safe_id(session_id)}.jsonl"
            state = path.lstat()
        except (UnsafeId, OSError):
            return None
        if not stat.S_ISREG(state.st_mode):
            return None
        return home.FileStat(path, state.st_size, state.st_mtime_ns, state.st_ino)

    def facts(self, session_id: str) -> JsonlFacts | None:
        """What the session's file tells, None without one; an unchanged file is not read again."""
        look = self._look(session_id, self.find(session_id))
        return look.facts if look else None

    def session(self, session_id: str) -> Session | None:
        """The session as its file alone describes it, None without one."""
        look = self._look(session_id, self.find(session_id))
        return look.session if look else None

    def all_facts(self, *, cancel: Cancel | None = None) -> Iterator[JsonlFacts]:
        """Every file, the one changed last first; one folder listing, and a reading of each that changed.

        Raises:
            Interrupted: `cancel` was withdrawn between two files.
        """
        for session_id, state in self.newest_first():
            if cancel is not None and cancel.cancelled:
                raise Interrupted("the question was withdrawn")
            look = self._look(session_id, state)
            if look:
                yield look.facts

    def without(self, known: Container[str]) -> list[str]:
        """Ids of the files whose session is not among the known ones, the one changed last first."""
        return [session_id for session_id, _ in self.newest_first() if session_id not in known]

    def newest_first(self) -> list[tuple[str, home.FileStat]]:
        """Ids and files, the one changed last first; one folder listing, nothing is read."""
        found = home.transcript_files(self.folder)
        return sorted(found.items(), key=lambda item: (item[1].mtime_ns, item[0]), reverse=True)

    def records(self, session_id: str) -> Iterator[jsonl.Record | jsonl.BadLine]:
        """The lines of the session's file, none without one.

        Raises:
            CannotOpen: The system refuses to read it.
        """
        found = self.find(session_id)
        if found is not None:
            yield from jsonl.read_file(found.path)

    def good(self, session_id: str) -> Iterator[jsonl.Record]:
        """Its messages as they were written, without damaged lines and session_meta."""
        for record in self.records(session_id):
            if isinstance(record, jsonl.Record) and is_message(record):
                yield record

    def messages(self, session_id: str) -> tuple[Message, ...]:
        """Its messages, the line number as id."""
        return tuple(
            content.message_of_record(record.value, session_id=session_id, line=record.line)
            for record in self.good(session_id)
        )

    def entries(self, session_id: str) -> Iterator[Entry]:
        """What is compared of its messages."""
        for record in self.good(session_id):
            yield entry(record.value)

    def _look(self, session_id: str, state: home.FileStat | None) -> _Look | None:
        if state is None:
            self._looks.pop(session_id, None)
            return None
        known = self._looks.get(session_id)
        if known and (known.facts.inode, known.facts.size, known.facts.mtime_ns) == _stamp(state):
            return known
        look = self._read(session_id, state)
        self._looks[session_id] = look
        return look

    def _read(self, session_id: str, state: home.FileStat) -> _Look:
        session = Session(
            session_id, profile=self._profile, origin=Origin.JSONL, last_active=state.mtime_ns / 1e9
        )
        facts = JsonlFacts(session_id, state.size, state.mtime_ns, state.inode)
        first: float | None = None
        last: float | None = None
        messages = metas = bad = 0
        try:
            for record in jsonl.read_file(state.path):
                if isinstance(record, jsonl.BadLine):
                    bad += 1
                    continue
                value = record.value
                if value.get("role") == META:
                    metas += 1
                    session = _described(session, value)
                else:
                    messages += 1
                time = content.moment(value.get("timestamp"))
                first, last = first if first is not None else time, time if time is not None else last
        except CannotOpen as error:
            facts = replace(facts, problem=str(error))
        session = replace(session, messages=messages, started_at=first, last_active=last or session.last_active)
        return _Look(replace(facts, messages=messages, meta_lines=metas, bad_lines=bad), session)
