"""The SQLite engine: implements `engine.ports` by the statements of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from ..base.cancel import Cancel
from ..base.delegation import delegate
from ..base.errors import StoreMissing
from ..base.models import Finding
from ..engine.operations import RUNNING, UNDOING, OperationHeader, RepairFacts, StepRecord
from ..engine.ports import Transaction
from ..engine.rows import Capabilities, SessionEnds, SessionStamp
from ..formats.lineage import Lineage
from . import health
from .base.schema_probe import Layout
from .base.write_obstacles import obstacles
from .connect import create, online_backup
from .connect.reader import Reader
from .connect.writer import Writer
from .journal import repair_journal
from .repair import raw_rows, steps
from .rows import (
    agent_rows,
    change_feed,
    comparison_rows,
    counts,
    heartbeats,
    message_writes,
    messages,
    orphan_sessions,
    session_pages,
    session_version,
    session_versions,
    session_writes,
    sessions,
    title_search,
    vocabulary,
)
from .search import agent_search, bm25, hit_rows, newest_first

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class _Reads:
    """Statements that read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader


def _reader(reads: _Reads) -> Reader:
    return reads.reader


class SqliteSessions(_Reads):
    """Implements `ports.SessionRows`."""

    page = delegate(_reader, session_pages.page)
    by_ids = delegate(_reader, sessions.by_ids)
    newest = delegate(_reader, sessions.newest)
    ids = delegate(_reader, comparison_rows.session_ids)
    orphans = delegate(_reader, orphan_sessions.ids)
    has = delegate(_reader, comparison_rows.has_session)
    counts = delegate(_reader, counts.counts)
    row_counts = delegate(_reader, session_versions.row_counts)
    scope = delegate(_reader, sessions.scope)
    lineage = delegate(_reader, sessions.lineage_of)
    find_by_name = delegate(_reader, sessions.find_by_name)
    active_since = delegate(_reader, sessions.active_since)

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain, root first."""
        return Lineage(sessions.links(self.reader, [session_id])).chain(session_id)


class SqliteMessages(_Reads):
    """Implements `ports.MessageRows`."""

    heads = delegate(_reader, messages.heads)
    last_heads = delegate(_reader, messages.last_heads)
    bodies = delegate(_reader, messages.bodies)
    readable_bodies = delegate(_reader, messages.readable_bodies)
    window = delegate(_reader, messages.window)
    compared = delegate(_reader, comparison_rows.compared_messages)
    stored = delegate(_reader, comparison_rows.stored_rows)
    count = delegate(_reader, comparison_rows.count_messages)
    fingerprints = delegate(_reader, comparison_rows.fingerprints)
    marked_copies = delegate(_reader, comparison_rows.marked_copies)

    def first_user_text(self, session_id: str) -> str:
        """The beginning of the first message that the user wrote."""
        reach = messages.extent(self.reader, session_id)
        return messages.first_user_text(self.reader, reach) if reach else ""

    def ends(self, session_id: str) -> SessionEnds | None:
        """Beginning and end of a session."""
        reach = messages.extent(self.reader, session_id)
        if reach is None:
            return None
        words, last = messages.first_user_text(self.reader, reach), messages.ending(self.reader, reach)
        has_turns = last is None or last.role != "tool" or messages.has_turns(self.reader, reach)
        return SessionEnds(words, last, has_turns)

    def columns(self) -> frozenset[str]:
        """Columns of `messages`; those of hermes-agent 0.19.0 where there is no file yet."""
        try:
            return self.reader.layout.columns.get("messages", frozenset())
        except StoreMissing:
            return create.columns()

    def stamp(self, session_id: str) -> SessionStamp:
        """An opaque version of a session's rows."""
        return comparison_rows.session_stamp(self.reader.rows, self.reader.layout, session_id)


class SqliteRecords(_Reads):
    """Implements `ports.AgentRows`."""

    session = delegate(_reader, agent_rows.session)
    by_title = delegate(_reader, agent_rows.by_title)
    newest = delegate(_reader, agent_rows.newest)
    ids_like = delegate(_reader, agent_rows.ids_like)
    ended_before = delegate(_reader, agent_rows.ended_before)
    messages = delegate(_reader, agent_rows.messages)
    count_sessions = delegate(_reader, agent_rows.count_sessions)
    count_messages = delegate(_reader, agent_rows.count_messages)
    title_of = delegate(_reader, title_search.title_of)
    newest_in_lineage = delegate(_reader, title_search.newest_in_lineage)
    lineage_titles = delegate(_reader, title_search.lineage_titles)
    search = delegate(_reader, agent_search.search)


class SqliteSearch(_Reads):
    """Implements `ports.TextSearch`."""

    matching_ids = delegate(_reader, newest_first.matching_ids)
    read_hits = delegate(_reader, hit_rows.read_hits)
    best_matches = delegate(_reader, bm25.best_matches)
    count_matches = delegate(_reader, bm25.count_matches)
    similar_words = delegate(_reader, vocabulary.similar_words)


class SqliteRepairs(_Reads):
    """Implements `ports.RepairRows`."""

    session_row = delegate(_reader, raw_rows.session)
    message_rows = delegate(_reader, raw_rows.messages)
    copy = delegate(_reader, online_backup.copy)
    backends = delegate(_reader, heartbeats.backends)

    def facts(self, session_id: str, conversation: Sequence[str], *, now: float) -> RepairFacts:
        """Facts for and against a repair, in one transaction."""

        def _facts(connection: apsw.Connection, layout: Layout) -> RepairFacts:
            headers = repair_journal.headers(connection, layout, session_id=session_id)
            stopped = next((header for header in headers if header.state == RUNNING), None)
            return RepairFacts(
                holder=session_version.lock_holder(connection, layout, tuple(conversation), now),
                referrers=session_version.referrers(connection),
                obstacle="; ".join(obstacles(connection)),
                undoing=next((header for header in headers if header.state == UNDOING), None),
                stopped=stopped,
                intent=repair_journal.intent(connection, layout, stopped.operation) if stopped else None,
                done=tuple(repair_journal.steps(connection, layout, stopped.operation)) if stopped else (),
            )

        return self.reader.read(_facts)

    def operations(self) -> list[tuple[OperationHeader, list[StepRecord]]]:
        """Every repair with its steps, the last started first."""
        return self.reader.read(
            lambda connection, layout: [
                (header, repair_journal.steps(connection, layout, header.operation))
                for header in repair_journal.headers(connection, layout)
            ]
        )

    def free_ids(self, above: int, below: int, number: int) -> list[int] | None:
        """Unused message ids between two others that no undo will need."""
        return self.reader.read(
            lambda connection, layout: session_version.free_ids(
                connection,
                above=above,
                below=below,
                number=number,
                kept_free=repair_journal.old_ids(connection, layout),
            )
        )


class SqliteChanges(_Reads):
    """Implements `ports.Changes`."""

    since = delegate(_reader, change_feed.since)

    def version(self) -> tuple[object, int | None]:
        """Device and inode of the file, and the number of its last commit."""
        try:
            found = self.reader.path.stat()
        except OSError:
            return None, None
        return (found.st_dev, found.st_ino), self.reader.data_version()


class SqliteHealth(_Reads):
    """Implements `ports.Health`."""

    def checks(self, cancel: Cancel) -> Mapping[str, Callable[[], Finding | Iterable[Finding]]]:
        """Checks by name, the quick ones first."""
        reader, path = self.reader, self.reader.path
        return {
            "sqlite": health.library,
            "mount": lambda: health.mount(path),
            "permissions": lambda: health.permissions(path),
            "schema": lambda: health.schema(reader),
            "journal": lambda: health.journal(reader),
            "wal": lambda: health.wal(path),
            "lock": lambda: health.lock(path),
            "operations": lambda: health.operations(reader),
            "index": lambda: health.coverage(reader),
            "integrity": lambda: health.integrity(reader, cancel),
        }


def _connection(transaction: SqliteTransaction) -> apsw.Connection:
    return transaction.connection


def _within(
    verb: Callable[Concatenate[apsw.Connection, Layout, P], R],
) -> Callable[Concatenate[SqliteTransaction, P], R]:
    """A statement of the transaction, by the layout of its file."""

    def _call(transaction: SqliteTransaction, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return verb(transaction.connection, transaction.layout, *args, **kwargs)

    return _call


class SqliteTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, connection: apsw.Connection, layout: Layout) -> None:
        self.connection, self.layout = connection, layout

    create_session = _within(session_writes.create)
    set_prompt = _within(session_writes.set_prompt)
    add_tokens = _within(session_writes.add_tokens)
    assign_title = _within(title_search.assign)
    append = _within(message_writes.append)
    append_once = _within(message_writes.append_once)
    append_after = _within(comparison_rows.append_after)
    replace = _within(message_writes.replace)
    apply_step = _within(steps.apply_step)
    undo_step = _within(steps.undo_step)
    end_session = delegate(_connection, session_writes.end)
    reopen_session = delegate(_connection, session_writes.reopen)
    delete_session = delegate(_connection, session_writes.delete)
    clear = delegate(_connection, message_writes.clear)


class SqliteEngine:
    """Implements `ports.Engine`; nothing is opened before the first read or write.

    Args:
        path: The state.db.
        patience: Seconds that a write waits for the lock before it raises `Locked`.
    """

    capabilities = Capabilities()

    def __init__(self, path: Path, *, patience: float) -> None:
        self.writer = Writer(path, patience=patience)
        self.reader = Reader(path, release_replaced=self._release_replaced)
        self.sessions = SqliteSessions(self.reader)
        self.messages = SqliteMessages(self.reader)
        self.records = SqliteRecords(self.reader)
        self.search = SqliteSearch(self.reader)
        self.repairs = SqliteRepairs(self.reader)
        self.changes = SqliteChanges(self.reader)
        self.health = SqliteHealth(self.reader)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.reader.path.name

    @property
    def index_damaged(self) -> bool:
        """True once a write only went through beside a damaged full-text index."""
        return self.writer.index_damaged

    @property
    def lock_seconds(self) -> float:
        """Seconds that the last write held its lock."""
        return self.writer.lock_seconds

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction; see `Writer.transaction`."""
        return self.writer.transaction(lambda connection: work(SqliteTransaction(connection, self.writer.layout)))

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self.reader.close()
        self.writer.close()

    def _release_replaced(self) -> None:
        self.writer.release_replaced()
