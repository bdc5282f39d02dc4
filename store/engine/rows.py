"""Rows of sessions and messages as an engine returns them."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats.alignment import ComparedMessage

SessionStamp = tuple[object, ...]
"""Rows, highest id and active rows of a session: another stamp means that others wrote to it."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row as it lies in its session."""

    id: int
    message: ComparedMessage
    meta: bool = False
    """It describes the session and is no message."""
    compacted: bool = False
    summary: bool = False
    """A compaction put it in place of other messages."""
    n_bytes: int = 0
    """Bytes of all its cells."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the covering index tells of a session's messages."""

    messages: int = 0
    first_id: int | None = None
    last_id: int | None = None
    last_active: float | None = None
    """Time of the row with the highest id; None where that is impossible."""
    problem: str = ""
    """Why not all of this could be read, "" where it could."""


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class SessionVersion:
    """A session's rows, counted: another standing means that others wrote to it."""

    rows: int = 0
    lowest: int | None = None
    highest: int | None = None
    active: int = 0
    compacted: int = 0
    """Rows that a compaction in place put aside."""


RowDict = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ending:
    """The last active row of the conversation, as far as a status needs it (docs/format.md §4.9)."""

    role: str
    finish_reason: str | None
    has_calls: bool
    has_text: bool
    """Its content is more than spaces, as far as its first bytes tell."""


@dataclass(frozen=True, slots=True)
class SessionEnds:
    """Beginning and end of a session."""

    first_user_text: str
    """The beginning of the first message that the user wrote."""
    last: Ending | None
    has_turns: bool
    """Somebody said something; looked up only where the last message is a tool's."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine may leave out."""

    repairs: bool = True
    """Rows can be inserted between others, and taken out again."""
    files: bool = True
    """The database is a file beside the JSONL files."""
