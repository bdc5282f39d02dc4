"""Searches whose statements the server keeps prepared: where it does, and what happens once it forgot or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from store.base.errors import StoreError
from store.base.server_address import parse_address
from store.postgres import create, hits, search
from store.postgres import reader as reader_module
from store.postgres.connection import Connection
from store.postgres.reader import Reader
from store.query.parse import parse

SqlRunner = Callable[..., list[Any]]


@pytest.fixture
def schema(run_sql: SqlRunner, worker_id: str) -> Iterator[str]:
    """A schema of ours with a hundred messages that say the same."""
    name = f"kept_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    for statement in create.statements(name):
        run_sql(statement)
    run_sql(
        f"INSERT INTO {name}.messages (session_id, role, content, hermes_tui_terms) SELECT 's', 'user', 'word', 'word'"
        " FROM generate_series(1, 100)"
    )
    run_sql(f"ANALYZE {name}.messages")
    yield name
    run_sql(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def reader(server_url: str, schema: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Reads it as one of many messages."""
    monkeypatch.setattr(reader_module, "KEPT_ROWS", 100)
    with closing(Reader(parse_address(f"{server_url}&schema={schema}"))) as made:
        yield made


def page(reader: Reader) -> list[int]:
    """Ids of a page whose rows are read as well."""
    ids = [row for step in search.matching_ids(reader, parse("word", now=0.0), limit=20) for row in step.ids]
    return [hit.id for hit in hits.read_hits(reader, ids)]


def idle(reader: Reader) -> list[Connection]:
    """Its idle connections."""
    return reader._idle._shared.idle._idle


PAGE = [*range(100, 80, -1)]


def test_a_page_is_prepared_once_it_came_twice_and_each_read_of_it_stays_guarded(
    reader: Reader, sent: list[str]
) -> None:
    """Mutants: nothing is prepared; a kept statement is run without the guard; its plan is made again each time."""
    for _ in range(4):
        sent.clear()
        assert page(reader) == PAGE
    assert len(sent) == 2
    for text in sent:
        assert text.startswith("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog;")
        assert text.index("'transaction_read_only') = 'on'") < text.index("force_generic_plan") < text.index("EXECUTE")
        assert "PREPARE " not in text
        assert text.endswith("; COMMIT")


@pytest.mark.parametrize("case", ["pooler", "few"])
def test_nothing_is_prepared_behind_a_pooler_and_of_few_messages(
    reader: Reader, sent: list[str], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Mutants: whose process answers is not asked; the plan for few rows is kept when they are many."""
    if case == "pooler":
        monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", property(lambda _: -1))
    else:
        monkeypatch.setattr(reader_module, "KEPT_ROWS", 101)
    for _ in range(4):
        assert page(reader) == PAGE
    assert not any("PREPARE " in text or "EXECUTE " in text for text in sent)


def test_what_the_server_forgot_or_whose_columns_changed_is_asked_for_again(
    reader: Reader, run_sql: SqlRunner, schema: str
) -> None:
    """Mutants: either is an error of the search."""
    for act in (
        None,
        "DEALLOCATE ALL",
        "forget",
        f"ALTER TABLE {schema}.messages ALTER timestamp TYPE real",
        "DEALLOCATE ALL",
    ):
        if act == "forget":
            for connection in idle(reader):
                connection.prepared._names.clear()
        elif act == "DEALLOCATE ALL":
            for connection in idle(reader):
                connection.execute(act)
        elif act:
            run_sql(act)
        for _ in range(3):
            assert page(reader) == PAGE
    assert len(idle(reader)) == 1


def test_an_error_that_has_another_reason_is_one_at_once(reader: Reader, sent: list[str]) -> None:
    """Mutant: it is tried again as if the server had forgotten."""
    assert reader.layout.rows
    sent.clear()
    with pytest.raises(StoreError, match="refused a statement"):
        reader.rows("SELECT count(DISTINCT n) OVER () FROM pg_catalog.generate_series(1, 2) AS n", again=True)
    assert len(sent) == 1
