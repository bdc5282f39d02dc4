"""Counts of what a program asks of SQLite, statements and the steps of their programs, which no other load changes.

A guard of a cost compares two sizes of one home: a change of shape shows as a number that grows with the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import apsw


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
