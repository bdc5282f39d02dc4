"""A session mended from its JSONL file, and taken back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from store import (
    Cancel,
    DiskFull,
    Locked,
    NoPermission,
    OperationMissing,
    Phase,
    PlanChanged,
    Progress,
    ReadOnly,
    Refused,
    SessionDB,
    State,
    Verdict,
    Why,
)
from store.base import step_sizing
from store.errors import BackupFailed
from store.repair import backup
from store.repair.model import PlanRefused
from tests import builders
from tests.builders import META, Dict, say, sqlite_of
from tests.store import sqlite_files

SID = "20260105_120000_1e9ac1e5"


def at(number: int, *, text: str = "", **more: Any) -> Dict:
    """Message `number`, at its own second."""
    role = "assistant" if number % 2 else "user"
    return say(role, text or f"message {number}", timestamp=1.7e9 + number, **more)


def legacy(tmp_path: Path, stored: range, written: range, **more: Any) -> SessionDB:
    """A home with one session of each source's messages, another session's rows round them."""
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.store(db, "before", builders.talk(3))
    builders.store(db, SID, [at(number) for number in stored], source="telegram")
    builders.store(db, "after", builders.talk(3))
    builders.jsonl(home, SID, [META, *(at(number) for number in written)], **more)
    return db


def texts(db: SessionDB, session_id: str = SID) -> list[object]:
    """What the session says, as an agent reads it."""
    return [one["content"] for one in db.get_messages_as_conversation(session_id)]


def told(*ranges: range) -> list[str]:
    """The texts of numbered messages."""
    return [f"message {number}" for one in ranges for number in one]


def dump(db: SessionDB) -> list[Any]:
    """Every session row and message row of the file."""
    return [sqlite_of(db).reader.rows(f"SELECT * FROM {table} ORDER BY rowid") for table in ("sessions", "messages")]


def file_of(db: SessionDB, session_id: str = SID) -> Path:
    """Its JSONL file."""
    return db.store.sessions_dir / f"{session_id}.jsonl"


def run(db: SessionDB, sql: str, *bindings: apsw.SQLiteValue) -> None:
    """A statement from outside."""
    sqlite_of(db).writer.transaction(lambda connection: list(connection.execute(sql, bindings)))


@pytest.mark.slow
def test_the_last_two_of_996_are_stored_and_all_come_back(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(994, 996), range(996))
    before, file = dump(db), file_of(db).read_bytes()
    assert len(db.load_transcript(SID)) == 996
    plan = db.plan(SID)
    assert (plan.check.verdict, plan.insert, plan.moved, plan.refusals) == (Verdict.JSONL_AHEAD, 994, 2, ())
    assert [(run.number, run.after, run.first, run.last) for run in plan.runs] == [(994, 0, 1, 994)]

    receipt = db.repair(plan)

    assert (receipt.state, receipt.inserted, receipt.rows) == (State.DONE, 994, 996)
    assert texts(db) == told(range(996)) == [one["content"] for one in db.load_transcript(SID)]
    assert min(int(str(row["id"])) for row in db.get_messages(SID)) > 0
    row = db.get_session(SID)
    assert row is not None
    assert row["message_count"] == 996
    session = db.session(SID)
    assert session is not None
    assert db.drift(session, db.facts(SID)) is None
    assert {hit["session_id"] for hit in db.search_messages("message 500")} == {SID}
    assert db.check(SID).verdict is Verdict.SAME
    undone = db.undo(receipt.operation or "")
    assert (undone.state, undone.inserted, undone.moved, undone.rows) == (State.UNDONE, 994, 2, 2)
    assert dump(db) == before
    assert file_of(db).read_bytes() == file


@pytest.mark.slow
def test_two_newer_ones_stay_behind_all_993(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(100_000, 100_002), range(993))
    plan = db.plan(SID)
    assert (plan.check.verdict, plan.check.repairable, plan.insert) == (Verdict.DIVERGED, True, 993)

    db.repair(plan)

    assert texts(db) == told(range(993), range(100_000, 100_002))
    assert db.check(SID).verdict is Verdict.SQLITE_AHEAD


@pytest.mark.slow
def test_a_second_run_writes_nothing_at_all(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(5, 7), range(7))
    db.repair(db.plan(SID))
    version, home = sqlite_of(db).reader.data_version(), sorted(db.path.parent.rglob("*"))

    receipt = db.repair(db.plan(SID))

    assert (receipt.operation, receipt.inserted, receipt.backup) == (None, 0, None)
    assert sqlite_of(db).reader.data_version() == version
    assert sorted(db.path.parent.rglob("*")) == home


@pytest.mark.slow
def test_holes_are_filled_in_place_and_the_end_is_appended(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(0, 9, 2), range(12))

    db.repair(db.plan(SID))

    assert texts(db) == told(range(12))


@pytest.mark.slow
def test_free_ids_below_the_first_row_are_used_and_nothing_moves(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.store(db, "gone", builders.talk(40))
    builders.store(db, SID, [at(number) for number in range(20, 22)])
    db.clear_messages("gone")
    builders.jsonl(home, SID, [at(number) for number in range(22)])
    plan = db.plan(SID)
    assert plan.moved == 0

    db.repair(plan)

    assert [row["id"] for row in db.get_messages(SID)] == [*range(21, 43)]
    assert texts(db) == told(range(22))


@pytest.mark.slow
def test_ids_that_an_undo_needs_again_are_not_taken_by_another_repair(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    builders.store(db, "later", [at(number) for number in range(2, 4)])
    builders.jsonl(db.path.parent, "later", [at(number) for number in range(4)])
    before = dump(db)
    first = db.repair(db.plan(SID))

    second = db.repair(db.plan("later"))

    db.undo(first.operation or "")
    db.undo(second.operation or "")
    assert dump(db) == before


@pytest.mark.slow
def test_what_an_agent_appends_meanwhile_comes_last_and_survives_the_undo(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(28, 30), range(30))
    planning_steps(5)
    plan = db.plan(SID)
    db.append_message(SID, "user", "between plan and repair")
    appended: list[str] = []

    def append(progress: Progress) -> None:
        if progress.phase is not Phase.INSERT:
            return
        appended.append(f"live {len(appended)}")
        db.append_message(SID, "user", appended[-1])

    receipt = db.repair(plan, progress=append)

    live = ["between plan and repair", *appended]
    assert len(appended) > 5
    assert texts(db) == [*told(range(30)), *live]
    db.undo(receipt.operation or "")
    assert texts(db) == [*told(range(28, 30)), *live]
    assert db.get_session(SID)["message_count"] == 2 + len(live)  # type: ignore[index]


def planning_steps(number: int) -> None:
    """Steps of so few messages, until the fixture sets it back."""
    step_sizing.STEP_ROWS = number


@pytest.fixture(autouse=True)
def _steps_as_they_are() -> Any:
    usual = step_sizing.STEP_ROWS
    yield
    step_sizing.STEP_ROWS = usual


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_stopped_repair_reads_in_order_and_is_finished_or_undone(tmp_path: Path, steps: int) -> None:
    db = legacy(tmp_path, range(0, 30, 3), range(40))
    planning_steps(4)
    before = dump(db)
    cancel = Cancel()
    seen: list[int] = []

    def stop(progress: Any) -> None:
        seen.append(progress.done)
        if len(seen) > steps:
            cancel.cancel()

    receipt = db.repair(db.plan(SID), progress=stop, cancel=cancel)

    assert receipt.state is State.RUNNING
    found = [int(str(text).split()[1]) for text in texts(db)]
    assert found == sorted(set(found))
    assert {*range(0, 30, 3)} <= {*found} < {*range(40)}
    [operation] = db.operations()
    assert (operation.id, operation.unfinished) == (receipt.operation, True)
    assert db.plan(SID).operation == receipt.operation
    if steps == 2:
        db.undo(operation.id)
        assert dump(db) == before
        return
    assert db.finish(operation.id).state is State.DONE
    assert texts(db) == told(range(40))
    db.undo(operation.id)
    assert dump(db) == before


@pytest.mark.slow
def test_a_stopped_undo_is_finished_before_anything_else(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(28, 30), range(30))
    before = dump(db)
    planning_steps(5)
    receipt = db.repair(db.plan(SID))
    cancel = Cancel()
    stopped = db.undo(receipt.operation or "", progress=lambda _: cancel.cancel(), cancel=cancel)
    assert stopped.state is State.UNDOING
    assert db.plan(SID).refusals[0].why is Why.UNDOING

    db.finish(receipt.operation or "")

    assert dump(db) == before


@pytest.mark.slow
def test_a_stopped_repair_whose_file_changed_can_only_be_undone(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(28, 30), range(30))
    before = dump(db)
    planning_steps(5)
    cancel = Cancel()

    def stop(progress: Progress) -> None:
        if progress.phase is Phase.INSERT:
            cancel.cancel()

    receipt = db.repair(db.plan(SID), progress=stop, cancel=cancel)
    builders.jsonl(db.path.parent, SID, [at(number) for number in range(31)])

    with pytest.raises(PlanRefused, match=f"left alone: changed {receipt.operation}") as caught:
        db.finish(receipt.operation or "")
    assert (caught.value.refusal.why, caught.value.refusal.detail) == (Why.CHANGED, receipt.operation)

    db.undo(receipt.operation or "")
    assert dump(db) == before


@pytest.mark.slow
def test_a_repair_that_an_older_version_stopped_goes_on(tmp_path: Path) -> None:
    """Its journal names the file without `ctime_ns`; mutant: the whole stamp compared."""
    db = legacy(tmp_path, range(28, 30), range(30))
    planning_steps(5)
    cancel = Cancel()

    def stop(progress: Progress) -> None:
        if progress.phase is Phase.INSERT:
            cancel.cancel()

    receipt = db.repair(db.plan(SID), progress=stop, cancel=cancel)
    assert receipt.state is State.RUNNING
    sqlite_files.run(
        db.path,
        "UPDATE hermes_tui_operations SET entry = json_remove(entry, '$.stamp[3]')"
        " WHERE json_array_length(entry, '$.stamp') = 4",
    )

    assert db.finish(receipt.operation or "").state is State.DONE
    assert texts(db) == told(range(30))


@pytest.mark.slow
def test_only_the_last_repair_of_a_session_can_be_undone_first(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    first = db.repair(db.plan(SID))
    builders.jsonl(db.path.parent, SID, [at(number) for number in range(8)])
    second = db.repair(db.plan(SID))

    with pytest.raises(Refused, match=str(second.operation)):
        db.undo(first.operation or "")

    db.undo(second.operation or "")
    db.undo(first.operation or "")
    assert texts(db) == told(range(3, 5))
    with pytest.raises(OperationMissing):
        db.undo("nothing")


@pytest.mark.slow
def test_a_plan_whose_file_changed_is_refused_with_nothing_done(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    plan, before = db.plan(SID), dump(db)
    builders.jsonl(db.path.parent, SID, [at(number) for number in range(6)])

    with pytest.raises(PlanChanged):
        db.repair(plan)

    assert dump(db) == before
    assert not (db.path.parent / backup.FOLDER).exists()


@pytest.mark.slow
def test_a_lock_that_stays_is_told_and_nothing_is_half_done(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    plan, before = db.plan(SID), dump(db)
    sqlite_of(db).writer._patience = 0.05

    with builders.locked(db.path), pytest.raises(Locked):
        db.repair(plan)

    assert dump(db) == before
    assert not (db.path.parent / backup.FOLDER).exists()


@pytest.mark.slow
def test_no_room_for_the_backup_is_told_and_nothing_is_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    plan, before = db.plan(SID), dump(db)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull):
        db.repair(plan)

    assert dump(db) == before
    assert not (db.path.parent / backup.FOLDER).exists()


@pytest.mark.slow
def test_a_folder_in_the_way_and_a_read_only_store_are_told(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    plan = db.plan(SID)
    with pytest.raises(ReadOnly):
        SessionDB(db.path, read_only=True).repair(plan)
    (db.path.parent / "backups").write_text("a file")

    with pytest.raises(NoPermission):
        db.repair(plan)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["compression_locks", "session_turn_leases"])
def test_a_live_lock_of_hermes_is_respected_and_a_dead_one_is_not(tmp_path: Path, table: str) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    if table == "session_turn_leases":
        columns = "conversation_id TEXT PRIMARY KEY, holder TEXT, acquired_at REAL, expires_at REAL"
        run(db, f"CREATE TABLE session_turn_leases ({columns})")
    plan = db.plan(SID)
    run(db, f"INSERT INTO {table} VALUES (?, 'gateway', 0, 9e9)", SID)

    assert [one.why for one in db.plan(SID, merge=True).refusals] == [Why.BUSY]
    with pytest.raises(Refused):
        db.repair(plan)
    run(db, f"UPDATE {table} SET expires_at = 1")
    assert db.repair(db.plan(SID)).inserted == 3


@pytest.mark.slow
def test_what_the_user_took_back_stays_back_and_the_rest_needs_a_word(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(2, 8), range(8))
    run(db, "UPDATE messages SET active = 0 WHERE session_id = ? AND content IN ('message 6', 'message 7')", SID)
    plan = db.plan(SID)
    assert ([one.why for one in plan.refusals], plan.insert, plan.applies) == ([Why.UNDONE], 0, False)
    assert db.objection(SID) == (plan.check, Why.UNDONE)
    with pytest.raises(Refused):
        db.repair(plan)

    db.repair(db.plan(SID, merge=True))

    assert texts(db) == told(range(6))
    assert db.check(SID).missing_in_sqlite == 0


@pytest.mark.slow
def test_a_compaction_needs_a_word(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(6, 8), range(8))
    run(db, "UPDATE messages SET content = '[CONTEXT COMPACTION] older' WHERE content = 'message 6'")

    assert db.plan(SID).refusals[0].why is Why.COMPACTED
    assert db.objection(SID)[1] is Why.COMPACTED
    assert not db.plan(SID).applies


@pytest.mark.slow
def test_rows_written_anew_after_the_file_need_a_word(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(4), range(8))
    run(db, "UPDATE messages SET timestamp = timestamp + 1e9 WHERE session_id = ?", SID)

    assert [one.why for one in db.plan(SID).refusals] == [Why.REWRITTEN]
    assert db.repair(db.plan(SID, merge=True)).inserted == 4


@pytest.mark.slow
def test_uncertain_places_are_left_and_the_certain_ones_are_filled(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    own = [
        say("user", "a", timestamp=1.7e9),
        say("user", "mine", timestamp=1.7e9 + 5),
        say("user", "z", timestamp=1.7e9 + 9),
    ]
    theirs = [own[0], say("user", "theirs"), own[2], say("user", "more", timestamp=1.7e9 + 10)]
    builders.store(db, SID, own)
    builders.jsonl(home, SID, theirs)
    plan = db.plan(SID)
    assert ([(one.why, one.messages) for one in plan.refusals], plan.insert) == ([(Why.EDITED_OR_LOST, 1)], 1)
    assert db.objection(SID) == (plan.check, None)

    db.repair(plan)

    assert texts(db) == ["a", "mine", "z", "more"]
    db.repair(db.plan(SID, merge=True))
    assert texts(db) == ["a", "theirs", "mine", "z", "more"]


@pytest.mark.slow
def test_an_ok_of_today_is_not_the_ok_of_last_month_where_both_clocks_agree(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    old = [at(number, text="ok" if number in (5, 7) else "") for number in range(10)]
    new = [at(3_000_001, text="ok"), at(3_000_002)]
    builders.store(db, SID, [*old[:3], *new])
    builders.jsonl(home, SID, old)

    db.repair(db.plan(SID))

    assert texts(db) == [one["content"] for one in (*old, *new)]


@pytest.mark.slow
def test_an_ok_that_each_side_has_once_is_one_message_whatever_the_clocks_say(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    old = [at(number, text="ok" if number == 5 else "") for number in range(10)]
    builders.store(db, SID, [*old[:3], at(3_000_001, text="ok"), at(3_000_002)])
    builders.jsonl(home, SID, old)

    db.repair(db.plan(SID))

    assert texts(db).count("ok") == 1


@pytest.mark.slow
def test_a_session_that_only_jsonl_knows_gets_a_row(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.jsonl(home, SID, [META | {"title": "Old days"}, at(1), at(2)])
    index = {"agent:main:telegram:dm:7": {"session_id": SID, "platform": "telegram", "origin": {"user_id": "u7"}}}
    (home / "sessions" / "sessions.json").write_text(json.dumps(index))
    [plan] = db.plans()
    assert [one.why for one in plan.refusals] == [Why.NO_ROW]
    assert [one.creates_session for one in db.plans(adopt=True)] == [True]

    receipt = db.repair(db.plan(SID))

    row = db.get_session(SID)
    assert row is not None
    known = ("source", "model", "title", "user_id", "started_at", "message_count")
    assert [row[name] for name in known] == ["telegram", "opus", "Old days", "u7", 1.7e9 + 1, 2]
    db.undo(receipt.operation or "")
    assert db.get_session(SID) is None
    assert db.check(SID).verdict is Verdict.JSONL_ONLY


@pytest.mark.slow
def test_an_adopted_session_that_went_on_keeps_its_row_when_it_is_undone(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.jsonl(home, SID, [at(1), at(2)])
    receipt = db.repair(db.plan(SID))
    db.append_message(SID, "user", "later")

    db.undo(receipt.operation or "")

    assert texts(db) == ["later"]


@pytest.mark.slow
def test_fields_become_columns_and_what_has_none_is_counted(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    call = {"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}
    messages = [
        say(
            "user",
            [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:x"}}],
            message_id="77",
        ),
        say("assistant", None, tool_calls=[call], reasoning="look", finish_reason="tool_calls"),
        say("tool", '{"output": "a"}', tool_call_id="c1", name="terminal"),
        say("assistant", "done", mirror=True, mirror_source="cron", reasoning_details=[{"type": "x"}]),
    ]
    builders.jsonl(home, SID, messages)
    plan = db.plan(SID)
    assert plan.left_out == {"mirror": 1, "mirror_source": 1}

    db.repair(plan)

    rows = db.get_messages(SID)
    assert [row["role"] for row in rows] == ["user", "assistant", "tool", "assistant"]
    assert rows[0]["content"] == messages[0]["content"]
    assert rows[0]["platform_message_id"] == "77"
    assert rows[1]["tool_calls"] == [call]
    assert (rows[1]["reasoning"], rows[1]["finish_reason"]) == ("look", "tool_calls")
    assert (rows[2]["tool_name"], rows[2]["tool_call_id"]) == ("terminal", "c1")
    row = db.get_session(SID)
    assert row is not None
    assert row["tool_call_count"] == 1
    assert db.check(SID).verdict is Verdict.SAME


@pytest.mark.slow
def test_times_of_what_is_inserted_never_fall(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.store(db, SID, [at(5), at(9)])
    wrong = [
        say("user", "first"),
        say("user", "late", timestamp=1.8e9),
        at(5),
        say("user", "none"),
        at(9),
        say("user", "end"),
    ]
    builders.jsonl(home, SID, wrong)

    db.repair(db.plan(SID, merge=True))

    times = [float(str(row["timestamp"])) for row in db.get_messages(SID)]
    assert times == sorted(times)
    assert texts(db) == ["first", "late", "message 5", "none", "message 9", "end"]


@pytest.mark.slow
def test_two_undos_at_once_share_the_work_and_their_receipts_add_up(tmp_path: Path) -> None:
    """Mutant: the step that the other took ends this one with an error, and its receipt is lost."""
    db = legacy(tmp_path, range(28, 30), range(30))
    before = dump(db)
    planning_steps(5)
    operation = db.repair(db.plan(SID)).operation or ""
    other = SessionDB(db.path)
    receipts = []

    def beside(progress: Any) -> None:
        if progress.done == 2:  # the other one takes two steps in the middle of this one
            cancel = Cancel()
            stop = lambda seen: cancel.cancel() if seen.done == 2 else None  # noqa: E731
            receipts.append(other.undo(operation, progress=stop, cancel=cancel))

    receipts.append(db.undo(operation, progress=beside))
    other.close()

    assert len(receipts) == 2
    assert (sum(receipt.inserted for receipt in receipts), sum(receipt.moved for receipt in receipts)) == (28, 2)
    assert receipts[0].steps == 2
    assert receipts[1].state is State.UNDONE
    assert dump(db) == before


@pytest.mark.slow
def test_an_undo_uses_no_backup_that_was_changed(era_home: Callable[[str], Path]) -> None:
    """Mutant: no comparison of the digest."""
    home = era_home("v31") / ".hermes"
    db = SessionDB(home / "state.db")
    receipt = db.repair(db.plan(SID))
    assert receipt.backup is not None
    path = receipt.backup / "messages.jsonl"
    path.write_bytes(path.read_bytes().replace(b"message", b"massage", 1))
    after = dump(db)

    with pytest.raises(BackupFailed, match="not as it was written"):
        db.undo(receipt.operation or "")

    assert dump(db) == after
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BackupFailed, match="cannot be read"):
        db.undo(receipt.operation or "")


@pytest.mark.slow
def test_a_moved_row_keeps_every_cell_and_its_place_in_the_display(era_home: Callable[[str], Path]) -> None:
    home = era_home("v31") / ".hermes"
    db = SessionDB(home / "state.db")
    ids = [int(str(row["id"])) for row in db.get_messages(SID)]
    run(db, "UPDATE messages SET content = CAST(x'ff41' AS TEXT), message_uid = 'u-1' WHERE id = ?", ids[0])
    run(db, "UPDATE messages SET display_order = ?, display_identity = x'00ff' WHERE id = ?", ids[0], ids[1])
    before = dump(db)

    receipt = db.repair(db.plan(SID))

    moved = db.get_messages(SID)[-2:]
    assert [row["display_order"] for row in moved] == [moved[0]["id"], moved[0]["id"]]
    assert moved[0]["message_uid"] == "u-1"
    db.undo(receipt.operation or "")
    assert dump(db) == before


def test_tables_that_refer_to_messages_keep_them_where_they_are(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    run(db, "CREATE TABLE stars (message_id INTEGER REFERENCES messages(id) ON DELETE CASCADE)")

    assert [one.why for one in db.plan(SID, merge=True).refusals] == [Why.REFERRED]


@pytest.mark.slow
def test_the_backup_holds_what_was_and_is_for_the_owner_alone(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(3, 5), range(5))
    kept = [row["id"] for row in db.get_messages(SID)]

    receipt = db.repair(db.plan(SID), full_backup=True)

    assert receipt.backup is not None
    assert receipt.backup.parent == db.path.parent / "backups" / "hermes-tui"
    rows = [json.loads(line) for line in (receipt.backup / "messages.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == kept
    about = json.loads((receipt.backup / "session.json").read_text())
    assert (about["session"]["id"], about["messages"]) == (SID, 2)
    assert about["jsonl"]["sha256"] == backup.digest(file_of(db))
    assert {path.stat().st_mode & 0o777 for path in receipt.backup.iterdir()} == {0o600}
    assert receipt.backup.stat().st_mode & 0o777 == 0o700
    copy = SessionDB(receipt.full_backup or Path(), read_only=True)
    assert texts(copy) == told(range(3, 5))
    copy.close()


@pytest.mark.slow
def test_a_full_backup_is_refused_where_it_would_shut_hermes_out(era_home: Callable[[str], Path]) -> None:
    home = era_home("v25") / ".hermes"
    sqlite_files.run(home / "state.db", "PRAGMA journal_mode = DELETE")
    db = SessionDB(home / "state.db")
    shutil.rmtree(home / "backups", ignore_errors=True)

    with pytest.raises(Refused, match="WAL"):
        db.repair(db.plan(SID), full_backup=True)

    assert db.repair(db.plan(SID)).inserted == 993


@pytest.mark.slow
def test_the_first_difference_shows_both_sides(tmp_path: Path) -> None:
    db = legacy(tmp_path, range(2), range(20))
    plan = db.plan(SID)

    assert (plan.same_up_to, plan.common, plan.meta_lines) == (2, 2, 1)
    shown = [(line.sqlite_number, line.jsonl_number, line.inserted) for line in plan.difference[:4]]
    assert shown == [(1, 1, False), (2, 2, False), (None, 3, True), (None, 4, True)]
    assert plan.difference[2].jsonl is not None
    assert plan.difference[2].jsonl.text == "message 2"
