"""What the doctor sees, and that it changes nothing and keeps nobody waiting.

Mutants that these tests were seen to catch: integrity_check alone; coverage by the number of rows; a check on the live
file; one failed check that ends the others.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import apsw
import pytest

from store import Cancel, Finding, Interrupted, NoPermission, SessionDB, SessionRecorder, StoreError
from store.base import safe_files
from store.files import outbox
from store.sqlite import health
from store.sqlite.base import descriptors, filesystems
from store.sqlite.base.schema_probe import Layout
from tests import builders
from tests.builders import sqlite_of
from tests.store import sqlite_files


@pytest.fixture
def db(tmp_path: Path) -> SessionDB:
    database = builders.db(builders.home(tmp_path))
    builders.store(database, "s1", builders.talk(30))
    return database


def found(database: SessionDB, check: str) -> list[Finding]:
    return [one for one in database.health() if one.check == check]


def verdicts(database: SessionDB) -> dict[str, list[bool | None]]:
    result: dict[str, list[bool | None]] = {}
    for one in database.health():
        result.setdefault(one.check, []).append(one.ok)
    return result


def test_a_store_of_ours_is_well(db: SessionDB) -> None:
    assert all(ok for oks in verdicts(db).values() for ok in oks)


def test_it_says_what_save_wrote_beside_the_store(db: SessionDB) -> None:
    assert found(db, "saved") == []
    folder = db.path.parent / "sessions" / "saved"
    folder.mkdir(parents=True)
    (folder / "hermes_conversation_20260228_091000.json").write_text("{}")
    [one] = found(db, "saved")
    assert (one.ok, one.detail.partition(";")[0]) == (True, "1 conversation of /save in sessions/saved")


def test_a_real_home_has_nothing_worse_than_its_modes(each_home: Path) -> None:
    database = SessionDB(each_home / ".hermes" / "state.db", read_only=True)

    assert {check for check, oks in verdicts(database).items() if False in oks} <= {"permissions"}


def test_looking_changes_nothing(db: SessionDB) -> None:
    version = sqlite_of(db).reader.data_version()
    list(db.health())

    assert sqlite_of(db).reader.data_version() == version


@pytest.mark.slow
def test_nobody_waits_for_the_copy(db: SessionDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write while the copy is being checked takes no lock away and none is in its way."""
    checked = health._whole
    written: list[int] = []

    def write_then_check(connection: object) -> Finding:
        written.append(db.append_message("s1", "user", "meanwhile"))
        return checked(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(health, "_whole", write_then_check)
    assert all(one.ok for one in found(db, "integrity"))
    assert written == [31]


@pytest.mark.slow
def test_a_message_that_the_index_lacks_is_counted(db: SessionDB) -> None:
    sqlite_files.run(db.path, "DELETE FROM messages_fts WHERE rowid IN (3, 4)")

    assert [one.sentence for one in found(db, "index") if one.ok is False] == [
        "messages_fts lacks 2 of 30 messages; start Hermes to rebuild it"
    ]


@pytest.mark.slow
def test_a_broken_index_that_integrity_check_calls_ok_is_seen(db: SessionDB) -> None:
    sqlite_files.run(db.path, "UPDATE messages_fts_data SET block = x'00' WHERE id > 10")

    assert "messages_fts is damaged: search scans; start Hermes to rebuild it" in [
        one.sentence for one in found(db, "index")
    ]
    assert [one.ok for one in found(db, "integrity")] == [True]


@pytest.mark.slow
def test_a_broken_table_is_seen(db: SessionDB) -> None:
    sqlite_files.run(
        db.path,
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 3 WHERE name = 'idx_messages_session'",
    )

    assert [one.ok for one in SessionDB(db.path).health() if one.check == "integrity"] == [False]


@pytest.mark.slow
def test_files_that_others_may_read_are_told(db: SessionDB) -> None:
    db.path.parent.chmod(0o755)
    db.path.chmod(0o644)
    assert [one.ok for one in found(db, "permissions")] == [False]

    db.path.parent.chmod(0o700)
    assert [one.ok for one in found(db, "permissions")] == [True]


@pytest.mark.slow
def test_who_writes_is_named(db: SessionDB) -> None:
    assert [one.detail for one in found(db, "lock")] == ["nobody is writing"]
    with sqlite_files.holding(db.path):
        [told] = found(db, "lock")
    assert told.detail.startswith("held by python")


@pytest.mark.slow
def test_a_system_that_does_not_show_locks_is_told(db: SessionDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "LISTING", "/absent")
    [told] = found(db, "lock")

    assert told.ok is None
    assert "not watched" in told.detail


@pytest.mark.slow
def test_who_writes_in_delete_mode_is_named(db: SessionDB) -> None:
    db.close()
    sqlite_files.run(db.path, "PRAGMA journal_mode = DELETE")
    with sqlite_files.holding(db.path):
        [told] = found(SessionDB(db.path, read_only=True), "lock")
    assert told.detail.startswith("held by python")


@pytest.mark.slow
def test_a_second_name_is_told(db: SessionDB) -> None:
    assert [one.ok for one in found(db, "names")] == [True]
    (db.path.parent / "snapshot").hardlink_to(db.path)
    [told] = found(db, "names")

    assert told.ok is False
    assert "2 names" in told.detail
    assert "mv own state.db" in told.advice


@pytest.mark.slow
def test_a_journal_that_is_not_safe_is_told(db: SessionDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LARGEST_WAL", 10)
    assert [one.ok for one in found(db, "wal")] == [False]
    assert [one.detail for one in found(db, "journal")] == ["wal"]


@pytest.mark.slow
def test_a_newer_store_is_told(db: SessionDB) -> None:
    sqlite_files.run(db.path, "UPDATE schema_version SET version = 99")

    [told] = found(db, "schema")
    assert told.ok is True
    assert "version 99, above 31, the newest known" in told.detail


@pytest.mark.slow
def test_a_share_is_told(db: SessionDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text("22 1 0:1 / / rw - nfs4 server:/home rw\n")
    monkeypatch.setattr(filesystems, "MOUNTS", tmp_path / "mountinfo")

    [told] = found(db, "mount")
    assert told.ok is False
    assert "nfs4" in told.detail


@pytest.mark.slow
def test_what_waits_is_told(db: SessionDB) -> None:
    recorder = SessionRecorder(db, "s1")
    recorder.record(builders.talk(31))
    Path(f"{db.path}-shm").rename(db.path.parent / "taken")
    with pytest.raises(StoreError):
        recorder.record(builders.talk(32))
    (db.path.parent / "taken").rename(f"{db.path}-shm")

    [told] = found(db, "spool")
    assert told.ok is False
    assert "s1" in told.detail
    assert len(db.refused()) == 1


@pytest.mark.slow
def test_a_repair_that_was_killed_is_told(db: SessionDB) -> None:
    db.append_message("s1", "user", "hello", key="k")
    assert [one.detail for one in found(db, "operations")] == ["repairs: 0, appends with a key: 1"]
    sqlite_files.run(
        db.path, "INSERT INTO hermes_tui_operations VALUES ('r1', 0, 'repair', 's1', 'running', 1.7e9, 1.7e9, '{}')"
    )

    [told] = found(db, "operations")
    assert told.ok is False
    assert "r1" in told.detail


def test_a_store_that_cannot_be_opened_is_told_once(tmp_path: Path) -> None:
    """Mutants: a finding for each check that needs it; the checks of what is not there."""
    path = tmp_path / "state.db"
    database = SessionDB(path, read_only=True)
    assert [one.check for one in database.health() if not one.ok] == ["store"]
    assert "lock" not in verdicts(database)
    assert os.listdir(tmp_path) == []
    path.write_text("no database")
    assert [one.check for one in database.health() if not one.ok] == ["store"]
    assert "lock" in verdicts(database)


def test_a_folder_beside_the_store_that_cannot_be_listed_is_its_own_finding(
    db: SessionDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: `store` in place of its name."""

    def _refuse(_: Path) -> list[Path]:
        raise NoPermission("no")

    monkeypatch.setattr(outbox, "pending_files", _refuse)
    assert [one.check for one in db.health() if not one.ok] == ["spool"]


def test_damage_that_several_checks_meet_is_told_once(db: SessionDB) -> None:
    """Mutant: the whole sentence again."""
    db.close()
    with db.path.open("r+b") as file:
        file.seek(100)
        file.write(b"U" * 4000)
    told = [(one.check, one.detail) for one in SessionDB(db.path, read_only=True).health() if one.ok is False]
    assert [check for check, _ in told] == ["schema", "journal", "operations", "index", "integrity"]
    assert {detail for _, detail in told[1:]} == {"for the same reason as schema"}


@pytest.mark.slow
def test_a_look_that_is_withdrawn_ends_with_the_check_that_runs(db: SessionDB) -> None:
    cancel = Cancel()
    seen = []
    with pytest.raises(Interrupted):  # noqa: PT012  it is raised by the next one
        for one in db.health(cancel=cancel):
            seen.append(one.check)
            if one.check == "operations":
                cancel.cancel()
    assert seen[-1] == "operations"


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["copied", "checked"])
def test_a_copy_that_nobody_wants_any_more_is_left_and_removed(
    db: SessionDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Mutants: no look while it is copied; an interrupt told as damage."""
    cancel = Cancel()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if stage == "copied":

        def monotonic() -> float:
            cancel.cancel()
            return 0.0

        monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=monotonic))
    else:
        verified = health._verified

        def verify(copy: Path, layout: Layout, _: Cancel) -> Iterator[Finding]:
            return verified(copy, layout, Cancelling())

        class Cancelling(Cancel):
            """Withdrawn as soon as there is something to interrupt."""

            @contextmanager
            def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
                connection = interrupt.__self__  # type: ignore[attr-defined]
                connection.set_progress_handler(lambda: True, 1)
                yield

        monkeypatch.setattr(health, "_verified", verify)
    seen: list[Finding] = []
    with pytest.raises(Interrupted):
        seen.extend(db.health(cancel=cancel))
    assert [one.detail for one in seen if one.ok is not True] == []
    assert not [one for one in tmp_path.iterdir() if one.name.startswith("hermes-tui-")]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_check_without_room_says_nothing_of_the_store(
    db: SessionDB, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: what integrity_check cannot write is taken for damage, with the advice to recover."""

    class _Full:
        def execute(self, sql: str) -> None:
            error = apsw.IOError("disk I/O error")
            error.extendedresult, error.system_errno = apsw.SQLITE_IOERR_WRITE, number  # type: ignore[attr-defined]
            raise error

    whole = health._whole
    monkeypatch.setattr(health, "_whole", lambda connection: whole(cast("apsw.Connection", _Full())))

    [finding] = found(db, "integrity")

    assert finding.ok is None
    assert safe_files.NO_SPACE[number] in finding.detail
    assert "recover" not in finding.sentence
