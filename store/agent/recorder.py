"""Recorder of an agent's turns: it takes the whole conversation and writes the new messages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..base.errors import CannotOpen, Damaged, Locked, StoreError
from ..engine.rows import SessionStamp
from ..files import outbox
from ..files.jsonl_files import SESSION_META
from ..files.outbox import Pending
from ..formats import alignment, message_codec
from ..formats.row_encoding import MessageRow, content_cell, json_cell, message_rows, storable
from ..home_store import HomeStore
from .sessions import AgentSessions

ATTEMPTS = 8
"""Maximum attempts that fail because others wrote to the session in between; then the turn is kept for later."""

Dict = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Held:
    """A conversation as the agent handed it over."""

    messages: tuple[Dict, ...]
    identities: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Stored:
    """Stored messages of the session, as of one read."""

    stamp: SessionStamp
    identities: tuple[bytes, ...]
    """Of the active rows."""
    empty: bool
    """True without any message, undone ones included."""


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
    """

    def __init__(self, db: HasStore, session_id: str, *, source: str = "cli", model: str | None = None) -> None:
        self._db, self._store = db, db.store
        self._id = session_id
        self._source = source
        self._model = model
        self._kept: list[_Held] = []
        self._seen: _Stored | None = None
        self._spooled: Path | None = None

    @property
    def spooled(self) -> Path | None:
        """The file in `pending_messages/` with the waiting messages; None where they are in memory alone."""
        return self._spooled

    @property
    def waiting(self) -> int:
        """Calls of `record` whose messages the store refused and that the next call will write."""
        return len(self._kept)

    def record(self, messages: Sequence[Dict]) -> int:
        """Write the new messages of a conversation, all of them or none.

        The conversation is aligned by position with the stored active rows (`alignment.first_new`): messages after its
        last aligned one are new, even if a text repeats an earlier one. A list that lacks stored rows removes nothing,
        a list that shares no message with them is new as a whole. session_meta is never written.
        Where no message is stored and the session has a JSONL file, its messages come first, in the same transaction;
        their fields that this file has no column for are left out, and a file that cannot be read keeps no turn back.

        Args:
            messages: The whole conversation as the agent holds it, oldest first, dicts as `append_messages` takes them.

        Returns:
            The number of messages written.

        Raises:
            Locked: The lock was not free. Nothing was written; the messages are kept, and the next call writes them
                first, in order and once, even if its list does not hold them any more.
            StoreError: Anything else that keeps the store from writing, such as a file that was replaced. The messages
                are kept all the same, and in a file too (`spooled`), because this process may not get to write them.
            ValueError: See `append_messages`; nothing was written, nothing is kept.
        """
        held = _held(messages)
        try:
            written = self._flush([*self._kept, held])
        except StoreError as error:
            self._kept = [*(kept for kept in self._kept if not _continues(held, kept)), held]
            if not isinstance(error, Locked):
                self._spool(error)
            raise
        self._settle()
        return written

    def close(self) -> None:
        """Try once more to write the waiting messages; those that the store still refuses go to a file (`spooled`).

        Raises:
            StoreError: There is no way to write that file either; the messages are in memory only.
        """
        if not self._kept:
            return
        try:
            self._flush(self._kept)
        except StoreError as error:
            self._spool(error)
            if self._spooled is None:
                raise
        else:
            self._settle()

    def _spool(self, error: StoreError) -> None:
        """Write all waiting messages into the file; a note on `error` names the file, or why there is none."""
        owed = Pending(
            path=self._spooled or Path(),
            session_id=self._id,
            source=self._source,
            model=self._model,
            saved_at=time.time(),
            reason=str(error),
            conversations=tuple(held.messages for held in self._kept),
        )
        try:
            self._spooled = outbox.save(outbox.folder_of(self._store.path), owed)
            error.add_note(f"the messages are kept in {self._spooled}; hermes-tui doctor --replay writes them")
        except StoreError as worse:
            error.add_note(str(worse))

    def _settle(self) -> None:
        """Forget the waiting messages; a file that cannot be removed has nothing new for a replay."""
        self._kept = []
        if self._spooled is not None:
            try:
                outbox.remove(self._spooled)
            except StoreError:
                return
            self._spooled = None

    def _flush(self, conversations: Sequence[_Held]) -> int:
        """Write the new messages; read again where others wrote to the session in between."""
        if not self._store.engine.sessions.has(self._id):
            AgentSessions(self._store).ensure_session(self._id, self._source, self._model)
        for _ in range(ATTEMPTS):
            stored = self._read_stored()
            history = self._history() if stored.empty else []
            known, news = _news([*stored.identities, *_identities(history)], conversations)
            turn = (*self._drafted(history), *message_rows(news, now=time.time()))
            if not turn:
                return 0
            stamp = self._append(stored.stamp, turn)
            if stamp is not None:
                self._seen = _Stored(stamp, tuple(known), empty=False)
                return len(turn)
        raise Locked(f"others kept writing to session {self._id}; the turn is kept and written with the next one")

    def _read_stored(self) -> _Stored:
        """The stored identities; those of the last call where nobody else wrote since."""
        messages = self._store.engine.messages
        stamp = messages.stamp(self._id)
        if self._seen is None or self._seen.stamp != stamp:
            found = [row for row in messages.stored(self._id) if not row.meta]
            active = tuple(row.message.identity for row in found if row.stored.active)
            self._seen = _Stored(stamp, active, empty=not found)
        return self._seen

    def _append(self, stamp: SessionStamp, turn: Sequence[MessageRow]) -> SessionStamp | None:
        return self._store.write(lambda tx: tx.append_after(self._id, stamp, turn))

    def _history(self) -> list[Dict]:
        """The messages of the session's JSONL file, each with a time."""
        files = self._store.files
        found = files.find(self._id)
        try:
            values = [record.value for record in files.message_records(self._id)]
        except (CannotOpen, Damaged):
            return []
        times = [message_codec.timestamp(value.get("timestamp")) for value in values]
        last = next(
            (timestamp for timestamp in times if timestamp is not None), found.mtime_ns / 1e9 if found else None
        )
        timed: list[Dict] = []
        for value, timestamp in zip(values, times, strict=True):
            last = last if timestamp is None else timestamp
            timed.append({**value, "timestamp": last})
        return timed

    def _drafted(self, history: Sequence[Dict]) -> Iterable[MessageRow]:
        """Rows of a history, without what this file has no column for."""
        if not history:
            return
        columns = self._store.engine.messages.columns()
        for draft in message_rows(history, now=time.time()):
            values = {name: value for name, value in draft.values.items() if name in columns}
            yield MessageRow(values, draft.calls)


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
    written = recorder._flush([_held(messages) for messages in owed.conversations])
    outbox.remove(mine)
    return written


def _news(stored: Sequence[bytes], conversations: Iterable[_Held]) -> tuple[list[bytes], list[Dict]]:
    """Identities stored after all conversations were recorded in order, and the messages to write for it."""
    known = list(stored)
    news: list[Dict] = []
    for held in conversations:
        start = alignment.first_new(known, held.identities)
        known += held.identities[start:]
        news += held.messages[start:]
    return known, news


def _continues(later: _Held, earlier: _Held) -> bool:
    """True where the later conversation begins with all of the earlier one."""
    return later.identities[: len(earlier.identities)] == earlier.identities


def _held(messages: Sequence[Dict]) -> _Held:
    kept = tuple(dict(message) for message in messages if message.get("role") != SESSION_META)
    return _Held(kept, _identities(kept))


def _identities(messages: Sequence[Dict]) -> tuple[bytes, ...]:
    """Of messages as they will read once they are stored."""
    return tuple(
        message_codec.identity(
            storable(message.get("role")) or "unknown",
            content_cell(message.get("content")),
            json_cell(message.get("tool_calls")),
            storable(message.get("tool_call_id")),
        )
        for message in messages
    )
