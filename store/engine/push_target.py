"""A database on a server that homes are copied to, and the values that go there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..base.late_dataclass import dataclass
from .operations import RawRow

FILE_IDS = 1 << 60
"""Lowest id of a message in a session that is copied with what its files have; SQLite's are below."""
SOURCE = "hermes_tui_source"
"""Cell of a row that says where it was read from, a value of `Origin`; SQLite where there is none."""


@dataclass(frozen=True, slots=True)
class HomeIdentity:
    """Whose copy a schema is."""

    machine: str
    """Random id of the machine, made once."""
    home: str
    """Fingerprint of the home's place on it."""
    host: str
    """Name of the machine for people."""
    profile: str


@dataclass(frozen=True, slots=True)
class SessionCopy:
    """One session as it is copied."""

    session_id: str
    mark: str
    """What changes with any of its rows."""
    row: RawRow | None
    """Its row; None for a session that has messages alone."""
    prompt: str | None
    """The shared prompt that the row names by its hash."""
    messages: Sequence[RawRow]
    """All of its messages, or those above `after`."""
    after: int | None = None
    """Highest id of the messages that are as they were at the copy before; None where any may have changed."""


def source_of(row: RawRow) -> str:
    """Where a row was read from."""
    return str(row.get(SOURCE) or "sqlite")


class PushTarget(Protocol):
    """The schema of one home on a server."""

    @property
    def name(self) -> str:
        """`host/db#schema`."""

    def claim(self, identity: HomeIdentity, *, take_over: bool) -> None:
        """Make the schema where it is missing, and make sure that it belongs to the home.

        Raises:
            Refused: Another home has it, or somebody filled it otherwise.
        """

    def marks(self) -> Mapping[str, str]:
        """Mark of every session that was copied, "" where it is gone."""

    def put_new(self, copies: Sequence[SessionCopy], *, now: float) -> None:
        """Copy sessions that the schema does not have, in one transaction."""

    def put_changed(self, copy: SessionCopy, *, now: float) -> None:
        """Bring one session up to date; rows that vanished are marked as gone."""

    def mark_gone(self, session_ids: Iterable[str], *, now: float) -> None:
        """Mark sessions that vanished from the home; they stay readable."""

    def prune(self) -> int:
        """Remove what is marked as gone; the number of rows."""

    def differences(self, copy: SessionCopy) -> list[str]:
        """Ids of messages, or `session`, in which the schema differs from the home, gone rows left out."""

    def close(self) -> None:
        """Close every connection; may be called twice."""
