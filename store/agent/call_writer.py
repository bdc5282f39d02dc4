"""Writing of one call of a recorder: its new messages with its key, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..base.errors import ColumnMissing, KeyReused, Locked
from ..base.late_dataclass import dataclass, field
from ..engine.ports import Transaction
from ..engine.rows import SessionStamp
from ..formats import continuation
from ..formats.row_encoding import MessageRow, message_row
from ..home_store import HomeStore
from . import stored_base
from .held_messages import HeldMessage, identities
from .jsonl_history import history, history_rows
from .recorder_calls import Call, RecorderState
from .recorder_keys import Author
from .stored_base import StoredBase

LONGEST = 5.0
"""Seconds after which a turn is kept for later because others wrote to the session between each look and its write."""

_MICROSECOND = 1e-6


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a call."""

    rows: int
    """Rows that were written now."""
    stored: bool
    """Its key is stored, from now or from before."""


@dataclass(slots=True)
class Turn:
    """New messages of a call on their way to the store."""

    key: str
    entries: list[HeldMessage]
    history: list[MessageRow] = field(default_factory=list)
    """Rows of the session's JSONL file, which come before them without a key: they are nobody's."""
    expected: SessionStamp | None = None
    """The session as it was compared; None where it does not matter what others wrote."""


class CallWriter:
    """Writes the calls of one recorder.

    Args:
        store: The home.
        session_id: The session, which has a row.
        author: The recorder.
        problems: Index -> reason of the messages that cannot be stored; those that the file has no column for are
            added.
    """

    def __init__(self, store: HomeStore, session_id: str, author: Author, problems: dict[int, str]) -> None:
        self._store = store
        self._id = session_id
        self._author = author
        self._problems = problems

    def write(self, call: Call, state: RecorderState) -> Written:
        """Write a call; compare again where others wrote to the session in between.

        Nothing is read where the list continues the one before it and the last write succeeded.

        Raises:
            StoreError: See `AgentMessages.append_messages`.
        """
        if call.places is not None and call.base is None and not state.refused:
            return self._append(self._turn(call, call.places)) or Written(0, stored=False)
        deadline = time.monotonic() + LONGEST
        while True:
            stored = stored_base.read(self._store.engine.messages, self._id)
            if stored.has_call(call.key):
                return Written(0, stored=True)
            written = self._append(self._compared(call, state, stored))
            if written is not None:
                return written
            if time.monotonic() > deadline:
                break
        raise Locked(f"others kept writing to session {self._id}; the turn is kept and written with the next one")

    def _compared(self, call: Call, state: RecorderState, stored: StoredBase) -> Turn:
        """The turn as far as it is new to what is stored."""
        if not state.replayed:
            return self._new(call, state, stored)
        earlier, later = stored.split(self._author)
        turn = self._new(call, state, earlier)
        turn.expected = stored.stamp
        if continuation.contains(later, [entry.identity for entry in turn.entries]):
            turn.entries = []
        return turn

    def _new(self, call: Call, state: RecorderState, stored: StoredBase) -> Turn:
        if call.places is not None and (not state.doubtful or state.stored_key in stored.keys):
            return self._turn(call, self._places(call, call.places, stored))
        names = identities(call.held)
        known = stored.last_length(names, self._author)
        if known is not None:
            return self._turn(call, range(known, len(names)), expected=stored.stamp)
        if not stored.is_empty:
            return self._turn(call, stored.missing(names, self._author), expected=stored.stamp)
        earlier = history(self._store.files, self._id)
        turn = self._turn(call, continuation.new_after(identities(earlier), names), expected=stored.stamp)
        if earlier:
            turn.history = list(history_rows(earlier, self._store.engine.messages.columns()))
        return turn

    def _places(self, call: Call, places: Sequence[int], stored: StoredBase) -> Sequence[int]:
        if call.base is None:
            return places
        base = stored.without_undone(identities(call.base), self._author)
        return continuation.new_places(base, identities(call.held))

    def _turn(self, call: Call, places: Sequence[int], expected: SessionStamp | None = None) -> Turn:
        return Turn(call.key, [call.held[place] for place in places], expected=expected)

    def _append(self, turn: Turn) -> Written | None:
        """Append a turn, without messages that the file has no column for; None where others wrote since."""
        try:
            return self._append_rows(turn)
        except ColumnMissing:
            entries = self._fitting(turn.entries)
            if len(entries) == len(turn.entries):
                raise
            turn.entries = entries
            return self._append_rows(turn)

    def _append_rows(self, turn: Turn) -> Written | None:
        now = time.time()
        said = [message_row(entry.message, now=now + n * _MICROSECOND) for n, entry in enumerate(turn.entries)]

        def _once(tx: Transaction) -> Written | None:
            if turn.expected is not None and tx.append_after(self._id, turn.expected, turn.history) is None:
                return None
            if said:
                tx.append_once(self._id, said, key=turn.key, now=now)
            return Written(len(turn.history) + len(said), stored=bool(said))

        if not said and not turn.history:
            return Written(0, stored=False)
        try:
            return self._store.write(_once)
        except KeyReused:  # a replay compared the same list with other rows, and wrote it
            return Written(0, stored=True)

    def _fitting(self, entries: Sequence[HeldMessage]) -> list[HeldMessage]:
        columns = self._store.engine.messages.columns()
        fitting: list[HeldMessage] = []
        for entry in entries:
            values = message_row(entry.message, now=0.0).values
            missing = next((name for name, value in values.items() if value != "" and name not in columns), None)
            if missing is None:
                fitting.append(entry)
            else:
                self._problems[entry.index] = str(ColumnMissing(missing))
        return fitting
