"""The PostgreSQL engine: implements `engine.ports` by the statements of this folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from ..base.cancel import Cancel
from ..base.delegation import delegate
from ..base.errors import ReadOnly, StoreMissing
from ..base.models import Session
from ..base.server_address import ServerAddress
from ..engine import ports
from ..engine.operations import ActiveCounts, OperationHeader, RawRow, RepairFacts, StepRecord
from ..engine.rows import Capabilities, MessageCells, RowDict, SessionEnds, StoredRow
from ..engine.search import SearchStep, SessionFilter
from ..query.ast import Query
from . import agent_rows, counts, hermes_columns, hits, messages, search, sessions
from .changes import Changes
from .fleet import SchemaFleet
from .health import Health
from .push_target import ServerCopy
from .reader import Reader
from .writer import Writer

T = TypeVar("T")


class _Reads:
    """Statements that read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader


def _reader(reads: _Reads) -> Reader:
    return reads.reader


class PostgresSessions(_Reads):
    """Implements `ports.SessionRows`."""

    page = delegate(_reader, sessions.page)
    by_ids = delegate(_reader, sessions.by_ids)
    newest = delegate(_reader, sessions.newest)
    ids = delegate(_reader, sessions.ids)
    has = delegate(_reader, sessions.has)
    counts = delegate(_reader, counts.counts)
    row_counts = delegate(_reader, sessions.row_counts)
    scope = delegate(_reader, sessions.scope)
    lineage = delegate(_reader, sessions.lineage)
    chain = delegate(_reader, sessions.chain)
    find_by_name = delegate(_reader, sessions.find_by_name)
    active_since = delegate(_reader, sessions.active_since)

    def order(self, *, by_start: bool) -> None:
        """Unknown before all sessions are read."""
        del by_start

    def listed(
        self, ids: Sequence[str], *, now: float, profile: str
    ) -> Mapping[str, tuple[Session, SessionEnds | None]]:
        """None of them, as long as their order is unknown."""
        del ids, now, profile
        return {}

    def orphans(self) -> list[str]:
        """Ids of sessions that have messages and no row."""
        return sessions.orphans(self.reader)


class PostgresMessages(_Reads):
    """Implements `ports.MessageRows`."""

    heads = delegate(_reader, messages.heads)
    last_heads = delegate(_reader, messages.last_heads)
    ids = delegate(_reader, messages.ids)
    bodies = delegate(_reader, messages.bodies)
    readable_bodies = delegate(_reader, messages.readable_bodies)
    containing = delegate(_reader, messages.containing)
    stored_texts = delegate(_reader, messages.stored_texts)
    window = delegate(_reader, messages.window)
    first_user_text = delegate(_reader, messages.first_user_text)
    ends = delegate(_reader, messages.ends)
    ends_of = delegate(_reader, messages.ends_of)
    copies = delegate(_reader, counts.copies_of)
    versions = delegate(_reader, messages.versions)
    compared = delegate(_reader, messages.compared_messages)
    count = delegate(_reader, messages.count)
    stamp = delegate(_reader, messages.stamp)
    fingerprints = delegate(_reader, counts.fingerprints)
    marked_copies = delegate(_reader, messages.marked_copies)
    appends = delegate(_reader, messages.appends)

    def cells(self, ids: Collection[str]) -> Mapping[str, Sequence[MessageCells]]:
        """Of no session: a home on a server has no files to compare."""
        del ids
        return {}

    def stored(self, session_id: str, *, cancel: Cancel | None = None) -> Iterator[StoredRow]:
        """The compared form of every row, with ids and sizes."""
        return messages.stored_rows(self.reader, session_id, cancel=cancel)

    def columns(self) -> frozenset[str]:
        """Fields that a message can have; those of a new schema where there is none yet."""
        try:
            return frozenset(self.reader.layout.fields("messages"))
        except StoreMissing:
            return hermes_columns.columns("messages")


class PostgresRecords(_Reads):
    """Implements `ports.AgentRows`."""

    session = delegate(_reader, agent_rows.session)
    by_title = delegate(_reader, agent_rows.by_title)
    newest = delegate(_reader, agent_rows.newest)
    ids_like = delegate(_reader, agent_rows.ids_like)
    chosen = delegate(_reader, agent_rows.chosen)
    chosen_ids = delegate(_reader, agent_rows.chosen_ids)
    count_sessions = delegate(_reader, agent_rows.count_sessions)
    last_active = delegate(_reader, agent_rows.last_active)
    tip = delegate(_reader, agent_rows.tip)
    ancestors = delegate(_reader, agent_rows.ancestors)
    by_ids = delegate(_reader, agent_rows.by_ids)
    count_messages = delegate(_reader, agent_rows.count_messages)
    title_of = delegate(_reader, agent_rows.title_of)
    newest_in_lineage = delegate(_reader, agent_rows.newest_in_lineage)
    lineage_titles = delegate(_reader, agent_rows.lineage_titles)
    search = delegate(_reader, hits.agent_search)

    def messages(
        self, session_ids: Sequence[str], *, include_inactive: bool, limit: int = -1, offset: int = 0
    ) -> list[RowDict]:
        """Every field of the messages of some sessions, in order."""
        return agent_rows.messages(
            self.reader, session_ids, include_inactive=include_inactive, limit=limit, offset=offset
        )


class PostgresSearch(_Reads):
    """Implements `ports.TextSearch`."""

    read_hits = delegate(_reader, hits.read_hits)
    best_matches = delegate(_reader, search.best_matches)
    count_matches = delegate(_reader, search.count_matches)
    similar_words = delegate(_reader, search.similar_words)

    def matching_ids(
        self,
        query: Query,
        *,
        limit: int,
        above: int | None = None,
        session_filter: SessionFilter = None,
        cancel: Cancel | None = None,
    ) -> Iterator[SearchStep]:
        """Ids of the matching messages, newest first, step by step."""
        return search.matching_ids(
            self.reader, query, limit=limit, above=above, session_filter=session_filter, cancel=cancel
        )


class PostgresRepairs(_Reads):
    """Implements `ports.RepairRows`: there are none, and a plan says so (`Capabilities.repairs`)."""

    def facts(self, session_id: str, conversation: Sequence[str], *, now: float) -> RepairFacts:
        """Why the schema is only read."""
        del session_id, conversation, now
        return RepairFacts(obstacle=_ONLY_READ)

    def operations(self) -> list[tuple[OperationHeader, list[StepRecord]]]:
        """None."""
        return []

    def free_ids(self, above: int, below: int, number: int) -> list[int] | None:
        """None."""
        del above, below, number
        return None

    def session_row(self, session_id: str) -> RawRow | None:
        """None."""
        del session_id
        return None

    def message_rows(self, ids: Sequence[int]) -> Iterator[RawRow]:
        """None."""
        del ids
        return iter(())

    def active_counts(self, session_id: str) -> ActiveCounts:
        """Raises `ReadOnly`."""
        _refuse(session_id)

    def copy(self, target: Path) -> Path:
        """Raises `ReadOnly`."""
        _refuse(target)


_ONLY_READ = "a schema of PostgreSQL is not repaired: no message can be inserted between others there"


def _refuse(_: object) -> NoReturn:
    raise ReadOnly(_ONLY_READ)


class PostgresEngine:
    """Implements `ports.Engine`; nothing is asked of the server before the first read or write.

    Args:
        address: Of a schema.
        patience: Seconds that a write waits for a lock before it raises `Locked`.
        creates: Make the schema with the first write where it is missing.
    """

    capabilities = Capabilities(repairs=False, files=False)
    index_damaged = False

    def __init__(self, address: ServerAddress, *, patience: float, creates: bool = False) -> None:
        self.reader = reader = Reader(address)
        self.writer = Writer(address, reader, patience=patience, creates=creates)
        self.sessions = PostgresSessions(reader)
        self.messages = PostgresMessages(reader)
        self.records = PostgresRecords(reader)
        self.search = PostgresSearch(reader)
        self.repairs = PostgresRepairs(reader)
        self.changes = Changes(reader)
        self.health = Health(reader)

    @property
    def name(self) -> str:
        """`host/db#schema`."""
        return self.reader.name

    @property
    def lock_seconds(self) -> float:
        """Seconds that the last write took with its locks."""
        return self.writer.lock_seconds

    def write(self, work: Callable[[ports.Transaction], T]) -> T:
        """Run `work` in a transaction; see `Writer.transaction`."""
        return self.writer.transaction(work)

    def checkpoint(self) -> None:
        """Nothing: a server does that by itself."""

    def close(self) -> None:
        """Close every connection; may be called twice."""
        self.reader.close()
        self.writer.close()


def fleet_of(engines: Sequence[PostgresEngine]) -> SchemaFleet:
    """Engines of schemas of one database, for what they answer at once."""
    return SchemaFleet([engine.reader for engine in engines])


def schemas(address: ServerAddress) -> list[str]:
    """The schemas of a database that hold sessions and messages.

    Raises:
        StoreError: The server cannot be reached or refuses.
    """
    reader = Reader(address)
    try:
        return reader.schemas()
    finally:
        reader.close()


__all__ = ["PostgresEngine", "ServerCopy", "fleet_of", "schemas"]
