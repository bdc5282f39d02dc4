"""Changes on a server, where ids are handed out before the commit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest

from store.base.errors import CannotOpen
from store.base.server_address import parse_address
from store.engine.fleet import LATE
from store.postgres import changes as changes_module
from store.postgres import create
from store.postgres.changes import Changes
from store.postgres.reader import Reader
from tests.homes import on_postgres


def append(connection: psycopg.Connection[Any], schema: str, session: str, shard: int | None) -> None:
    """A message; in a schema of ours the commit is counted in a row that other sessions do not use."""
    values = "(session_id, role, timestamp) VALUES (%s, 'user', 1.7e9)"
    connection.execute(f"INSERT INTO {schema}.messages {values}".encode(), (session,))
    if shard is not None:
        counted = f"UPDATE {schema}.hermes_tui_revisions SET revision = revision + 1 WHERE shard = {shard}"
        connection.execute(counted.encode())


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_row_whose_id_is_older_than_its_commit_is_reported_once(
    server_url: str, run_sql: Callable[..., Any], worker_id: str, is_ours: bool
) -> None:
    """Mutants: only ids above the highest are looked at; rows that came beside a late one are not reported apart."""
    schema = f"late_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in create.statements(schema) if is_ours else on_postgres.statements(schema):
        run_sql(statement)
    if not is_ours:  # its counter would make the second wait for the first
        run_sql(f"DROP TABLE {schema}.state_change_revision CASCADE; DROP FUNCTION {schema}.raise_revision() CASCADE")
    shards = (1, 2) if is_ours else (None, None)
    with (
        closing(Reader(parse_address(f"{server_url}&schema={schema}"))) as reader,
        psycopg.connect(server_url) as slow,
        psycopg.connect(server_url) as fast,
    ):
        changes = Changes(reader)
        append(fast, schema, "first", shards[1])
        fast.commit()
        newest, _ = changes.since(None)
        before = changes.version()
        append(slow, schema, "slow", shards[0])
        append(fast, schema, "fast", shards[1])
        fast.commit()
        assert changes.version() != before
        newest, sessions = changes.since(newest)
        assert sessions == {"fast"}
        before = changes.version()
        slow.commit()
        assert changes.version() != before
        assert changes.since(newest) == (newest, frozenset({"slow"}))
        assert changes.since(newest) == (newest, frozenset())
        append(slow, schema, "late", shards[0])
        append(fast, schema, "before", shards[1])
        fast.commit()
        newest, _ = changes.since(newest)
        append(fast, schema, "beside", shards[1])
        fast.commit()
        slow.commit()
        before = changes.version()
        assert changes.since(newest) == (newest, frozenset({"late"}))
        assert changes.version() != before
        highest, sessions = changes.since(newest)
        assert (highest > newest, sessions) == (True, frozenset({"beside"}))
    run_sql(f"DROP SCHEMA {schema} CASCADE")


def test_a_row_comes_however_many_were_committed_before_it_and_all_of_many_come_in_parts(
    server_url: str, run_sql: Callable[..., Any], worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three writers, one of which is rolled back. Mutants: a late row is looked for among the newest alone; of more
    rows than are read at a time the older ones are left out; a look with more to come looks like the one before.
    """
    monkeypatch.setattr(changes_module, "MOST_ROWS", 16)
    schema = f"gaps_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in create.statements(schema):
        run_sql(statement)
    with (
        closing(Reader(parse_address(f"{server_url}&schema={schema}"))) as reader,
        psycopg.connect(server_url) as slow,
        psycopg.connect(server_url) as undone,
        psycopg.connect(server_url) as fast,
    ):
        append(fast, schema, "first", 1)
        fast.commit()
        changes = Changes(reader)
        (version, newest), found = (changes.version(), changes.since(None)[0]), list[str]()

        def look() -> None:
            nonlocal version, newest
            for _ in range(400):
                if (now := changes.version()) == version:
                    return
                version, (newest, sessions) = now, changes.since(newest)
                found.extend(sessions)

        for connection, session, shard in ((slow, "slow", 2), (undone, "undone", 3)):
            append(connection, schema, session, shard)
        many = f"INSERT INTO {schema}.messages (session_id, role) SELECT 'many' || n, 'user'"
        fast.execute(f"{many} FROM generate_series(1, {2 * LATE}) AS n".encode())
        append(fast, schema, "last", 1)
        append(slow, schema, "slow", 2)
        fast.commit()
        look()
        assert sorted(found) == sorted(["last", *(f"many{n}" for n in range(1, 2 * LATE + 1))])
        found.clear()
        undone.rollback()
        slow.commit()
        append(fast, schema, "after", 1)
        fast.commit()
        look()
        assert sorted(found) == ["after", "slow", "slow"]
    run_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.parametrize(
    "acts",
    [
        (
            "ALTER TABLE {s}.messages RENAME TO old",
            "CREATE VIEW {s}.messages AS SELECT * FROM {s}.old",
        ),
        ("ALTER TABLE {s}.messages ENABLE ROW LEVEL SECURITY",),
        (
            "CREATE FUNCTION {s}.f(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint'",
            "CREATE INDEX ON {s}.messages ({s}.f(id))",
        ),
    ],
)
def test_a_table_that_may_no_longer_be_read_is_refused_once_changes_were_looked_for(
    server_url: str, run_sql: Callable[..., Any], worker_id: str, acts: tuple[str, ...]
) -> None:
    """Mutants: the structure is looked up once; another table, a policy or an index changes nothing."""
    schema = f"swapped_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for statement in create.statements(schema):
        run_sql(statement)
    with closing(Reader(parse_address(f"{server_url}&schema={schema}"))) as reader:
        changes = Changes(reader)
        known = changes.version(), reader.layout, changes.version()
        assert known[0] == known[2]
        assert reader.layout is known[1]
        for act in acts:
            run_sql(act.format(s=schema))
        changes.version()
        with pytest.raises(CannotOpen, match="so it is not read"):
            changes.since(None)
