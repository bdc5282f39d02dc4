"""Recorder of an agent's turns: it takes the whole conversation and writes the new messages (docs/decisions/0029)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ..base.errors import Locked, StoreError
from ..base.late_dataclass import replace
from ..files import outbox
from ..files.outbox import Pending
from ..home_store import HomeStore
from . import recorder_calls, recorder_keys
from .call_writer import CallWriter
from .held_messages import Dict, hold, messages_of
from .recorder_calls import RecorderState
from .recorder_keys import Author
from .sessions import AgentSessions


class HasStore(Protocol):
    """A handle on a home, as `SessionDB` is one."""

    @property
    def store(self) -> HomeStore:
        """The home."""
        ...


class SessionRecorder:
    """Writes one session while an agent continues it; one recorder for each agent, used by one thread at a time.

    Args:
        db: The store.
        session_id: The session, whose row need not exist.
        source: Of its row, where that has to be created.
        model: Of the same row.
        writer: The agent's name, by which a restarted one knows its own rows. Agents that write one session at the
            same time need different names; a recorder without any takes what others without a name stored for its own.
    """

    def __init__(
        self,
        db: HasStore,
        session_id: str,
        *,
        source: str = "cli",
        model: str | None = None,
        writer: str | None = None,
    ) -> None:
        self._db, self._store = db, db.store
        self._id = session_id
        self._source = source
        self._model = model
        self._author = Author(writer, recorder_keys.new_instance())
        self._state = RecorderState()
        self._spooled: Path | None = None

    @property
    def spooled(self) -> Path | None:
        """The file in `pending_messages/` with the waiting messages; None where they are in memory alone."""
        return self._spooled

    @property
    def waiting(self) -> int:
        """Lists whose messages the store refused and that the next call will write; those that a later one continues
        are not counted."""
        return len(self._state.whole_lists())

    def record(self, messages: Sequence[Dict]) -> int:
        """Write the new messages of a conversation, all of them or none.

        Where the list continues the one handed over last, the rest of it is new, whatever it says. Otherwise the
        longest end of the last list that occurs in it is the seam (`continuation.new_places`): what follows is new,
        and before it each message that the last list did not have, such as a summary. Nothing is removed, and rows of
        others stay where they are. The first list is compared with what is stored (`StoredBase.missing`).
        session_meta is never written.
        Where no message is stored and the session has a JSONL file, its messages come first, in the same transaction;
        their fields that this file has no column for are left out, and a file that cannot be read keeps no turn back.

        Args:
            messages: The whole conversation as the agent holds it, oldest first, dicts as `append_messages` takes them.

        Returns:
            The number of messages written, with those that waited.

        Raises:
            StoreError: The store was locked, or something else kept it from writing, such as a file that was replaced.
                The messages are kept, in a file too (`spooled`), because this process may not get to write them. The
                next call writes them first, in order and once, even if its list does not hold them any more.
            ValueError: Messages that cannot be stored (see `append_messages`, and `ColumnMissing`), named once by their
                indexes. All others were stored.
        """
        before = self._state.base or ()
        held, known = hold(messages, before), set(map(id, before))
        problems = {entry.index: entry.problem for entry in held if entry.problem and id(entry) not in known}
        self._state = self._state.handed_over(held, self._author)
        written = self._write_waiting(problems)
        if problems:
            raise ValueError(_refusal(problems))
        return written

    def close(self) -> None:
        """Try once more to write the waiting messages; those that the store still refuses go to a file (`spooled`).

        Raises:
            StoreError: There is no way to write that file either; the messages are in memory only.
        """
        try:
            self._write_waiting({})
        except StoreError:
            if self._spooled is None:
                raise

    def _write_waiting(self, problems: dict[int, str]) -> int:
        try:
            written = self._flush(problems)
        except StoreError as error:
            doubtful = self._state.doubtful or not isinstance(error, Locked)
            self._state = replace(self._state, refused=True, doubtful=doubtful)
            self._spool(error)
            if problems:
                error.add_note(_refusal(problems))
            raise
        self._settle()
        return written

    def _flush(self, problems: dict[int, str]) -> int:
        """Write the waiting calls; those of their messages that this file has no column for become problems."""
        if self._state.waiting and not self._store.engine.sessions.has(self._id):
            AgentSessions(self._store).ensure_session(self._id, self._source, self._model)
        writer = CallWriter(self._store, self._id, self._author, problems)
        total = 0
        while self._state.waiting:
            call = self._state.waiting[0]
            written = writer.write(call, self._state)
            self._state = self._state.stored(call.key if written.stored else None)
            total += written.rows
        self._state = replace(self._state, refused=False, doubtful=False)
        return total

    def _spool(self, error: StoreError) -> None:
        """Write all waiting messages into the file; a note on `error` names the file, or why there is none."""
        owed = Pending(
            path=self._spooled or Path(),
            session_id=self._id,
            source=self._source,
            model=self._model,
            saved_at=time.time(),
            reason=str(error),
            conversations=tuple(map(messages_of, self._state.whole_lists())),
            recorder=self._state.pending(self._author),
        )
        try:
            self._spooled = outbox.save(outbox.folder_of(self._store.path), owed)
            error.add_note(f"the messages are kept in {self._spooled}; hermes-tui doctor --replay writes them")
        except StoreError as worse:
            error.add_note(str(worse))

    def _settle(self) -> None:
        """Forget the file; one that cannot be removed has nothing new for a replay."""
        if self._spooled is not None:
            try:
                outbox.remove(self._spooled)
            except StoreError:
                return
            self._spooled = None


def replay(db: HasStore, path: Path) -> int:
    """Write the messages of one file of `pending_messages/`, and remove it; stored ones are not written again.

    Args:
        path: One of `outbox.pending_files`.

    Returns:
        The number of messages written.

    Raises:
        StoreError: They could not be written, or the file is not one of ours; it is kept.
    """
    outbox.read_pending(path)  # a foreign file keeps its name
    mine = outbox.claim(path)
    owed = outbox.read_pending(mine)
    recorder = SessionRecorder(db, owed.session_id, source=owed.source, model=owed.model)
    recorder._author, recorder._state = recorder_calls.owed(owed)
    written = recorder._flush({})
    outbox.remove(mine)
    return written


def _refusal(problems: Mapping[int, str]) -> str:
    listed = "; ".join(f"message {index}: {problem}" for index, problem in sorted(problems.items()))
    return f"what cannot be stored was left out, all else is kept: {listed}"
