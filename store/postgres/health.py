"""The doctor's checks of a schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..base.cancel import Cancel, raise_if_cancelled
from ..base.models import Finding
from . import cells, terms
from .reader import Reader

FRESH = 60.0
"""Seconds after which a heartbeat says nothing."""


class Health:
    """Implements `engine.ports.Health`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def backends(self, now: float) -> list[str]:
        """Gateways of Hermes with a fresh heartbeat, the last first."""
        layout = self._reader.layout
        if not (layout.has("gateway_heartbeats", "last_heartbeat") and layout.has("gateway_heartbeats", "backend_id")):
            return []
        return self._reader.texts(
            f"SELECT backend_id::text FROM {layout.table('gateway_heartbeats')} WHERE last_heartbeat > %s::float8"
            " ORDER BY last_heartbeat DESC",
            (now - FRESH,),
        )

    def checks(self, cancel: Cancel) -> Mapping[str, Callable[[], Finding | Iterable[Finding]]]:
        """Checks by name."""

        def _unless_cancelled(check: Callable[[], Finding]) -> Callable[[], Finding]:
            def _run() -> Finding:
                raise_if_cancelled(cancel)
                return check()

            return _run

        checks = (("server", self._server), ("schema", self._schema), ("rights", self._rights), ("index", self._index))
        return {name: _unless_cancelled(check) for name, check in checks}

    def _server(self) -> Finding:
        sql = (
            "SELECT pg_catalog.current_setting('server_version_num')::int, pg_catalog.pg_is_in_recovery(),"
            " COALESCE((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()), false)"
        )
        number, standby, encrypted = self._reader.rows(sql)[0]
        version = cells.integer(number)
        address = self._reader.address
        how = "TLS" if encrypted else "not encrypted" if not address.is_local else "on this machine"
        found = f"PostgreSQL {version // 10_000}, {how}{', a standby' if standby else ''}: {address.name}"
        return Finding("server", True, found)

    def _schema(self) -> Finding:
        layout = self._reader.layout
        owner = "this program's" if layout.is_ours else "Hermes' own"
        numbers = [
            f"{table} {self._reader.number(f'SELECT max(version) FROM {layout.table(table)}')}"
            for table in ("schema_version", "postgres_schema_version")
            if layout.has(table, "version")
        ]
        return Finding("schema", True, f"{owner}; {', '.join(numbers) or 'no version number'}; judged by its structure")

    def _rights(self) -> Finding:
        layout = self._reader.layout
        sql = (
            "SELECT pg_catalog.has_table_privilege(t, 'INSERT, UPDATE, DELETE, TRUNCATE')"
            " OR pg_catalog.has_any_column_privilege(t, 'INSERT, UPDATE') FROM pg_catalog.unnest(%s::text[]) AS t"
        )
        writes = any(row[0] for row in self._reader.rows(sql, ([layout.table("messages"), layout.table("sessions")],)))
        if layout.is_ours or not writes:
            return Finding("rights", True, "the role may write" if writes else "the role may only read")
        advice = (
            f"a role that cannot: CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA {layout.schema} TO reader;"
            f" GRANT SELECT ON ALL TABLES IN SCHEMA {layout.schema} TO reader"
        )
        return Finding(
            "rights", True, "the role may write here; this program reads in transactions that cannot", advice
        )

    def _index(self) -> Finding:
        layout = self._reader.layout
        column = terms.index_of(layout)
        if column is None:
            return Finding("index", None, "no index of words: a search reads the rows, the newest first")
        sql = (
            "SELECT count(*) FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
            " JOIN pg_catalog.pg_am AS am ON am.oid = c.relam JOIN pg_catalog.pg_attribute AS a"
            " ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indrelid = %s::regclass AND am.amname = 'gin' AND i.indisvalid AND a.attname = %s"
        )
        if not self._reader.number(sql, (layout.table("messages"), column)):
            return Finding("index", None, f"the words of {column} have no valid index: a search reads the rows")
        return Finding("index", True, f"words are indexed in {column}")
