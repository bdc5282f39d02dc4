"""A home whose sessions lie in a schema of ours on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from store.base.server_address import parse_address
from store.engine.operations import Cell
from store.files.home import Home
from store.home_store import HomeStore
from store.open import PATIENCE
from store.postgres import create
from store.postgres.engine import PostgresEngine
from tests.contract.cases import Case

LEFT_OUT = ("tests.contract.test_repairs",)
"""Modules of contract tests that a schema of PostgreSQL is left out of: no message is inserted between others there."""


class PostgresCase(Case):
    """A home on a server.

    Args:
        folder: Of its files.
        url: Of the server.
        schema: Of this worker; it is emptied.
    """

    def __init__(self, folder: Path, url: str, schema: str) -> None:
        self._url, self._schema = url, schema
        self._address = replace(parse_address(url), schema=schema)
        self._admin = psycopg.connect(url, autocommit=True)
        self._empty()
        super().__init__(folder, self._store(folder))

    def open(self, *, read_only: bool = False, patience: float = PATIENCE) -> HomeStore:
        """Another handle on the same home."""
        return self._store(self.folder, read_only=read_only, patience=patience)

    def without_database(self) -> HomeStore:
        """A home that has files and no schema."""
        folder = self.folder.with_name("without")
        (folder / "sessions").mkdir(parents=True)
        address = self._address.of_schema("nowhere")
        return HomeStore(folder / "state.db", PostgresEngine(address, patience=1.0), sibling=self._sibling)

    def set_session(self, session_id: str, **cells: Cell) -> None:
        """Change a session's row from outside."""
        self._set("sessions", session_id, cells)

    def set_message(self, message_id: int, **cells: Cell) -> None:
        """Change a message's row from outside."""
        self._set("messages", message_id, cells)

    def lose_session(self, session_id: str) -> None:
        """Delete a session's row and leave its messages."""
        self._run("DELETE FROM {s}.sessions WHERE id = %s", (session_id,))

    def take_lease(self, session_id: str, holder: str) -> None:
        """Nothing: no repair asks for one."""
        del session_id, holder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds every session for the length of the block."""
        with psycopg.connect(self._url) as other:
            other.execute(f'LOCK TABLE "{self._schema}".hermes_tui_revisions IN EXCLUSIVE MODE'.encode())
            yield
            other.rollback()

    def close(self) -> None:
        """Close the connection that changes rows from outside."""
        self._admin.close()

    def _set(self, table: str, name: str | int, cells: dict[str, Cell]) -> None:
        places = ", ".join(f'"{column}" = %s' for column in cells)
        self._run(f"UPDATE {{s}}.{table} SET {places} WHERE id = %s", (*cells.values(), name))

    def _run(self, sql: str, params: Sequence[object] = ()) -> None:
        self._admin.execute(sql.format(s=f'"{self._schema}"').encode(), params)
        self._admin.execute(
            f'UPDATE "{self._schema}".hermes_tui_revisions SET revision = revision + 1 WHERE shard = 0'.encode()
        )

    def _empty(self) -> None:
        """Make the schema, or take everything out of it."""
        known = self._admin.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self._schema,)).fetchone()
        if known is None:
            with self._admin.transaction():
                for statement in create.statements(self._schema):
                    self._admin.execute(statement.encode())
            return
        tables = ("sessions", "messages", "hermes_tui_appends", "session_model_usage", "system_prompts")
        names = ", ".join(f'"{self._schema}".{table}' for table in tables)
        self._admin.execute(f"TRUNCATE {names} RESTART IDENTITY".encode())

    def _store(self, folder: Path, *, read_only: bool = False, patience: float = PATIENCE) -> HomeStore:
        engine = PostgresEngine(self._address, patience=patience)
        return HomeStore(folder / "state.db", engine, sibling=self._sibling, read_only=read_only)

    def _sibling(self, home: Home) -> HomeStore:
        engine = PostgresEngine(self._address.of_schema("nowhere"), patience=1.0)
        return HomeStore(home.state_db, engine, sibling=self._sibling, read_only=True)
