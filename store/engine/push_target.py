"""A database on a server that homes are copied to, and the values that go there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..base.late_dataclass import dataclass
from .operations import RawRow

FILE_IDS = 1 << 60
"""Lowest id of a message in a session that is copied with what its files have; SQLite's are below."""
MOST_MESSAGES = 1 << 20
"""Messages of a session that are copied with those of its files; a longer one is copied as SQLite has it."""
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
    of_files: bool = False
    """The ids of its messages are places from 0 on: SQLite has not all of them, so the target gives them others."""


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

    def require_owner(self, identity: HomeIdentity) -> None:
        """Make sure that the schema is this home's, and write nothing.

        Raises:
            StoreMissing: There is no schema.
            Refused: It is another's.
        """

    def stored_id(self, session_id: str) -> str:
        """The id of a session as the server has it."""

    def marks(self) -> Mapping[str, str]:
        """Mark of every session that was copied, by its id as the server has it; "" where it is gone."""

    def stamp(self) -> str:
        """The state of the home at the last push that was finished; "" for none."""

    def finish(self, stamp: str) -> None:
        """End a push: remember the state of the home, "" where it is not to be relied on."""

    def put_new(self, copies: Sequence[SessionCopy], *, now: float) -> Sequence[str]:
        """Copy sessions that were never copied, in one transaction; those that another push has copied meanwhile."""

    def put_changed(self, copy: SessionCopy, known: str, *, now: float) -> bool:
        """Bring one session up to date; rows that vanished are marked as gone.

        Args:
            known: Its mark when the copy was made; False where another push has changed it since.
        """

    def mark_gone(self, session_ids: Iterable[str], *, now: float) -> None:
        """Mark sessions that vanished from the home; they stay readable."""

    def prune(self) -> int:
        """Remove what is marked as gone; the number of rows."""

    def differences(self, copy: SessionCopy) -> list[str]:
        """Ids of messages, or `session`, in which the schema differs from the home, gone rows left out."""

    def close(self) -> None:
        """Close every connection; may be called twice."""
