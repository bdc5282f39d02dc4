"""Both sources of one session as a repair reads them: compared messages, and the place of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..base.errors import CannotOpen, Damaged, SessionMissing, StoreMissing
from ..engine.ports import Engine
from ..engine.rows import SessionVersion, StoredRow
from ..files import jsonl_reader
from ..files.home import FileStamp, FileStat
from ..files.jsonl_files import JsonlFiles, compared_message, is_message
from ..formats import jsonl
from ..formats.alignment import ComparedMessage, Comparison, compare

_DAMAGED = 100


def stamp_of(file: FileStat | None) -> FileStamp | None:
    """The stamp of a file; None without a file."""
    return None if file is None else file.stamp


@dataclass(slots=True)
class Written:
    """A JSONL file."""

    file: FileStat | None = None
    entries: list[ComparedMessage] = field(default_factory=list)
    """Its messages, in order."""
    offsets: list[int] = field(default_factory=list)
    """Byte offsets of their lines."""
    meta_lines: int = 0
    bad_lines: int = 0
    salvaged: int = 0
    """Messages that were read out of damaged lines."""
    damaged: list[int] = field(default_factory=list)
    """Line numbers of its first 100 damaged lines."""
    problem: str = ""
    """Why it cannot be read; "" where it can."""

    def take(self, record: jsonl.Record | jsonl.BadLine) -> None:
        """Add the next line."""
        if isinstance(record, jsonl.BadLine):
            if record.unfinished:
                return
            self.bad_lines += 1
            self.damaged += [record.line] if len(self.damaged) < _DAMAGED else []
        elif is_message(record):
            self.salvaged += record.salvaged
            self.entries.append(compared_message(record.value))
            self.offsets.append(record.offset)
        else:
            self.meta_lines += 1

    def values(self, offsets: Iterable[int]) -> Iterator[dict[str, object]]:
        """The objects of some lines, in the requested order."""
        if self.file is not None:
            for record in jsonl_reader.read_records_at(self.file.path, offsets):
                yield record.value


@dataclass(frozen=True, slots=True)
class Sources:
    """Both sources as of one read."""

    session_id: str
    written: Written
    rows: Sequence[StoredRow]
    """All rows in id order."""
    known: bool
    """Hermes has a row of the session."""
    conversation: tuple[str, ...]
    """The session and the others of its compression chain."""

    def version(self, up_to: int | None) -> SessionVersion:
        """Version of the session when its rows were read, up to an id; of all rows where it is None."""
        rows = [row for row in self.rows if up_to is None or row.id <= up_to]
        return SessionVersion(
            rows=len(rows),
            lowest=rows[0].id if rows else None,
            highest=rows[-1].id if rows else None,
            active=sum(row.stored.active for row in rows),
            compacted=sum(row.stored.compacted for row in rows),
        )

    @property
    def messages(self) -> list[int]:
        """Places in `rows` of those that stand for a message."""
        return [place for place, row in enumerate(self.rows) if row.is_message]

    def compared(self) -> Comparison:
        """Both sides aligned; places of SQLite are those of `messages`."""
        return compare(self.written.entries, [row.message for row in self.rows if row.is_message])


def read_sources(engine: Engine, files: JsonlFiles, session_id: str) -> Sources:
    """Read both sources of a session.

    Raises:
        SessionMissing: Neither knows it.
        StoreError: SQLite cannot be read.
    """
    written = _written(files, session_id)
    try:
        known = engine.sessions.has(session_id)
        rows = list(engine.messages.stored(session_id))
        chain = engine.sessions.chain(session_id)
    except StoreMissing:
        known, rows, chain = False, [], ()
    if written.file is None and not known and not rows:
        raise SessionMissing(f"no session {session_id}, neither in {engine.name} nor as a JSONL file")
    return Sources(session_id, written, rows, known, tuple({session_id: None, **dict.fromkeys(chain)}))


def _written(files: JsonlFiles, session_id: str) -> Written:
    found = Written(files.find(session_id))
    try:
        for record in files.records(session_id):
            found.take(record)
    except (CannotOpen, Damaged) as error:
        return Written(found.file, problem=str(error))
    return found
