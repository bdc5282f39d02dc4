"""Reads by which a whole database is copied; an engine may leave them out: `HomeStore.copied` is None then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from .operations import RawRow


class CopiedRows(Protocol):
    """Rows exactly as stored, in short read transactions."""

    def session_rows(self, ids: Sequence[str] | None = ...) -> Iterator[RawRow]:
        """The rows of some sessions, or of all, in any order."""

    def every_message(self) -> Iterator[RawRow]:
        """All messages, lowest id first."""

    def messages_of(self, ids: Sequence[str]) -> Iterator[RawRow]:
        """All messages of some sessions, lowest id first."""

    def stamp(self) -> tuple[object, ...] | None:
        """What changes with any write into the database; None where it changed so lately that it might be missed."""
