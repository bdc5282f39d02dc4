"""Engine whose tables are dicts: shows that nothing above `store.engine.ports` needs SQLite. Tests alone use it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from store.base.cancel import Cancel
from store.base.errors import Locked, NoPermission, StoreError, StoreMissing
from store.base.models import Finding
from store.engine.operations import ActiveCounts, OperationHeader, RawRow, RepairFacts, StepRecord
from store.engine.ports import Engine, Transaction
from store.engine.rows import Capabilities
from store.files.home import Home
from store.home_store import HomeStore
from tests.contract.memory_reads import MemoryMessages, MemorySessions, active_counts_of
from tests.contract.memory_records import MemoryRecords
from tests.contract.memory_search import MemorySearch
from tests.contract.memory_tables import Handle, MemoryDatabase, Reads, go_on, text
from tests.contract.memory_transaction import MemoryTransaction, facts_of, kept_free

T = TypeVar("T")

CAPABILITIES = Capabilities(files=False)


class MemoryRepairs(Reads):
    """Implements `ports.RepairRows`."""

    def facts(self, session_id: str, conversation: Sequence[str], *, now: float) -> RepairFacts:
        """What speaks for and against a repair of a session."""
        return facts_of(self._tables, session_id, conversation, now)

    def active_counts(self, session_id: str) -> ActiveCounts:
        """What the counters of a session should be."""
        return active_counts_of(self._tables, session_id)

    def operations(self) -> list[tuple[OperationHeader, list[StepRecord]]]:
        """Every repair with its steps, the one begun last first."""
        known = reversed(self._tables.operations.values())
        return [(operation.header, list(operation.steps)) for operation in known]

    def free_ids(self, above: int, below: int, number: int) -> list[int] | None:
        """The highest unused ids between two others."""
        taken = self._tables.messages.keys() | kept_free(self._tables)
        free = [name for name in range(above + 1, below) if name not in taken]
        return free[len(free) - number :] if len(free) >= number else None

    def session_row(self, session_id: str) -> RawRow | None:
        """A session's row."""
        row = self._tables.sessions.get(session_id)
        return None if row is None else dict(row)

    def message_rows(self, ids: Sequence[int]) -> Iterator[RawRow]:
        """Message rows, lowest id first."""
        rows = self._tables.messages
        return (dict(rows[name]) for name in sorted(ids) if name in rows)

    def copy(self, target: Path) -> Path:
        """The rows as text.

        Raises:
            NoPermission: Something is there already.
        """
        if target.exists():
            raise NoPermission(f"{target} is there already")
        target.write_text(repr((self._tables.sessions, self._tables.messages)))
        return target


class MemoryChanges(Reads):
    """Implements `ports.Changes`."""

    def file(self) -> object:
        """The database."""
        return self.version()[0]

    def version(self) -> tuple[object, int | None]:
        """The database and the number of its last commit."""
        database = self._handle.database
        return (id(database), database.version) if database.exists else (None, None)

    def since(self, after: int | None) -> tuple[int, frozenset[str]]:
        """The highest message id, and the sessions of the rows above `after`."""
        rows = self._tables.messages
        newer = rows.keys() if after is None else {name for name in rows if name > after}
        sessions = frozenset() if after is None else frozenset(text(rows[name], "session_id") for name in newer)
        return max(rows, default=0), sessions


class MemoryHealth(Reads):
    """Implements `ports.Health`."""

    def backends(self, now: float) -> list[str]:
        """None: no gateway writes here."""
        return []

    def checks(self, cancel: Cancel) -> Mapping[str, Callable[[], Finding | Iterable[Finding]]]:
        """One check."""

        def _memory() -> Finding:
            go_on(cancel)
            return Finding("memory", True, f"{len(self._tables.messages)} messages in memory")

        return {"memory": _memory}


class MemoryEngine:
    """Implements `ports.Engine`.

    Args:
        database: Shared by all engines of one home.
        capabilities: What is left out.
    """

    index_damaged = False
    name = "memory"

    def __init__(self, database: MemoryDatabase | None = None, *, capabilities: Capabilities = CAPABILITIES) -> None:
        self.capabilities = capabilities
        self.lock_seconds = 0.0
        self._handle = handle = Handle(database or MemoryDatabase())
        self.sessions = MemorySessions(handle)
        self.messages = MemoryMessages(handle)
        self.records = MemoryRecords(handle)
        self.search = MemorySearch(handle)
        self.repairs = MemoryRepairs(handle)
        self.changes = MemoryChanges(handle)
        self.health = MemoryHealth(handle)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a copy of the tables, which replaces them where it returns."""
        database = self._handle.database
        if self._handle.closed:
            raise StoreError("the database in memory was closed; open it again")
        if not database.exists:
            raise StoreMissing("there is no database in memory")
        if database.busy:
            raise Locked("nothing was written: another program holds the lock")
        if database.writing == threading.get_ident():
            raise RuntimeError("a transaction inside another one")
        with database.lock:
            began = time.monotonic()
            database.writing = threading.get_ident()
            try:
                tables = database.tables.copy()
                result = work(MemoryTransaction(tables))
            finally:
                database.writing = None
            database.tables = tables
            database.version += 1
            self.lock_seconds = time.monotonic() - began
        return result

    def checkpoint(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """End the handle; may be called twice."""
        self._handle.closed = True


def memory_store(folder: Path, engine: Engine | None = None, *, read_only: bool = False) -> HomeStore:
    """The store of a home whose database is in memory.

    Args:
        folder: The home, with its files.
        engine: An engine of its own where it is None.
    """

    def _sibling(home: Home) -> HomeStore:
        return memory_store(home.folder, MemoryEngine(MemoryDatabase(exists=False)), read_only=True)

    engine = engine or MemoryEngine()
    return HomeStore(folder / "state.db", engine, sibling=_sibling, read_only=read_only)
