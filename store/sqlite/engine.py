"""The SQLite engine: implements `engine.ports` by the statements of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import apsw

from ..base.cancel import Cancel
from ..base.delegation import delegate
from ..base.errors import StoreMissing
from ..base.models import Finding
from ..engine.ports import Transaction
from ..engine.rows import Capabilities, StoredRow
from ..formats.compared_message import ComparedMessage
from . import health
from .base.descriptors import identity
from .base.handle_owners import Ownership
from .base.schema_probe import Layout
from .connect import create, online_backup
from .connect.reader import Reader
from .connect.writer import Writer
from .journal import repair_journal
from .repair import raw_rows, row_moves, steps
from .rows import (
    agent_rows,
    change_feed,
    comparison_rows,
    counts,
    heartbeats,
    message_texts,
    message_writes,
    messages,
    orphan_sessions,
    section_copies,
    section_versions,
    session_lists,
    session_version,
    session_writes,
    sessions,
    token_writes,
    vocabulary,
)
from .search import agent_search, bm25, hit_rows, newest_first

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class _Runs(Protocol):
    def run(self, statement: Callable[[apsw.Connection, Layout], T]) -> T:
        """The result of a statement, by the layout of its file."""


def _run(verb: Callable[Concatenate[apsw.Connection, Layout, P], R]) -> Callable[Concatenate[_Runs, P], R]:
    """A verb that runs a statement."""

    @wraps(verb)
    def _call(whole: _Runs, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return whole.run(lambda connection, layout: verb(connection, layout, *args, **kwargs))

    return _call


class _Reads:
    """Statements that read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def run(self, statement: Callable[[apsw.Connection, Layout], T]) -> T:
        """The result of a statement, in one read transaction."""
        return self.reader.read(statement)


def _reader(reads: _Reads) -> Reader:
    return reads.reader


class SqliteSessions(_Reads):
    """Implements `ports.SessionRows`."""

    page = delegate(_reader, sessions.page)
    by_ids = delegate(_reader, sessions.by_ids)
    newest = delegate(_reader, sessions.newest)
    ids = delegate(_reader, comparison_rows.session_ids)
    orphans = delegate(_reader, orphan_sessions.ids)
    has = delegate(_reader, comparison_rows.has_session)
    counts = delegate(_reader, counts.counts)
    row_counts = delegate(_reader, change_feed.row_counts)
    scope = delegate(_reader, sessions.scope)
    lineage = delegate(_reader, sessions.lineage_of)
    find_by_name = delegate(_reader, sessions.find_by_name)
    active_since = delegate(_reader, sessions.active_since)

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain, root first."""
        return sessions.whole_lineage_of(self.reader, [session_id]).chain(session_id)


class SqliteMessages(_Reads):
    """Implements `ports.MessageRows`."""

    heads = delegate(_reader, messages.heads)
    last_heads = delegate(_reader, messages.last_heads)
    bodies = delegate(_reader, messages.bodies)
    ends = _run(messages.ends)
    first_user_text = _run(messages.first_user_text)
    readable_bodies = delegate(_reader, messages.readable_bodies)
    containing = delegate(_reader, message_texts.containing)
    window = delegate(_reader, messages.readable_window)
    copies = delegate(_reader, section_copies.copies)
    versions = delegate(_reader, section_versions.versions)
    stamp = _run(comparison_rows.session_stamp)
    appends = _run(repair_journal.appends)
    fingerprints = delegate(_reader, comparison_rows.fingerprints)
    marked_copies = delegate(_reader, comparison_rows.marked_copies)

    def compared(self, session_id: str, *, cancel: Cancel | None = None) -> Iterator[ComparedMessage]:
        """The compared form of a session's messages, each once."""
        return comparison_rows.compared_messages(self.reader, session_id, self.copies(session_id), cancel=cancel)

    def stored(self, session_id: str, *, cancel: Cancel | None = None) -> Iterator[StoredRow]:
        """The same of every row."""
        return comparison_rows.stored_rows(self.reader, session_id, self.copies(session_id), cancel=cancel)

    def count(self, session_id: str) -> int:
        """Number of a session's messages."""
        return comparison_rows.count_messages(self.reader, session_id, self.copies(session_id))

    def columns(self) -> frozenset[str]:
        """Columns of `messages`; those of hermes-agent 0.19.0 where there is no file yet."""
        try:
            return self.reader.layout.columns.get("messages", frozenset())
        except StoreMissing:
            return create.columns()


class SqliteRecords(_Reads):
    """Implements `ports.AgentRows`."""

    session = delegate(_reader, agent_rows.session)
    by_title = delegate(_reader, agent_rows.by_title)
    newest = delegate(_reader, agent_rows.newest)
    ids_like = delegate(_reader, agent_rows.ids_like)
    messages = delegate(_reader, agent_rows.messages)
    by_ids = delegate(_reader, agent_rows.by_ids)
    chosen = delegate(_reader, session_lists.chosen)
    chosen_ids = delegate(_reader, session_lists.ids)
    count_sessions = delegate(_reader, session_lists.count)
    last_active = delegate(_reader, session_lists.last_active)
    tip = delegate(_reader, session_lists.tip)
    ancestors = delegate(_reader, session_lists.ancestors)
    count_messages = delegate(_reader, agent_rows.count_messages)
    title_of = delegate(_reader, agent_rows.title_of)
    newest_in_lineage = delegate(_reader, agent_rows.newest_in_lineage)
    lineage_titles = delegate(_reader, agent_rows.lineage_titles)
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

    session_row = _run(raw_rows.session)
    facts = _run(session_version.facts)
    operations = _run(repair_journal.operations)
    free_ids = _run(session_version.free_ids)
    message_rows = delegate(_reader, raw_rows.messages)
    copy = delegate(_reader, online_backup.copy)

    active_counts = _run(row_moves.active_counts)


class SqliteChanges(_Reads):
    """Implements `ports.Changes`."""

    since = delegate(_reader, change_feed.since)

    def version(self) -> tuple[object, int | None]:
        """Device and inode of the file, and the number of its last commit."""
        file = identity(self.reader.path)
        return file, None if file is None else self.reader.data_version()


class SqliteHealth(_Reads):
    """Implements `ports.Health`."""

    backends = delegate(_reader, heartbeats.backends)

    def checks(self, cancel: Cancel) -> Mapping[str, Callable[[], Finding | Iterable[Finding]]]:
        """Checks by name, the quick ones first."""
        reader, path = self.reader, self.reader.path
        reader.refuse_inherited()
        return {
            "sqlite": health.library,
            "mount": lambda: health.mount(path),
            "names": lambda: health.names(path),
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


class SqliteTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, connection: apsw.Connection, layout: Layout) -> None:
        self.connection, self.layout = connection, layout

    def run(self, statement: Callable[[apsw.Connection, Layout], T]) -> T:
        """The result of a statement of the transaction."""
        return statement(self.connection, self.layout)

    create_session = _run(session_writes.create_or_fill)
    set_prompt = _run(session_writes.set_prompt)
    add_tokens = _run(token_writes.add_tokens)
    assign_title = _run(session_writes.assign_title)
    append = _run(message_writes.append)
    append_once = _run(message_writes.append_once)
    append_after = _run(comparison_rows.append_after)
    replace = _run(message_writes.replace)
    apply_step = _run(steps.apply_step)
    undo_step = _run(steps.undo_step)
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
        ownership = Ownership(path)
        self.writer = Writer(path, patience=patience, ownership=ownership)
        self.reader = Reader(path, release_replaced=self._release_replaced, ownership=ownership)
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
