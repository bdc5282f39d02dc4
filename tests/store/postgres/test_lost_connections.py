"""Writes whose connection is lost: a typed error, no false acknowledgement, and nothing doubled by the keyed retry."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from queue import Queue
from random import Random
from typing import Any

import psycopg
import pytest

from store import SessionDB, SessionRecorder
from store.base.cancel import Cancel
from store.base.errors import Interrupted, Locked, StoreError, Unreachable
from store.base.server_address import ServerAddress, parse_address
from store.postgres.connection import Connection, connect
from store.postgres.reader import Reader
from store.postgres.writer import Writer

SqlRunner = Callable[..., list[Any]]
TURNS = 12


@pytest.fixture
def url(server_url: str, run_sql: SqlRunner, worker_id: str) -> str:
    """The URL of a schema that is not there, for a role of its own."""
    role = f"writer_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {role} CASCADE")
    if not run_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)):
        run_sql(f"CREATE ROLE {role} LOGIN")
    run_sql(f"GRANT CREATE ON DATABASE postgres TO {role}")
    return f"{server_url.replace('postgres@', f'{role}@', 1)}&schema={role}"


def ended(run_sql: SqlRunner, worker_id: str) -> None:
    """End the connections of the role."""
    run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (f"writer_{worker_id}",))


def test_nothing_acknowledged_is_lost_and_nothing_doubled_where_connections_end(
    url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    acknowledged: dict[str, list[int]] = {}
    errors: list[StoreError] = []
    turns: Queue[int] = Queue()
    random = Random(7)

    def _write() -> None:
        with closing(SessionDB(url)) as db:
            _tried(partial(db.ensure_session, "s1", "cli"))
            for number in range(TURNS):
                turns.put(number)
                turn = [{"role": "user", "content": f"turn {number} part {part}"} for part in range(2)]
                acknowledged[str(number)] = _tried(partial(db.append_messages, "s1", turn, key=str(number)))

    def _tried(write: Callable[[], Any]) -> Any:
        while True:
            try:
                return write()
            except StoreError as error:
                errors.append(error)

    thread = threading.Thread(target=_write)
    thread.start()
    for _ in range(TURNS):
        turns.get(timeout=60)
        time.sleep(random.uniform(0, 0.03))
        ended(run_sql, worker_id)
    thread.join()
    assert {type(error) for error in errors} <= {Unreachable}
    rows = run_sql(f"SELECT id, content FROM writer_{worker_id}.messages ORDER BY id")
    assert [content for _, content in rows] == [
        f"turn {number} part {part}" for number in range(TURNS) for part in range(2)
    ]
    assert [row_id for ids in acknowledged.values() for row_id in ids] == [row_id for row_id, _ in rows]


def test_a_connection_that_ends_inside_a_transaction_writes_nothing(
    url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    with closing(SessionDB(url)) as db:
        db.create_session("s1", "cli")

        def _cut(tx: Any) -> None:
            tx.end_session("s1", "done", 1.7e9)
            ended(run_sql, worker_id)
            tx.set_prompt("s1", "prompt")

        with pytest.raises(Unreachable):
            db.store.write(_cut)
        row = db.get_session("s1")
        assert row is not None
        assert (row["end_reason"], row["system_prompt"]) == (None, None)


def test_a_server_ends_a_transaction_whose_writer_the_network_lost(url: str) -> None:
    """Mutant: the time limit is left out; the locks stay until the server notices, by default after two hours."""
    settings = ("idle_in_transaction_session_timeout", "lock_timeout", "synchronous_commit", "search_path")
    asked = ", ".join(f"pg_catalog.current_setting('{name}')" for name in settings)
    with closing(SessionDB(url, patience=2.0)) as db:
        db.create_session("s1", "cli")
        [row] = db.store.write(lambda tx: tx._rows(f"SELECT {asked}", ()))  # type: ignore[attr-defined]
    idle, *others = row
    assert 0 < float(idle.removesuffix("ms")) <= 7000 or idle == "7s"
    assert others[1:] == ["on", "pg_catalog"]


def test_a_link_that_is_cut_is_noticed_by_both_sides_within_half_a_minute(url: str) -> None:
    """Mutants: a server waits for the rows of a COPY with the locks of a push; we wait for a server that is gone."""
    address = parse_address(url)
    with closing(Reader(address)) as reader, closing(Writer(address, reader, patience=1.0, creates=True)) as writer:
        asked = b"SELECT name FROM pg_catalog.pg_settings WHERE name LIKE 'tcp%' AND source = 'session' ORDER BY name"
        with writer.begun(seconds=1.0) as connection:
            limited = [name for (name,) in connection.execute(asked)]
            own = {name: int(value) for name, value in connection.info.get_parameters().items() if "alive" in name}
    assert limited == ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout"]
    assert own["keepalives_idle"] + own["keepalives_interval"] * own["keepalives_count"] <= 30


def test_a_transaction_that_a_server_ended_while_it_waited_for_us_says_so(url: str, run_sql: SqlRunner) -> None:
    """Mutant: the error has no words of its own."""
    with closing(SessionDB(url)) as db:
        db.create_session("s1", "cli")

        def _slow(tx: Any) -> None:
            idle = "SELECT pg_backend_pid(), pg_catalog.set_config('idle_in_transaction_session_timeout', '1', true)"
            [(process, _)] = tx._rows(idle, ())
            # until it is gone altogether: what is sent to one that ends has its last words thrown away
            while (
                run_sql("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (process,))
                or Path(f"/proc/{process}").exists()
            ):
                time.sleep(0.01)
            tx.end_session("s1", "done", 1.7e9)

        with pytest.raises(Unreachable, match="too slow"):
            db.store.write(_slow)


def test_a_write_sees_what_others_wrote_while_it_waited_for_the_lock(
    url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    """Mutant: the isolation is what the role has; each wait then ends with a failure to serialize, and another try."""
    with closing(SessionDB(url)) as db:
        db.create_session("s1", "cli")
        run_sql(f"ALTER ROLE writer_{worker_id} SET default_transaction_isolation = 'serializable'")
        try:
            ended(run_sql, worker_id)
            asked = "SELECT pg_catalog.current_setting('transaction_isolation')"
            assert db.store.write(lambda tx: tx._rows(asked, ())) == [("read committed",)]  # type: ignore[attr-defined]
        finally:
            run_sql(f"ALTER ROLE writer_{worker_id} RESET default_transaction_isolation")


def test_two_sessions_are_written_side_by_side_and_one_only_in_turn(url: str, server_url: str, worker_id: str) -> None:
    with closing(SessionDB(url, patience=0.1)) as db:
        for name in ("s1", "s2"):
            db.create_session(name, "cli")
        with psycopg.connect(server_url) as other:
            lock = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
            other.execute(lock, (f"writer_{worker_id}:s1",))
            with pytest.raises(Locked):
                db.append_message("s1", "user", "waits")
            assert db.append_message("s2", "user", "goes on") > 0
            other.rollback()
        assert db.append_message("s1", "user", "now") > 0


def test_a_recorder_keeps_what_a_server_would_not_take(
    url: str, run_sql: SqlRunner, worker_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    talk = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]
    with closing(SessionDB(url)) as db:
        recorder = SessionRecorder(db, "s1")
        assert recorder.record(talk[:1]) == 1
        run_sql(f"ALTER ROLE writer_{worker_id} NOLOGIN")
        ended(run_sql, worker_id)
        with pytest.raises(StoreError):
            recorder.record(talk)
        assert len(list(tmp_path.rglob("hermes-tui-*.json"))) == 1
        run_sql(f"ALTER ROLE writer_{worker_id} LOGIN")
        assert recorder.record(talk) == 1
        assert list(tmp_path.rglob("hermes-tui-*.json")) == []
        assert [message["content"] for message in db.get_messages("s1")] == ["hello", "hi"]


def test_a_cancelled_read_ends_on_the_server_and_a_slow_one_at_its_limit(
    url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    with closing(SessionDB(url)) as db:
        db.create_session("s1", "cli")
    reader, cancel = Reader(parse_address(url)), Cancel()
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()
    with pytest.raises(Interrupted):
        reader.rows("SELECT pg_catalog.pg_sleep(60)", cancel=cancel)
    timer.join()
    with pytest.raises(Locked):
        reader.rows("SELECT pg_catalog.pg_sleep(60)", seconds=0.05)
    assert reader.number("SELECT 7") == 7
    running = (
        "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND state = 'active' AND query LIKE '%%pg_sleep%%'"
    )
    assert run_sql(running, (f"writer_{worker_id}",)) == [(0,)]
    reader.close()


def test_reads_that_are_cancelled_one_after_the_other_leave_nothing_running(
    server_url: str, run_sql: SqlRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by keys, at any time of a read, also where the server is asked before the statement began. Mutant: it is asked
    once.
    """
    asked, cancel_safe = list[int](), Connection.cancel_safe

    def _too_early(self: Connection, **kwargs: Any) -> None:
        asked.append(1)
        if len(asked) > 1:
            cancel_safe(self, **kwargs)

    monkeypatch.setattr(Connection, "cancel_safe", _too_early)
    with closing(Reader(parse_address(server_url))) as reader:
        for wait in (0.03, *(number / 1000 for number in range(10))):
            cancel = Cancel()
            threading.Timer(wait, cancel.cancel).start()
            with pytest.raises(Interrupted):
                reader.rows("SELECT pg_catalog.pg_sleep(61)", cancel=cancel)
        assert reader.number("SELECT 7") == 7
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(61)%COMMIT'"
    assert run_sql(running) == [(0,)]


def test_a_read_that_is_cancelled_while_it_connects_sends_nothing(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: its statement runs to its limit."""
    cancel, sent = Cancel(), list[str]()
    answers = Connection.answers

    def _connect(address: ServerAddress) -> Connection:
        cancel.cancel()
        return connect(address)

    def _answers(self: Connection, batch: str, params: Any) -> Any:
        sent.append(batch)
        return answers(self, batch, params)

    monkeypatch.setattr("store.postgres.reader.connect", _connect)
    monkeypatch.setattr(Connection, "answers", _answers)
    with closing(Reader(parse_address(server_url))) as reader, pytest.raises(Interrupted):
        reader.rows("SELECT 1", cancel=cancel)
    assert sent == []


def test_one_handle_serves_many_threads(url: str) -> None:
    """Appends, reads and searches at once; the layout is forgotten all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def _use(number: int) -> list[int]:
        session_id, stored = f"s{number % 3}", []
        for turn in range(TURNS):
            stored.append(db.append_message(session_id, "user", f"thread {number} turn {turn}"))
            db.store.engine.reader.forget_layout()  # type: ignore[attr-defined]
            assert db.get_messages(session_id)
            assert [hit for batch in db.search(f"thread {number}") for hit in batch.hits]
        return stored

    with closing(SessionDB(url)) as db, ThreadPoolExecutor(8) as threads:
        for number in range(3):
            db.create_session(f"s{number}", "cli")
        try:
            stored = {row_id for rows in threads.map(_use, range(8)) for row_id in rows}
        finally:
            sys.setswitchinterval(interval)
        assert len(stored) == 8 * TURNS == db.message_count()


def test_the_driver_prints_no_line_of_its_own_where_a_copy_was_cut(server_url: str) -> None:
    """Mutant: its logger has no handler, so that Python prints what it warns of on the error stream."""
    with closing(connect(parse_address(server_url))):
        assert logging.getLogger("psycopg").handlers
