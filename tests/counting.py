"""Counts of what a program asks of SQLite, statements and the steps of their programs, which no other load changes.

A guard of a cost compares two sizes of one home: a change of shape shows as a number that grows with the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import apsw
import pytest

from store.sqlite.connect.read_open import OpenedFile
from store.sqlite.connect.reader import Reader


@dataclass(slots=True)
class Asked:
    """What connections did that were opened inside the block."""

    statements: int = 0
    steps: int = 0
    """Steps of SQLite's virtual machine: they grow with the rows that are looked at."""


@contextmanager
def asked_of_sqlite() -> Iterator[Asked]:
    """The counts of every connection that is opened in the block."""
    asked = Asked()

    def _note(event: dict[str, Any]) -> None:
        asked.statements += 1
        asked.steps += event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    def _hook(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, _note)

    apsw.connection_hooks.append(_hook)
    try:
        yield asked
    finally:
        apsw.connection_hooks.remove(_hook)


@dataclass(slots=True)
class Lent:
    """What readers lent, the statements that ran on it, and the rows that they gave."""

    connections: int = 0
    rows: int = 0
    statements: list[str] = field(default_factory=list)

    def watch(self, connection: apsw.Connection) -> None:
        """Count what runs on a connection from now on."""
        self.connections += 1
        connection.exec_trace = self._ran
        connection.row_trace = self._given

    def _ran(self, _: apsw.Cursor, sql: str, __: object) -> bool:
        self.statements.append(sql)
        return True

    def _given(self, _: apsw.Cursor, row: tuple[object, ...]) -> tuple[object, ...]:
        self.rows += 1
        return row


@contextmanager
def lent() -> Iterator[Lent]:
    """What readers lend in the block."""
    found, take = Lent(), Reader._take_watched

    def taken(reader: Reader) -> OpenedFile:
        opened = take(reader)
        found.watch(opened.connection)
        return opened

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reader, "_take_watched", taken)
        yield found
