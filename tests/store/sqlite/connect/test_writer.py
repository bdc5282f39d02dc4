"""The writer: short transactions, patient by time, acknowledged after COMMIT only."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest

from store.base import errors
from store.sqlite.base.backoff import Backoff
from store.sqlite.connect import lock_holders, read_open
from store.sqlite.connect.reader import Reader
from store.sqlite.connect.writer import Writer, triggers_on
from tests.counting import asked_of_sqlite
from tests.store.sqlite_files import add, holding, make, outcome, python, run

INSERT = "INSERT INTO messages (session_id, role, content, timestamp) VALUES ('s1', 'user', ?, 1.7e9) RETURNING id"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make(tmp_path, "one")


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    made = Writer(path)
    yield made
    made.close()


def say(text: str, connection: apsw.Connection) -> int:
    """Insert one message; its id."""
    [(row,)] = connection.execute(INSERT, (text,)).fetchall()
    assert isinstance(row, int)
    return row


def contents(path: Path) -> list[object]:
    """What the messages of a store say, as another connection sees it."""
    return [row[0] for row in run(path, "SELECT content FROM messages ORDER BY id")]


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_what_the_work_gives_back_is_given_back_and_safe(path: Path, writer: Writer) -> None:
    assert writer.transaction(lambda connection: say("two", connection)) == 2
    assert contents(path) == ["one", "two"]


def test_a_failure_of_the_work_undoes_all_of_it_and_comes_as_it_is(path: Path, writer: Writer) -> None:
    def work(connection: apsw.Connection) -> None:
        say("two", connection)
        raise ValueError("the caller's own")

    with pytest.raises(ValueError, match="the caller's own"):
        writer.transaction(work)

    assert contents(path) == ["one"]
    writer.transaction(lambda connection: say("three", connection))
    assert contents(path) == ["one", "three"]


def test_a_rollback_that_fails_does_not_hide_what_went_wrong_first(path: Path, writer: Writer) -> None:
    def work(connection: apsw.Connection) -> None:
        connection.set_authorizer(
            lambda code, *_: apsw.SQLITE_DENY if code == apsw.SQLITE_TRANSACTION else apsw.SQLITE_OK
        )
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        writer.transaction(work)

    assert writer.transaction(lambda connection: say("two", connection)) == 2


def test_every_transaction_is_synced_and_checks_foreign_keys(writer: Writer) -> None:
    assert writer.transaction(lambda connection: connection.pragma("synchronous")) == 2
    with pytest.raises(errors.SessionMissing, match="create it first"):
        writer.transaction(
            lambda connection: connection.execute(
                "INSERT INTO messages (session_id, role, timestamp) VALUES ('absent', 'user', 1)"
            )
        )


def test_closing_leaves_the_wal_to_the_agents(path: Path, writer: Writer) -> None:
    writer.transaction(lambda connection: say("two", connection))
    wal = read_open.sidecars(path)[0]
    before = wal.stat()

    writer.close()

    assert wal.stat().st_ino == before.st_ino
    assert wal.stat().st_size == before.st_size > 0
    writer.close()


def test_a_lock_is_waited_for_by_time_with_jitter_that_doubles_to_a_bound(path: Path) -> None:
    fake = Time()
    writer = Writer(path, patience=1.0, backoff=Backoff(fake.clock, fake.sleep, lambda: 1.0))

    with holding(path), pytest.raises(errors.Locked, match="nothing was written"):
        writer.transaction(lambda connection: say("never", connection))

    assert fake.pauses[:7] == [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.02]
    assert max(fake.pauses) == 0.02
    assert sum(fake.pauses) == pytest.approx(1.0)
    assert contents(path) == ["one"]
    writer.close()


@pytest.mark.slow
def test_the_patience_can_be_shorter_for_one_transaction(path: Path) -> None:
    fake = Time()
    writer = Writer(path, patience=1.0, backoff=Backoff(fake.clock, fake.sleep, lambda: 1.0))

    with holding(path), pytest.raises(errors.Locked):
        writer.transaction(lambda connection: None, patience=0.1)

    assert sum(fake.pauses) == pytest.approx(0.1)
    writer.close()


@pytest.mark.slow
def test_a_lock_that_is_released_in_time_costs_nothing_but_time(path: Path, writer: Writer) -> None:
    with holding(path):
        thread = threading.Thread(target=writer.transaction, args=(lambda connection: say("two", connection),))
        thread.start()
        time.sleep(0.2)
        assert thread.is_alive()
    thread.join(60)

    assert contents(path) == ["one", "two"]


@pytest.mark.slow
def test_who_waited_in_vain_is_told_who_holds_the_lock_and_who_else_is_there(path: Path) -> None:
    """Mutant: without the look at who else has a lock on the -shm."""
    fake = Time()
    writer = Writer(path, patience=1.0, backoff=Backoff(fake.clock, fake.sleep, lambda: 1.0))
    shown = r"nothing was written in 1 s: .* holds the lock now; open or waiting too: \w+ \(\d+\)"

    with holding(path, "SELECT 1 FROM messages"), holding(path), pytest.raises(errors.Locked, match=shown) as told:
        writer.transaction(lambda connection: say("never", connection))

    assert f"({os.getpid()})" not in str(told.value)
    writer.close()


@pytest.mark.slow
def test_who_is_in_the_way_is_guessed_at_where_the_system_does_not_tell(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_holders, "LOCKS", tmp_path / "none")
    fake = Time()
    writer = Writer(path, patience=1.0, backoff=Backoff(fake.clock, fake.sleep, lambda: 1.0))

    with holding(path), pytest.raises(errors.Locked, match="an agent, a gateway, a cron job, a backup or a repair"):
        writer.transaction(lambda connection: say("never", connection))
    writer.close()


@pytest.mark.slow
def test_a_reader_in_delete_mode_is_waited_for_at_the_commit(path: Path, writer: Writer) -> None:
    run(path, "PRAGMA journal_mode = DELETE")
    runs: list[int] = []

    def work(connection: apsw.Connection) -> None:
        runs.append(1)
        say("two", connection)

    with holding(path, "BEGIN; SELECT * FROM messages"):
        thread = threading.Thread(target=writer.transaction, args=(work,))
        thread.start()
        time.sleep(0.2)
        assert thread.is_alive()
    thread.join(60)

    assert contents(path) == ["one", "two"]
    assert runs == [1]


def test_threads_of_one_writer_wait_for_each_other(path: Path, writer: Writer) -> None:
    threads = [threading.Thread(target=writer.transaction, args=(partial(say, f"from {n}"),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(map(str, contents(path))) == [*(f"from {n}" for n in range(8)), "one"]


def test_waiting_for_another_thread_counts_against_the_patience(path: Path, writer: Writer) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: apsw.Connection) -> None:
        inside.set()
        go_on.wait(60)

    thread = threading.Thread(target=writer.transaction, args=(slow,))
    thread.start()
    inside.wait(60)

    with pytest.raises(errors.Locked):
        writer.transaction(lambda connection: None, patience=0.05)
    go_on.set()
    thread.join(60)


def test_a_transaction_inside_another_is_refused(writer: Writer) -> None:
    with pytest.raises(RuntimeError, match="inside another"):
        writer.transaction(lambda connection: writer.transaction(lambda inner: None))


@pytest.mark.slow
def test_no_transaction_stays_open_after_exceptions_in_the_work_and_in_its_rollback(
    path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the exception is handled. Mutant: with a strong reference a traceback keeps the transaction open."""

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    def work(connection: apsw.Connection) -> None:
        say("never", connection)
        fail()

    writer.transaction(lambda connection: say("two", connection))
    for _ in range(3):
        with monkeypatch.context() as patched:
            patched.setattr(writer, "_end", fail)
            patched.setattr(writer._queue, "leave", fail)
            try:
                writer.transaction(work)
            except KeyboardInterrupt:
                assert lock_holders.write_lock_holder(path) is None
                patched.undo()
                thread = threading.Thread(target=writer.transaction, args=(partial(say, "of a thread"),), daemon=True)
                thread.start()
                thread.join(60)
                assert not thread.is_alive()
                writer.transaction(partial(say, "of the handler"))
    assert contents(path) == ["one", "two", *(["of a thread", "of the handler"] * 3)]


@pytest.mark.slow
def test_two_writers_of_one_file_in_a_process_are_one_in_the_queue(path: Path, writer: Writer, tmp_path: Path) -> None:
    """By any name of it. Mutant: a lock of each writer's own waits for itself until its patience ends."""
    link = tmp_path / "link.db"
    link.symlink_to(path)
    other = Writer(link, patience=0.0)

    with pytest.raises(RuntimeError, match="inside another"):
        writer.transaction(lambda connection: other.transaction(lambda inner: None))
    assert other.transaction(partial(say, "two")) == 2
    other.close()


@pytest.mark.slow
def test_a_file_put_in_place_of_the_open_one_is_not_written(path: Path, writer: Writer, tmp_path: Path) -> None:
    writer.transaction(lambda connection: say("two", connection))
    other = tmp_path / "other"
    other.mkdir()
    make(other, "other").replace(path)

    for _ in range(2):
        with pytest.raises(errors.Replaced, match="start again"):
            writer.transaction(lambda connection: say("lost", connection))


def test_a_file_replaced_while_it_is_written_is_not_acknowledged(path: Path, writer: Writer, tmp_path: Path) -> None:
    def work(connection: apsw.Connection) -> None:
        say("lost", connection)
        path.rename(tmp_path / "elsewhere.db")

    with pytest.raises(errors.Replaced):
        writer.transaction(work)


def test_a_wal_taken_from_under_the_writer_is_noticed(path: Path, writer: Writer) -> None:
    writer.transaction(lambda connection: say("two", connection))
    read_open.sidecars(path)[0].unlink()

    with pytest.raises(errors.Replaced, match="-wal"):
        writer.transaction(lambda connection: say("lost", connection))


def test_a_number_alone_forbids_nothing(path: Path, writer: Writer) -> None:
    run(path, "UPDATE schema_version SET version = 34; ALTER TABLE messages ADD COLUMN later TEXT")

    writer.transaction(lambda connection: say("two", connection))
    assert contents(path) == ["one", "two"]


@pytest.mark.slow
def test_a_structure_that_appears_while_the_writer_is_open_forbids_to_write(path: Path, writer: Writer) -> None:
    """Mutant: the structure is looked at when the file is opened, and not again."""
    writer.transaction(lambda connection: say("two", connection))
    run(path, "CREATE TRIGGER audit AFTER INSERT ON messages BEGIN DELETE FROM messages WHERE id < new.id; END")

    for _ in range(2):
        with pytest.raises(errors.ReadOnly, match="the trigger audit does what no known Hermes does"):
            writer.transaction(lambda connection: say("three", connection))
    assert contents(path) == ["one", "two"]

    run(path, "DROP TRIGGER audit")
    writer.transaction(lambda connection: say("three", connection))
    assert contents(path) == ["one", "two", "three"]


def test_a_missing_store_is_not_made_by_writing(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreMissing):
        Writer(tmp_path / "state.db").transaction(lambda connection: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_full_disk_says_so_and_leaves_the_store_as_it_was(path: Path, writer: Writer) -> None:
    def work(connection: apsw.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1").fetchall()
        say("x" * 1_000_000, connection)

    with pytest.raises(errors.DiskFull, match="free some space"):
        writer.transaction(work)
    writer.close()

    assert contents(path) == ["one"]
    writer.transaction(lambda connection: say("two", connection))
    assert contents(path) == ["one", "two"]


@pytest.mark.slow
def test_a_write_that_the_system_cuts_short_is_typed_and_leaves_the_store_as_it_was(path: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from store.errors import StoreError
from store.sqlite.connect.writer import Writer
writer = Writer(Path(sys.argv[1]))
insert = "INSERT INTO messages (session_id, role, content, timestamp) VALUES ('s1', 'user', ?, 1)"
writer.transaction(lambda c: c.execute(insert, ("two",)))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
try:
    writer.transaction(lambda c: c.execute(insert, ("x" * 3_000_000,)))
except StoreError as error:
    print(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
writer.transaction(lambda c: c.execute(insert, ("three",)))
"""
    assert outcome(script, path) == "DiskFull"
    assert contents(path) == ["one", "two", "three"]
    assert run(path, "PRAGMA integrity_check") == [("ok",)]


# What a full-text index may not do


@pytest.mark.slow
def test_a_damaged_index_does_not_fail_an_append(path: Path, writer: Writer) -> None:
    run(path, "UPDATE messages_fts_data SET block = x'00112233' WHERE id <> 1")
    run(path, "UPDATE messages_fts_data SET block = x'ffffffffff' WHERE id = 10")
    seen: list[bool] = []

    def work(connection: apsw.Connection) -> int:
        seen.append(triggers_on(connection))
        return say("two", connection)

    assert writer.transaction(work) == 2
    assert contents(path) == ["one", "two"]
    assert writer.index_damaged
    assert seen == [True, False]


def with_foreign_index(path: Path) -> None:
    """Layout D (docs/format.md §2.4): the table was made where the tokenizer could be loaded."""
    script = """
import apsw, sys
connection = apsw.Connection(sys.argv[1])
connection.register_fts5_tokenizer("cjk_unicode61", lambda connection, _: connection.fts5_tokenizer("unicode61", []))
connection.execute('''
CREATE VIRTUAL TABLE messages_fts_cjk USING fts5(content, tokenize='cjk_unicode61');
INSERT INTO messages_fts_cjk(rowid, content) SELECT id, content FROM messages;
CREATE TRIGGER messages_fts_cjk_insert AFTER INSERT ON messages BEGIN
    INSERT INTO messages_fts_cjk(rowid, content) VALUES (new.id, new.content);
END;
CREATE TRIGGER messages_fts_cjk_delete AFTER DELETE ON messages BEGIN
    DELETE FROM messages_fts_cjk WHERE rowid = old.id;
END''')
"""
    outcome(script, path)


@pytest.mark.slow
def test_a_tokenizer_that_only_hermes_has_does_not_fail_an_append(path: Path, writer: Writer) -> None:
    """And the other indexes get the message. Mutant: with no trigger copied, none of them has it."""
    with_foreign_index(path)

    assert writer.transaction(lambda connection: say("two needles", connection)) == 2
    assert writer.transaction(lambda connection: say("three needles", connection)) == 3
    assert writer.index_damaged
    assert run(path, "SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'needles'") == [(2,), (3,)]
    assert run(path, "SELECT rowid FROM messages_fts_trigram WHERE messages_fts_trigram MATCH 'eed'") == [(2,), (3,)]
    reader = Reader(path)
    assert reader.layout.has("messages", "content")
    reader.close()


@pytest.mark.slow
def test_an_id_that_comes_back_is_no_clash_in_an_index_that_only_hermes_can_write(path: Path, writer: Writer) -> None:
    """Mutant: with the file's own triggers tried first, the row that the delete left there refuses the insert."""
    with_foreign_index(path)
    [(content,)] = run(path, "SELECT content FROM messages WHERE id = 1")
    writer.transaction(lambda connection: connection.execute("DELETE FROM messages WHERE id = 1").fetchall())

    insert = "INSERT INTO messages (id, session_id, role, content, timestamp) VALUES (1, 's1', 'user', ?, 1)"
    writer.transaction(lambda connection: connection.execute(insert, (content,)).fetchall())
    assert run(path, "SELECT id FROM messages") == [(1,)]


def test_an_index_that_works_is_kept_up_to_date(path: Path, writer: Writer) -> None:
    writer.transaction(lambda connection: say("needle", connection))

    assert run(path, "SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'needle'") == [(2,)]
    assert not writer.index_damaged


@pytest.mark.slow
def test_damage_of_the_messages_themselves_is_not_taken_for_an_index(tmp_path: Path) -> None:
    path = make(tmp_path, *(f"text {number}" * 50 for number in range(200)))
    [(root,)] = run(path, "SELECT rootpage FROM sqlite_master WHERE name = 'messages'")
    run(path, "PRAGMA journal_mode = DELETE")
    assert isinstance(root, int)
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(os.urandom(4096))
    writer = Writer(path)

    with pytest.raises(errors.Damaged):
        writer.transaction(lambda connection: say("two", connection))
    assert not writer.index_damaged
    writer.close()


# What a killed writer leaves

APPEND = """
import sys
from pathlib import Path
from store.sqlite.connect.writer import Writer
writer = Writer(Path(sys.argv[1]))
insert = "INSERT INTO messages (session_id, role, content, timestamp) VALUES ('s1', 'user', ?, 1) RETURNING id"
for number in range(100_000):
    print(writer.transaction(lambda c: c.execute(insert, (f"{sys.argv[2]}.{number}",)).fetchall()[0][0]), flush=True)
"""


@pytest.mark.slow
def test_no_acknowledged_message_is_lost_or_doubled_when_writers_are_killed(path: Path) -> None:
    acknowledged: list[int] = []
    chance = random.Random(7)
    for turn in range(6):
        with python(APPEND, path, turn) as first, python(APPEND, path, turn + 100) as second:
            assert first.stdout is not None
            assert second.stdout is not None
            first.stdout.readline()
            second.stdout.readline()
            time.sleep(chance.random() * 0.1)
            for process in (first, second):
                process.send_signal(signal.SIGKILL)
            lines = [*first.stdout.read().splitlines(True), *second.stdout.read().splitlines(True)]
            acknowledged += [int(line) for line in lines if line.endswith("\n")]

    there = [row[0] for row in run(path, "SELECT id FROM messages")]
    texts = contents(path)
    assert acknowledged
    assert set(acknowledged) <= set(there)
    assert len(texts) == len(set(texts))
    assert run(path, "PRAGMA integrity_check") == [("ok",)]
    run(path, "INSERT INTO messages_fts(messages_fts, rank) VALUES ('integrity-check', 1)")


@pytest.mark.slow
def test_a_writer_and_readers_in_one_process_see_each_other(path: Path, writer: Writer) -> None:
    reader = Reader(path)
    for number in range(20):
        writer.transaction(partial(say, f"number {number}"))
        assert reader.rows("SELECT COUNT(*) FROM messages") == [(number + 2,)]
        add(path, "from outside", session="s2")
        run(path, "DELETE FROM messages WHERE session_id = 's2'")
    reader.close()


def test_the_features_of_a_file_are_read_again_only_after_a_commit_of_somebody_else(path: Path) -> None:
    """Mutants: `probe` at each transaction; never again; not where the schema alone has changed."""
    with asked_of_sqlite() as asked:
        writer = Writer(path)
        each = []
        for _ in range(4):
            before = asked.statements
            writer.transaction(lambda _: None)
            each.append(asked.statements - before)
    assert each[1] == each[2] == each[3] == 5  # BEGIN, three numbers, COMMIT
    run(path, "INSERT INTO state_meta (key, value) VALUES ('fts_stale', '1')")
    assert writer.transaction(lambda _: writer.layout.stale)
    writer.transaction(lambda connection: connection.execute("CREATE TABLE own (a)").fetchall())
    assert writer.transaction(lambda _: "own" in writer.layout.tables)
    writer.close()
