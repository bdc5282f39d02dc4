"""Homes that every contract test is run against, one for each engine, and what others do to them from outside."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import apsw

from store.agent.messages import AgentMessages
from store.agent.sessions import AgentSessions
from store.browse.browser import HomeBrowser
from store.engine.operations import Cell
from store.engine.ports import Engine
from store.files.home import Home
from store.home_store import HomeStore
from store.open import PATIENCE
from store.repair.repairs import HomeRepairs
from store.sqlite.engine import SqliteEngine
from tests.contract import sqlite_eras
from tests.contract.memory_engine import MemoryEngine, memory_store
from tests.contract.memory_tables import MemoryDatabase

BRIEF = 0.05
"""Seconds that a write waits in vain for a lock that others hold."""


class Case(ABC):
    """A home with an engine of its own: its store, and every face of it.

    Args:
        folder: The home.
        store: On it.
    """

    lacks_messages: frozenset[str] = frozenset()
    """Fields of a message that it cannot hold."""
    lacks_sessions: frozenset[str] = frozenset()
    """The same of a session."""
    indexes_calls = True
    """A search finds the words of tool calls."""

    def __init__(self, folder: Path, store: HomeStore) -> None:
        self.folder, self.store = folder, store
        self.sessions = AgentSessions(store)
        self.messages = AgentMessages(store)
        self.browser = HomeBrowser(store)
        self.repairs = HomeRepairs(store)

    @property
    def engine(self) -> Engine:
        """The engine under the store."""
        return self.store.engine

    @property
    def holds_leases(self) -> bool:
        """Hermes can say that it is at work on a session."""
        return "archived" not in self.lacks_sessions

    @abstractmethod
    def open(self, *, read_only: bool = False, patience: float = PATIENCE) -> HomeStore:
        """Another handle on the same home."""

    @abstractmethod
    def without_database(self) -> HomeStore:
        """A home that has files and no database."""

    @abstractmethod
    def set_session(self, session_id: str, **cells: Cell) -> None:
        """Change a session's row from outside."""

    @abstractmethod
    def set_message(self, message_id: int, **cells: Cell) -> None:
        """Change a message's row from outside."""

    @abstractmethod
    def lose_session(self, session_id: str) -> None:
        """Delete a session's row and leave its messages."""

    @abstractmethod
    def take_lease(self, session_id: str, holder: str) -> None:
        """Say that somebody is at work on a session."""

    @abstractmethod
    def locked(self) -> AbstractContextManager[None]:
        """Another program holds the write lock for the length of the block."""


class MemoryCase(Case):
    """A home whose database is in memory.

    Args:
        folder: The home.
        engine: On `database`; made here where it is None.
    """

    def __init__(self, folder: Path, database: MemoryDatabase, engine: Engine | None = None) -> None:
        self._database = database
        super().__init__(folder, memory_store(folder, engine or MemoryEngine(database)))

    def open(self, *, read_only: bool = False, patience: float = PATIENCE) -> HomeStore:
        """Another handle on the same home."""
        return memory_store(self.folder, MemoryEngine(self._database), read_only=read_only)

    def without_database(self) -> HomeStore:
        """A home that has files and no database."""
        folder = _home(self.folder.with_name("without"))
        return memory_store(folder, MemoryEngine(MemoryDatabase(exists=False)), read_only=True)

    def set_session(self, session_id: str, **cells: Cell) -> None:
        """Change a session's row from outside."""
        with self._changed():
            self._database.tables.sessions[session_id].update(cells)

    def set_message(self, message_id: int, **cells: Cell) -> None:
        """Change a message's row from outside."""
        with self._changed():
            self._database.tables.messages[message_id].update(cells)

    def lose_session(self, session_id: str) -> None:
        """Delete a session's row and leave its messages."""
        with self._changed():
            del self._database.tables.sessions[session_id]

    def take_lease(self, session_id: str, holder: str) -> None:
        """Say that somebody is at work on a session."""
        with self._changed():
            self._database.tables.leases[session_id] = (holder, time.time() + 3600)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds the write lock for the length of the block."""
        self._database.busy = True
        try:
            yield
        finally:
            self._database.busy = False

    @contextmanager
    def _changed(self) -> Iterator[None]:
        self._database.tables = self._database.tables.copy()
        yield
        self._database.version += 1


class SqliteCase(Case):
    """A home with a state.db of an era.

    Args:
        folder: The home.
        era: One of `sqlite_eras.ERAS`.
    """

    def __init__(self, folder: Path, era: str) -> None:
        version, layout = sqlite_eras.ERAS[era]
        self.lacks_messages = sqlite_eras.lacking("messages", version)
        self.lacks_sessions = sqlite_eras.lacking("sessions", version)
        self.indexes_calls = not layout.startswith("A")
        self._path = folder / "state.db"
        super().__init__(folder, _sqlite_store(folder))

    def open(self, *, read_only: bool = False, patience: float = PATIENCE) -> HomeStore:
        """Another handle on the same home."""
        return _sqlite_store(self.folder, read_only=read_only, patience=patience)

    def without_database(self) -> HomeStore:
        """A home that has files and no database."""
        return _sqlite_store(_home(self.folder.with_name("without")), read_only=True)

    def set_session(self, session_id: str, **cells: Cell) -> None:
        """Change a session's row from outside."""
        self._set("sessions", session_id, cells)

    def set_message(self, message_id: int, **cells: Cell) -> None:
        """Change a message's row from outside."""
        self._set("messages", message_id, cells)

    def lose_session(self, session_id: str) -> None:
        """Delete a session's row and leave its messages."""
        self._run("DELETE FROM sessions WHERE id = ?", session_id)

    def take_lease(self, session_id: str, holder: str) -> None:
        """Say that somebody is at work on a session."""
        until = time.time() + 3600
        self._run("INSERT INTO compression_locks VALUES (?, ?, ?, ?)", session_id, holder, until - 7200, until)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds the write lock for the length of the block."""
        connection = apsw.Connection(str(self._path))
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()

    def _set(self, table: str, name: str | int, cells: dict[str, Cell]) -> None:
        places = ", ".join(f"{column} = ?" for column in cells)
        plain = [cell for cell in cells.values() if cell is None or isinstance(cell, int | float | str | bytes)]
        self._run(f"UPDATE {table} SET {places} WHERE id = ?", *plain, name)

    def _run(self, sql: str, *bindings: apsw.SQLiteValue) -> None:
        connection = apsw.Connection(str(self._path))
        connection.execute(sql, bindings)
        connection.close()


def _home(folder: Path) -> Path:
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    return folder


def _sqlite_store(folder: Path, *, read_only: bool = False, patience: float = PATIENCE) -> HomeStore:
    def _sibling(home: Home) -> HomeStore:
        return _sqlite_store(home.folder, read_only=True)

    path = folder / "state.db"
    return HomeStore(path, SqliteEngine(path, patience=patience), sibling=_sibling, read_only=read_only)
