"""Rows of sessions and messages as an engine returns them."""

from __future__ import annotations

from ..base.late_dataclass import dataclass
from ..formats.carried_copies import State
from ..formats.compared_message import ComparedMessage
from ..formats.session_state import Ending

SessionStamp = tuple[object, ...]
"""Number of rows, highest id and number of active rows of a session, which change when another process writes to it."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row of a session for comparison."""

    id: int
    message: ComparedMessage
    """`active` is the state of the message, which a copy of it may decide (`formats.carried_copies`)."""
    stored: State
    """The row's own state."""
    meta: bool = False
    """It describes the session and is no message."""
    compacted: bool = False
    """State of the message, like `message.active`."""
    copy_of: int | None = None
    """Id of the row that stands for its message, where this one only copies it."""
    summary: bool = False
    """Written by a compaction in place of other messages."""
    n_bytes: int = 0
    """Bytes of all its cells."""

    @property
    def is_message(self) -> bool:
        """True for the row that stands for a message: each message has one."""
        return not self.meta and self.copy_of is None


MessageCells = tuple[object, object, object, object, object]
"""A message as it is stored: role, content, calls, the call that it answers, its id on the platform; something that is
no text in place of what is larger than any message of a file that is compared."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one session's messages."""

    messages: int = 0
    """Each message once, inactive ones included."""
    rows: int = 0
    """The same with the copies that compactions left."""
    first_id: int | None = None
    last_id: int | None = None
    last_active: float | None = None
    """Time of the row with the highest id; None where it is invalid."""
    problem: str = ""
    """Reason why not all of this could be read, "" for none."""


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class SessionVersion:
    """Counts and id bounds of a session's rows, which change when another process writes to it."""

    rows: int = 0
    lowest: int | None = None
    highest: int | None = None
    active: int = 0
    compacted: int = 0
    """Rows that a compaction in place deactivated."""


RowDict = dict[str, object]


@dataclass(frozen=True, slots=True)
class SessionEnds:
    """Beginning and end of a session."""

    first_user_text: str
    """The beginning of the first message that the user wrote."""
    last: Ending | None
    """The last active row of a conversation, which decides a status (docs/format.md §4.9)."""
    has_turns: bool
    """Somebody said something; looked up only where the last message is a tool's."""
    described: bool = False
    """One of its rows describes the session and is no message; beyond 4,096 rows its ends alone are looked at."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine may leave out."""

    repairs: bool = True
    """Rows can be inserted between others, and taken out again."""
    files: bool = True
    """The database is a file beside the JSONL files."""
