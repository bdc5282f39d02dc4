"""The SQLite engine: implements `engine.ports` by the statements of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..base.delegation import Late, delegate
from ..base.errors import StoreMissing
from ..engine.rows import Capabilities, StoredRow
from .base.descriptors import identity
from .base.handle_owners import Ownership
from .connect.reader import Reader
from .rows import (
    change_feed,
    comparison_rows,
    counts,
    head_pages,
    messages,
    orphan_sessions,
    section_copies,
    section_versions,
    session_ends,
    sessions,
)
from .statements import Reads, reader_of, statement

if TYPE_CHECKING:
    from ..base.cancel import Cancel
    from ..base.models import Finding, Session
    from ..engine.ports import Transaction
    from ..engine.rows import SessionEnds
    from ..formats.compared_message import ComparedMessage
    from .connect.writer import Writer
    from .copied import SqliteCopied
    from .managed import SqliteManaged
    from .records import SqliteRecords
    from .rows import heartbeats, message_texts, vocabulary
    from .search import bm25, hit_rows, newest_first
    from .statistics import SqliteStatistics
    from .writes import SqliteRepairs, SqliteTransaction
else:  # an agent that writes needs none of them
    heartbeats = Late("store.sqlite.rows.heartbeats")
    message_texts = Late("store.sqlite.rows.message_texts")
    vocabulary = Late("store.sqlite.rows.vocabulary")
    bm25, hit_rows, newest_first = map(
        Late, [f"store.sqlite.search.{name}" for name in ("bm25", "hit_rows", "newest_first")]
    )

T = TypeVar("T")


class SqliteSessions(Reads):
    """Implements `ports.SessionRows`."""

    page = delegate(reader_of, sessions.page)
    by_ids = delegate(reader_of, sessions.by_ids)
    newest = delegate(reader_of, sessions.newest)
    ids = delegate(reader_of, comparison_rows.session_ids)
    orphans = delegate(reader_of, orphan_sessions.ids)
    has = delegate(reader_of, comparison_rows.has_session)
    counts = delegate(reader_of, counts.counts)
    row_counts = delegate(reader_of, change_feed.row_counts)
    scope = delegate(reader_of, sessions.scope)
    lineage = delegate(reader_of, sessions.lineage_of)
    find_by_name = delegate(reader_of, sessions.find_by_name)
    active_since = delegate(reader_of, sessions.active_since)

    def order(self, *, by_start: bool) -> Sequence[tuple[float, str]] | None:
        """See `listed_sessions.order`."""
        from .rows import listed_sessions

        return listed_sessions.order(self.reader, by_start=by_start)

    def listed(
        self, ids: Sequence[str], *, now: float, profile: str
    ) -> Mapping[str, tuple[Session, SessionEnds | None]]:
        """See `listed_sessions.listed`."""
        from .rows import listed_sessions

        return listed_sessions.listed(self.reader, ids, now=now, profile=profile)

    def chain(self, session_id: str) -> tuple[str, ...]:
        """Ids of the compression chain, root first."""
        return sessions.whole_lineage_of(self.reader, [session_id]).chain(session_id)


class SqliteMessages(Reads):
    """Implements `ports.MessageRows`."""

    heads = delegate(reader_of, head_pages.heads)
    last_heads = delegate(reader_of, messages.last_heads)
    ids = delegate(reader_of, head_pages.ids)
    bodies = delegate(reader_of, messages.bodies)
    ends = statement(session_ends.ends)
    ends_of = delegate(reader_of, session_ends.ends_of)
    first_user_text = statement(session_ends.first_user_text)
    readable_bodies = delegate(reader_of, messages.readable_bodies)
    containing = delegate(reader_of, message_texts.containing)
    stored_texts = delegate(reader_of, message_texts.stored_texts)
    window = delegate(reader_of, messages.readable_window)
    copies = delegate(reader_of, section_copies.copies)
    versions = delegate(reader_of, section_versions.versions)
    stamp = statement(comparison_rows.session_stamp)
    fingerprints = delegate(reader_of, comparison_rows.fingerprints)
    cells = delegate(reader_of, comparison_rows.cells)
    marked_copies = delegate(reader_of, comparison_rows.marked_copies)

    def compared(self, session_id: str, *, cancel: Cancel | None = None) -> Iterator[ComparedMessage]:
        """The compared form of a session's messages, each once."""
        return comparison_rows.compared_messages(
            self.reader, session_id, partial(self.copies, session_id), cancel=cancel
        )

    def stored(self, session_id: str, *, cancel: Cancel | None = None) -> Iterator[StoredRow]:
        """The same of every row."""
        return comparison_rows.stored_rows(self.reader, session_id, partial(self.copies, session_id), cancel=cancel)

    def appends(self, session_id: str) -> Mapping[str, Sequence[int]]:
        """See `repair_journal.appends`."""
        from .journal import repair_journal

        return self.run(lambda connection, layout: repair_journal.appends(connection, layout, session_id))

    def count(self, session_id: str) -> int:
        """Number of a session's messages."""
        return comparison_rows.count_messages(self.reader, session_id, self.copies(session_id))

    def columns(self) -> frozenset[str]:
        """Columns of `messages`; those of hermes-agent 0.19.0 where there is no file yet."""
        try:
            return self.reader.layout.columns.get("messages", frozenset())
        except StoreMissing:
            from .connect import create

            return create.columns()


class SqliteSearch(Reads):
    """Implements `ports.TextSearch`."""

    matching_ids = delegate(reader_of, newest_first.matching_ids)
    read_hits = delegate(reader_of, hit_rows.read_hits)
    best_matches = delegate(reader_of, bm25.best_matches)
    count_matches = delegate(reader_of, bm25.count_matches)
    similar_words = delegate(reader_of, vocabulary.similar_words)


class SqliteChanges(Reads):
    """Implements `ports.Changes`."""

    since = delegate(reader_of, change_feed.since)

    def file(self) -> object:
        """Device and inode of the file."""
        return identity(self.reader.path)

    def version(self) -> tuple[object, int | None]:
        """The file, and the number of its last commit."""
        file = self.file()
        return file, None if file is None else self.reader.data_version()


class SqliteHealth(Reads):
    """Implements `ports.Health`."""

    backends = delegate(reader_of, heartbeats.backends)

    def checks(self, cancel: Cancel) -> Mapping[str, Callable[[], Finding | Iterable[Finding]]]:
        """Checks by name, the quick ones first."""
        from . import health

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


class SqliteEngine:
    """Implements `ports.Engine`; nothing is opened before the first read or write.

    Args:
        path: The state.db.
        patience: Seconds that a write waits for the lock before it raises `Locked`.
    """

    capabilities = Capabilities()

    def __init__(self, path: Path, *, patience: float) -> None:
        self._patience, self._ownership = patience, Ownership(path)
        self.reader = Reader(path, release_replaced=self._release_replaced, ownership=self._ownership)
        self.sessions = SqliteSessions(self.reader)
        self.messages = SqliteMessages(self.reader)
        self.search = SqliteSearch(self.reader)
        self.changes = SqliteChanges(self.reader)
        self.health = SqliteHealth(self.reader)

    @cached_property
    def records(self) -> SqliteRecords:
        """What agents read."""
        from .records import SqliteRecords

        return SqliteRecords(self.reader)

    @cached_property
    def repairs(self) -> SqliteRepairs:
        """What a repair reads."""
        from .writes import SqliteRepairs

        return SqliteRepairs(self.reader)

    @cached_property
    def writer(self) -> Writer:
        """The connection that writes, which is opened by its first transaction."""
        from .connect.writer import Writer

        return Writer(self.reader.path, patience=self._patience, ownership=self._ownership)

    def managed(self) -> SqliteManaged:
        """The part by which people keep sessions in order."""
        from .managed import SqliteManaged

        return SqliteManaged(self.reader, self.writer)

    def statistics(self) -> SqliteStatistics:
        """The part that counts sessions."""
        from .statistics import SqliteStatistics

        return SqliteStatistics(self.reader)

    def copied(self) -> SqliteCopied:
        """The part by which a home is copied."""
        from .copied import SqliteCopied

        return SqliteCopied(self.reader)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.reader.path.name

    @property
    def index_damaged(self) -> bool:
        """True once a write only went through beside a damaged full-text index."""
        return self._writes and self.writer.index_damaged

    @property
    def lock_seconds(self) -> float:
        """Seconds that the last write held its lock."""
        return self.writer.lock_seconds

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction; see `Writer.transaction`."""
        begun, writer = self._transaction, self.writer
        return writer.transaction(lambda connection: work(begun(connection, writer.layout)))

    def checkpoint(self) -> None:
        """See `Writer.checkpoint`."""
        if self._writes:
            self.writer.checkpoint()

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self.reader.close()
        if self._writes:
            self.writer.close()

    def prepare_to_write(self) -> None:
        """Import now what writes, so that a first append needs no file but the store's own."""
        self._transaction, self.writer  # noqa: B018

    @cached_property
    def _transaction(self) -> type[SqliteTransaction]:
        from .writes import SqliteTransaction

        return SqliteTransaction

    @property
    def _writes(self) -> bool:
        """True once there is a writer."""
        return "writer" in self.__dict__

    def _release_replaced(self) -> None:
        if self._writes:
            self.writer.release_replaced()
