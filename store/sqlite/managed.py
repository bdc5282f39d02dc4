"""The part of the SQLite engine by which people keep sessions in order: implements `engine.managed.ManagedRows`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import apsw

from ..engine.managed import Image, ManagedFacts, Mark, RemoveStep, RestoreResult, RestoreStep, TrashHeader
from .base.schema_probe import Layout
from .connect.reader import Reader
from .connect.writer import Writer
from .journal import trash_journal
from .manage import marks, removal, restoring, rows

T = TypeVar("T")


class SqliteManaged:
    """Implements `managed.ManagedRows` over the connections of an engine."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader, self._writer = reader, writer

    def facts(self, session_ids: Sequence[str], *, now: float) -> ManagedFacts:
        """Facts for and against a change of some sessions."""
        return self._reader.read(lambda connection, layout: marks.facts(connection, layout, session_ids, now=now))

    def message_ids(self, session_ids: Sequence[str]) -> list[int]:
        """Ids of all their messages, rising."""
        return self._reader.read(lambda connection, layout: rows.message_ids(connection, layout, session_ids))

    def messages(self, ids: Sequence[int]) -> list[Image]:
        """Messages by id, at most 256, rising."""
        return self._reader.read(lambda connection, layout: rows.messages(connection, layout, ids))

    def appends(self, session_ids: Sequence[str]) -> list[Image]:
        """The keys of their appends."""
        return self._reader.read(lambda connection, layout: rows.appends(connection, layout, session_ids))

    def others(self, session_ids: Sequence[str]) -> list[Image]:
        """The sessions' own rows and those of other tables that belong to them."""
        return self._reader.read(lambda connection, layout: rows.others(connection, layout, session_ids))

    def remove(self, step: RemoveStep) -> TrashHeader:
        """Remove the rows of a step."""
        return self._write(lambda connection, layout: removal.remove(connection, layout, step))

    def restore(self, step: RestoreStep) -> RestoreResult:
        """Put the rows of a step back."""
        return self._write(lambda connection, layout: restoring.restore(connection, layout, step))

    def finish(self, header: TrashHeader) -> TrashHeader:
        """Record the state of a deletion or an undo whose files were moved."""
        return self._write(lambda connection, layout: restoring.finish(connection, layout, header))

    def operations(self) -> list[TrashHeader]:
        """Every deletion in the journal, the last started first."""
        return self._reader.read(trash_journal.headers)

    def forget(self, operation: str, session_ids: Sequence[str]) -> int:
        """Remove a deletion from the journal, with the repairs of its sessions."""
        return self._write(lambda connection, _: trash_journal.forget(connection, operation, session_ids))

    def rename(self, session_id: str, title: str | None) -> bool:
        """Give a session a title, or take it."""
        return self._write(lambda connection, layout: marks.rename(connection, layout, session_id, title))

    def mark(self, session_ids: Sequence[str], mark: Mark, *, on: bool) -> int:
        """Set or clear a mark."""
        return self._write(lambda connection, layout: marks.mark(connection, layout, session_ids, mark, on=on))

    def _write(self, work: Callable[[apsw.Connection, Layout], T]) -> T:
        return self._writer.transaction(lambda connection: work(connection, self._writer.layout))
