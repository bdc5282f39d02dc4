"""What an append sends to a server: in how many round trips, and what of it is prepared there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from store import SessionDB
from store.formats.row_encoding import message_rows
from store.postgres import terms
from store.postgres.connection import Connection

SqlRunner = Callable[..., list[Any]]
PREPARED = "SELECT name FROM pg_catalog.pg_prepared_statements"


@pytest.fixture
def url(server_url: str, run_sql: SqlRunner, worker_id: str) -> str:
    """The URL of a schema that is not there."""
    run_sql(f"DROP SCHEMA IF EXISTS round_trips_{worker_id} CASCADE")
    return f"{server_url}&schema=round_trips_{worker_id}"


@pytest.fixture
def db(url: str) -> Iterator[SessionDB]:
    """A schema of ours with a session, whose connection is known to be the server's own."""
    with closing(SessionDB(url)) as made:
        for _ in range(3):
            made.ensure_session("s1", "cli")
        yield made


def said(db: SessionDB) -> list[object]:
    """The texts of the session."""
    return [message["content"] for message in db.get_messages("s1")]


def idle(db: SessionDB) -> list[Connection]:
    """The connections that wait to write."""
    return db.store.engine.writer._idle._idle  # type: ignore[attr-defined, no-any-return]


def test_a_turn_of_any_size_is_two_round_trips_and_its_commit_never_goes_first(db: SessionDB, sent: list[str]) -> None:
    """Mutants: statements are sent one by one; COMMIT goes with the first ones."""
    sent.clear()
    db.append_messages("s1", [{"role": "user", "content": f"part {part}"} for part in range(20)], key="one")
    assert [text.endswith("COMMIT") for text in sent] == [False, True]
    sent.clear()
    db.end_session("s1", "done")
    assert [text.endswith("COMMIT") for text in sent] == [False, True]


def test_a_turn_larger_than_the_server_takes_at_once_goes_in_parts(
    db: SessionDB, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: everything is one text."""
    monkeypatch.setattr("store.postgres.statements.MOST_SENT", 100)
    sent.clear()
    db.append_messages("s1", [{"role": "user", "content": f"{part}" * 120} for part in range(4)], key="one")
    assert len(sent) >= 4
    assert said(db) == [f"{part}" * 120 for part in range(4)]


def test_a_large_message_travels_with_what_begins_its_transaction(
    db: SessionDB, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: it goes by itself, and the session is locked, on a slow network for longer than the server waits."""
    monkeypatch.setattr("store.postgres.statements.MOST_SENT", 100)
    sent.clear()
    db.append_message("s1", "user", "x" * 400, key="one")
    assert [(text.startswith("BEGIN"), "RETURNING id" in text) for text in sent] == [(True, True), (False, False)]


def test_statements_that_come_again_are_prepared_and_those_of_a_pooler_are_not(
    url: str, db: SessionDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: whose process answers is not asked."""
    for _ in range(3):
        db.append_message("s1", "user", "again")
    assert db.store.write(lambda tx: tx._rows(PREPARED, ()))  # type: ignore[attr-defined]
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", property(lambda _: -1))
    with closing(SessionDB(url)) as pooled:
        for _ in range(3):
            pooled.append_message("s1", "user", "again")
        assert pooled.store.write(lambda tx: tx._rows(PREPARED, ())) == []  # type: ignore[attr-defined]
    assert said(db) == ["again"] * 6


def test_what_a_server_or_a_client_forgot_is_prepared_again_and_written_once(db: SessionDB) -> None:
    """Mutants: the error is an error; another name is not taken."""
    for number in range(8):
        db.append_message("s1", "user", str(number))
        for connection in idle(db) if number % 4 == 1 else ():
            connection.execute(b"DEALLOCATE ALL")
        for connection in idle(db) if number % 4 == 3 else ():
            connection.prepared._names.clear()
    assert said(db) == [str(number) for number in range(8)]
    prepared = db.store.write(lambda tx: tx._rows(PREPARED, ()))  # type: ignore[attr-defined]
    assert any(name.endswith("_2") for (name,) in prepared)


def test_an_idle_connection_that_was_lost_is_replaced_before_anything_is_written(
    db: SessionDB, run_sql: SqlRunner
) -> None:
    """Mutant: a lost one is an error although nothing can be stored yet."""
    db.append_message("s1", "user", "before")
    run_sql("SELECT pg_terminate_backend(%s, 5000)", (idle(db)[-1].info.backend_pid,))
    db.append_message("s1", "user", "after")
    assert said(db) == ["before", "after"]


def test_nothing_is_begun_before_the_words_of_a_message_are_there(
    db: SessionDB, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a rested connection is asked for a sign of life in a transaction, or for the stamp of the
    session: the idle time ends while the words are made; a rested one is not asked at all."""
    begun: list[int] = []
    stored = terms.stored_terms

    def _stored(text: str) -> list[str] | None:
        begun.append(len(sent))
        return stored(text)

    monkeypatch.setattr("store.postgres.statements.RESTED", -1.0)
    monkeypatch.setattr("store.postgres.terms.stored_terms", _stored)
    rows = message_rows([{"role": "user", "content": "heron"}], now=1.0)
    sent.clear()
    db.append_message("s1", "user", "first", key="one")
    assert [text.startswith("BEGIN") for text in sent] == [False, True, False]
    assert sent[0].endswith("pg_backend_pid()")
    sent.clear()
    db.append_message("s1", "user", "second")
    now = db.store.engine.messages.stamp("s1")
    sent.clear()
    assert db.store.write(lambda tx: tx.append_after("s1", now, rows))
    assert begun == [0, 0, 0]
