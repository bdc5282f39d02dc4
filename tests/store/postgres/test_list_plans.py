"""Pages of a list: what the server reads for one does not grow with the sessions behind it, and few round trips do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from store.base.server_address import parse_address
from store.postgres import create, sessions
from store.postgres.engine import PostgresEngine
from store.postgres.reader import Reader

SqlRunner = Callable[..., list[Any]]
SESSIONS, PAGE = 2_000, 20


@pytest.fixture
def schema(run_sql: SqlRunner, worker_id: str) -> Iterator[str]:
    """A schema of a hundred sessions."""
    name = f"listed_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    run_sql("; ".join(create.statements(name)))
    fill(run_sql, name, 1, 100)
    yield name
    run_sql(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def engine(server_url: str, schema: str) -> Iterator[PostgresEngine]:
    """Reads it."""
    with closing(PostgresEngine(parse_address(f"{server_url}&schema={schema}"), patience=1.0)) as made:
        yield made


def fill(run_sql: SqlRunner, schema: str, first: int, last: int) -> None:
    """Sessions with a key of their chat and a message each; every fourth goes on another."""
    run_sql(
        f"INSERT INTO {schema}.sessions (id, source, started_at, session_key, end_reason, parent_session_id)"
        " SELECT 's' || n, 'cli', 1.7e9 + n / 2, 'chat', 'idle', CASE WHEN n % 4 = 0 THEN 's' || n - 1 END"
        f" FROM generate_series({first}, {last}) AS n"
    )
    run_sql(
        f"INSERT INTO {schema}.messages (session_id, role, content)"
        f" SELECT 's' || n, 'user', 'of s' || n FROM generate_series({first}, {last}) AS n"
    )
    run_sql(f"ANALYZE {schema}.sessions, {schema}.messages")


def _rows_read(plan: dict[str, Any]) -> int:
    """Rows of tables that were looked at."""
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if "Relation Name" in plan else 0
    return int(own * plan["Actual Loops"]) + sum(map(_rows_read, plan.get("Plans", [])))


def test_a_page_reads_as_many_rows_as_it_has_wherever_it_is(
    engine: PostgresEngine, schema: str, run_sql: SqlRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: the order of an expression that no index has; relatives by IN, for which all sessions are looked at."""
    fill(run_sql, schema, 101, SESSIONS)
    asked: list[tuple[str, Any]] = []
    batch = Reader.batch

    def _batch(self: Reader, statements: Any, **options: Any) -> Any:
        asked.extend(statements)
        return batch(self, statements, **options)

    monkeypatch.setattr(Reader, "batch", _batch)
    for cursor in (None, sessions.SessionCursor(1.7e9 + SESSIONS / 4, "s"), sessions.SessionCursor(1.7e9 + 20, "s")):
        asked.clear()
        page = engine.sessions.page(limit=PAGE, cursor=cursor, now=0.0, profile="")
        assert len(page.items) == PAGE
        assert any(row.relation for row in page.items)
        plans = [run_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", bound)[0][0][0]["Plan"] for sql, bound in asked]
        assert max(map(_rows_read, plans)) < 10 * PAGE


def test_the_ends_of_a_page_of_sessions_are_a_few_round_trips(
    engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: a round trip each."""
    rounds: list[int] = []
    batch = Reader.batch

    def _batch(self: Reader, statements: Any, **options: Any) -> Any:
        rounds.append(len(statements))
        return batch(self, statements, **options)

    monkeypatch.setattr(Reader, "batch", _batch)
    names = [f"s{number}" for number in range(1, 101)]
    found = engine.messages.ends_of([*names, "gone"])
    assert [(name, ends and ends.first_user_text) for name, ends in found.items()] == [(n, f"of {n}") for n in names]
    assert rounds == [64, 37]


def test_sessions_without_a_start_come_last_and_stay_in_order_over_pages(
    engine: PostgresEngine, schema: str, run_sql: SqlRunner
) -> None:
    """Mutants: they are left out; each page has the first of them again."""
    run_sql(f"DELETE FROM {schema}.sessions WHERE id NOT IN ('s1', 's2', 's3', 's5', 's6')")
    run_sql(f"UPDATE {schema}.sessions SET started_at = NULL WHERE id IN ('s2', 's5', 's6')")
    run_sql(f"DELETE FROM {schema}.messages")
    for limit in range(1, 6):
        pages = [engine.sessions.page(limit=limit, cursor=None, now=0.0, profile="")]
        while pages[-1].more and len(pages) < 9:
            pages.append(engine.sessions.page(limit=limit, cursor=pages[-1].cursor, now=0.0, profile=""))
        assert [row.id for page in pages for row in page.items] == ["s3", "s1", "s6", "s5", "s2"]
