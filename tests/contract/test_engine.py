"""Transactions, changes, health and the life of a handle on every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.base.cancel import Cancel
from store.base.errors import Interrupted, Locked, ReadOnly, StoreError, StoreMissing
from store.engine.ports import Transaction
from store.engine.rows import Capabilities
from store.formats.row_encoding import message_rows
from tests.builders import jsonl, talk
from tests.contract.cases import BRIEF, Case

NOW = 1.7e9


class Stopped(Exception):
    """Something went wrong in the middle of a transaction."""


def test_a_transaction_that_fails_leaves_nothing(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    kept = case.messages.append_messages("s1", talk(1))
    before = (case.sessions.get_session("s1"), case.messages.get_messages("s1"))
    rows = message_rows(talk(2, word="lost"), now=NOW)

    def _all(tx: Transaction) -> None:
        tx.create_session("s2", {"source": "cli", "started_at": NOW})
        tx.append("s1", rows)
        tx.append_once("s1", rows, key="lost", now=NOW)
        tx.assign_title("s1", "Lost")
        tx.end_session("s1", "lost", NOW)
        tx.set_prompt("s1", "lost")
        tx.add_tokens("s1", {"input_tokens": 5}, NOW)
        tx.delete_session("s2", delegates=True)
        tx.replace("s1", rows)
        raise Stopped

    with pytest.raises(Stopped):
        case.store.write(_all)
    assert (case.sessions.get_session("s1"), case.messages.get_messages("s1")) == before
    assert case.engine.sessions.ids() == ["s1"]
    assert len(case.messages.append_messages("s1", talk(1), key="lost")) == 1
    assert case.messages.message_count() == len(kept) + 1


def test_nobody_sees_a_transaction_before_it_is_done(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    other = case.open()
    rows = message_rows(talk(2), now=NOW)

    def _appended(tx: Transaction) -> list[int]:
        ids = tx.append("s1", rows)
        assert list(other.engine.messages.stored("s1")) == []
        assert other.engine.sessions.counts(["s1"]) == {}
        tx.clear("s1")
        return ids[:1] + tx.append("s1", rows)

    first, *ids = case.store.write(_appended)
    assert [row.id for row in other.engine.messages.stored("s1")] == ids
    assert first not in ids
    other.close()


def test_a_transaction_inside_another_one_is_a_mistake(case: Case) -> None:
    with pytest.raises(RuntimeError):
        case.store.write(lambda _: case.store.write(lambda _: None))
    assert case.store.write(lambda _: 7) == 7
    assert case.engine.lock_seconds >= 0.0
    assert case.engine.index_damaged is False


def test_a_lock_that_others_hold_is_told_and_nothing_is_written(case: Case) -> None:
    brief = case.open(patience=BRIEF)
    with case.locked():
        with pytest.raises(Locked):
            brief.write(lambda tx: tx.create_session("s1", {"source": "cli", "started_at": NOW}))
        assert brief.engine.sessions.ids() == []
    brief.write(lambda tx: tx.create_session("s1", {"source": "cli", "started_at": NOW}))
    assert case.engine.sessions.ids() == ["s1"]
    brief.close()


def test_a_checkpoint_changes_nothing_that_is_read_and_waits_for_nobody(case: Case) -> None:
    case.engine.checkpoint()
    case.sessions.create_session("s1", "cli")
    other = case.open()
    other.engine.checkpoint()
    [first] = case.messages.append_messages("s1", talk(1))
    with case.locked():
        case.engine.checkpoint()
    other.engine.checkpoint()
    [second] = case.messages.append_messages("s1", talk(1))
    assert [row.id for row in other.engine.messages.stored("s1")] == [first, second]
    other.close()


def test_a_handle_that_only_reads_refuses_every_write(case: Case) -> None:
    reader = case.open(read_only=True)
    with pytest.raises(ReadOnly):
        reader.write(lambda tx: tx.create_session("s1", {"source": "cli", "started_at": NOW}))
    assert reader.engine.sessions.ids() == []
    reader.close()


def test_the_version_changes_with_every_commit_of_anybody_and_with_nothing_else(case: Case) -> None:
    other = case.open()
    file, first = case.engine.changes.version()
    assert case.engine.changes.file() in (file, None)
    assert file is not None
    case.browser.sessions()
    assert case.engine.changes.version() == (file, first)
    other.write(lambda tx: tx.create_session("s1", {"source": "cli", "started_at": NOW}))
    _, second = case.engine.changes.version()
    assert second != first
    case.messages.append_messages("s1", talk(1))
    after, third = case.engine.changes.version()
    assert (after, third != second) == (file, True)
    assert other.engine.changes.version()[0] == file
    other.close()


def test_changed_sessions_are_those_of_the_rows_above_an_id(case: Case) -> None:
    assert case.engine.changes.since(None) == (0, frozenset())
    for name in ("s1", "s2", "s3"):
        case.sessions.create_session(name, "cli")
    first, second = (case.messages.append_message(name, "user", "hello") for name in ("s1", "s2"))
    assert case.engine.changes.since(None) == (second, frozenset())
    assert case.engine.changes.since(first) == (second, frozenset({"s2"}))
    assert case.engine.changes.since(second) == (second, frozenset())
    assert case.engine.changes.since(0) == (second, frozenset({"s1", "s2"}))


def test_a_watch_tells_what_others_wrote(case: Case) -> None:
    other = case.open()
    other.write(lambda tx: tx.create_session("s1", {"source": "cli", "started_at": NOW}))
    watch = case.browser.watch()
    assert watch.poll() is not None
    assert watch.poll() is None
    ids = other.write(lambda tx: tx.append("s1", message_rows(talk(2), now=NOW)))
    change = watch.poll()
    assert change is not None
    assert (change.sessions, change.store, change.replaced, change.newest_id) == (
        frozenset({"s1"}),
        True,
        False,
        ids[-1],
    )
    assert watch.poll() is None
    other.close()


def test_every_check_of_the_doctor_finds_something_and_changes_nothing(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    case.messages.append_messages("s1", talk(2))
    before = case.engine.changes.version()
    findings = list(case.browser.health())
    assert findings
    assert all(finding.detail for finding in findings)
    assert [finding for finding in findings if finding.ok is False] == []
    assert {finding.check for finding in findings} == {*case.engine.health.checks(Cancel()), "spool", "gateway"}
    assert case.engine.health.backends(NOW) == []
    assert case.engine.changes.version() == before
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Interrupted):
        list(case.browser.health(cancel=cancel))


def test_a_handle_may_be_closed_twice_and_reads_nothing_after(case: Case) -> None:
    case.sessions.create_session("s1", "cli")
    other = case.open()
    assert other.engine.sessions.ids() == ["s1"]
    other.engine.close()
    other.close()
    other.close()
    with pytest.raises(StoreError):
        other.engine.sessions.ids()
    assert case.engine.sessions.ids() == ["s1"]


def test_a_home_without_a_database_says_so_and_its_files_are_read(case: Case) -> None:
    store = case.without_database()
    assert store.engine.changes.version() == (None, None)
    assert {"role", "content", "tool_calls"} <= store.engine.messages.columns()
    for read in (
        store.engine.sessions.ids,
        store.engine.sessions.scope,
        store.engine.sessions.newest,
        lambda: store.engine.messages.count("s1"),
        lambda: store.engine.records.session("s1"),
        lambda: list(store.engine.messages.stored("s1")),
        lambda: store.engine.changes.since(None),
    ):
        with pytest.raises(StoreMissing):
            read()
    with pytest.raises(StoreMissing):
        store.engine.write(lambda tx: tx.clear("s1"))
    other = type(case.browser)(store)
    assert other.file_sessions() == ()
    jsonl(store.path.parent, "s1", talk(2))
    assert [session.id for session in other.glance().sessions] == ["s1"]
    store.close()


def test_what_an_engine_leaves_out_is_marked(case: Case) -> None:
    assert isinstance(case.engine.capabilities, Capabilities)
    assert case.engine.capabilities.files is Path(case.store.path).exists()
    assert case.engine.name
