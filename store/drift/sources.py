"""Both sources of one session as they are compared and repaired: its lines and rows, and the place of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..base.errors import CannotOpen, Damaged, Interrupted, SessionMissing, StoreMissing
from ..base.late_dataclass import dataclass, field
from ..engine.rows import SessionVersion, StoredRow
from ..files import jsonl_reader
from ..files.jsonl_files import JsonlFiles, compared_message, is_message
from ..formats import jsonl, message_codec

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..base.models import Message
    from ..engine.ports import Engine
    from ..files.home import FileStamp, FileStat
    from ..formats.compared_message import ComparedMessage
    from ..formats.comparison import Comparison

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
    replaced: int = 0
    """Messages with bytes that are no UTF-8."""
    damaged: list[int] = field(default_factory=list)
    """Line numbers of its first 100 damaged lines."""
    problem: str = ""
    """Why it cannot be read; "" where it can."""
    unfinished: bool = False
    """Its last line was being written."""

    def take(self, record: jsonl.Record | jsonl.BadLine) -> None:
        """Add the next line."""
        if isinstance(record, jsonl.BadLine):
            self.unfinished |= record.unfinished
            if record.unfinished:
                return
            self.bad_lines += 1
            self.damaged += [record.line] if len(self.damaged) < _DAMAGED else []
        elif is_message(record):
            self.salvaged += record.salvaged
            self.replaced += record.replaced
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

    def compared(self, engine: Engine) -> Comparison:
        """Both sides compared; places of SQLite are those of `messages`."""
        places = self.messages

        def _texts(lines: Sequence[int], rows: Sequence[int]) -> tuple[list[str], list[str]]:
            return self._line_texts(lines), self._row_texts(engine, [self.rows[places[row]].id for row in rows])

        from ..formats.comparison import compare

        return compare(self.written.entries, [self.rows[place].message for place in places], _texts)

    def _line_texts(self, lines: Sequence[int]) -> list[str]:
        offsets = {line: self.written.offsets[line] for line in lines}
        values = dict(zip(offsets, self.written.values(offsets.values()), strict=False))
        texts = {line: _words(message_codec.message_of_record(values[line], session_id="", line=1)) for line in values}
        return [texts.get(line, "") for line in lines]

    def _row_texts(self, engine: Engine, ids: Sequence[int]) -> list[str]:
        texts = {message.id: _words(message) for message in engine.messages.bodies(list(dict.fromkeys(ids)))}
        return [texts.get(row_id, "") for row_id in ids]


def _words(message: Message) -> str:
    """What a message says, and what its calls ask for."""
    return " ".join((message.text, *(f"{call.name} {call.arguments}" for call in message.tool_calls)))


def read_sources(engine: Engine, files: JsonlFiles, session_id: str, *, cancel: Cancel | None = None) -> Sources:
    """Read both sources of a session.

    Raises:
        SessionMissing: Neither knows it.
        Interrupted: The request was cancelled.
        StoreError: SQLite cannot be read.
    """
    written = _written(files, session_id, cancel)
    try:
        known = engine.sessions.has(session_id)
        rows = list(engine.messages.stored(session_id, cancel=cancel))
    except StoreMissing:
        known, rows = False, []
    if written.file is None and not known and not rows:
        raise SessionMissing(f"no session {session_id}, neither in {engine.name} nor as a JSONL file")
    return Sources(session_id, written, rows, known)


def _written(files: JsonlFiles, session_id: str, cancel: Cancel | None) -> Written:
    found = Written(files.find(session_id))
    try:
        for record in files.records(session_id):
            if cancel is not None and cancel.cancelled:
                raise Interrupted("the request was cancelled")
            found.take(record)
    except (CannotOpen, Damaged) as error:
        return Written(found.file, problem=str(error))
    return found
