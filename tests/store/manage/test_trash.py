"""Deletion with trash and undo: what goes, what stays, what comes back."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from store import Against, BackupFailed, Cancel, DeletionRefused, Refused, SessionDB, State
from store.manage.model import TrashProgress
from tests import builders
from tests.builders import home, say, sqlite_of, talk
from tests.homes.catalog import FEW
from tests.store.manage.images import faults, files, keys, tables
from tests.store.sqlite_files import run

OLD = 1.7e9


def old_talk(count: int, *, start: int = 0) -> list[builders.Dict]:
    """Messages of long ago."""
    return [{**message, "timestamp": OLD + number} for number, message in enumerate(talk(count, start=start))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home with a chain of two sections, a branch below it, files of each kind, and a bystander."""
    made = home(tmp_path)
    db = SessionDB(made / "state.db")
    db.create_session("root", "telegram")
    db.append_messages("root", old_talk(40))
    db.set_session_title("root", "A title")
    db.end_session("root", "compression")
    db.create_session("tip", "telegram", parent_session_id="root")
    db.append_message("tip", "user", "keyed", timestamp=OLD + 50, key="call-1")
    db.append_messages("tip", old_talk(25, start=40))
    db.create_session("branch", "cli", parent_session_id="root", model_config={"_branched_from": "root"})
    db.append_messages("branch", old_talk(3))
    db.create_session("bystander", "cli")
    db.append_messages("bystander", old_talk(5))
    db.close()
    builders.jsonl(made, "root", talk(4))
    (made / "sessions" / "session_tip.json").write_text('{"messages": []}')
    (made / "sessions" / "request_dump_root_20260101_000000_000001.json").write_text("{}")
    (made / "sessions" / "request_dump_other_root_1.json").write_text("{}")
    (made / "pending_messages").mkdir()
    for name, own in (("pending-1", "tip"), ("pending-2", "bystander")):
        text = f'{{"data": {{"session_id": "{own}", "message": {{"role": "user", "content": "late"}}}}}}'
        (made / "pending_messages" / f"{name}.json").write_text(text)
    return made


def test_a_chain_goes_whole_and_comes_back_with_all_ids(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    before, rows, done = files(folder), tables(db), keys(db)

    plan = db.plan_delete("tip")
    receipt = db.delete(plan)

    assert plan.session_ids == ("root", "tip")
    assert plan.kept_children == ("branch",)
    assert (receipt.state, receipt.messages, receipt.files) == (State.DONE, 66, 4)
    gone = tables(db)
    assert {b"root", b"tip"}.isdisjoint(cell for row in gone["messages"] for cell in row)
    assert len(gone["sessions"]) == 2
    assert keys(db) == []
    assert sorted(files(folder)) == ["pending_messages/pending-2.json", "sessions/request_dump_other_root_1.json"]
    assert not faults(db)
    assert db.search_messages("message 30") == []
    assert all(path.stat().st_mode & 0o077 == 0 for path in [receipt.folder, *receipt.folder.rglob("*")])

    undone = db.restore(receipt.operation)

    assert (undone.state, undone.messages, undone.files, undone.left_in_trash) == (State.UNDONE, 66, 4, ())
    assert tables(db) == rows
    assert keys(db) == done
    assert files(folder) == before
    assert not faults(db)
    assert [hit["session_id"] for hit in db.search_messages("message 64")] == ["tip"]
    assert db.restore(receipt.operation).messages == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_every_chain_of_a_home_of_any_era_comes_back_as_it_was(name: str, era_home: Callable[[str], Path]) -> None:
    folder = era_home(name) / ".hermes"
    db = SessionDB(folder / "state.db")
    rows, before, known = tables(db), files(folder), faults(db)  # an index of two real homes is damaged
    ids = sorted({session.id for session in db.sessions(limit=500).items} | {s.id for s in db.file_sessions()})
    deleted: list[str] = []
    for session_id in ids:
        if all(session_id not in entry.session_ids for entry in db.trash()):
            receipt = db.delete(db.plan_delete(session_id), force=True)
            assert receipt.state is State.DONE
            deleted.append(receipt.operation)
    left = tables(db)
    assert left["messages"] == []
    assert left["sessions"] == []
    assert deleted

    for operation in deleted:
        db.restore(operation)

    assert tables(db) == rows
    assert files(folder) == before
    assert faults(db) == known


def test_children_go_too_where_that_is_asked_for(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    rows = tables(db)

    receipt = db.delete(db.plan_delete("root", with_children=True))

    assert receipt.session_ids == ("root", "tip", "branch")
    db.restore(receipt.operation)
    assert tables(db) == rows


@pytest.mark.parametrize("restored_first", ["root", "branch"])
def test_a_parent_and_a_child_that_were_deleted_apart_find_each_other(folder: Path, restored_first: str) -> None:
    db = SessionDB(folder / "state.db")
    rows = tables(db)
    done = {name: db.delete(db.plan_delete(name)).operation for name in ("branch", "root")}
    order = sorted(done, key=lambda name: name != restored_first)

    for name in order:
        db.restore(done[name])

    assert tables(db) == rows


def test_a_fresh_session_is_left_alone_unless_forced(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    db.append_message("bystander", "user", "just now")
    plan = db.plan_delete("bystander")

    with pytest.raises(DeletionRefused) as caught:
        db.delete(plan)

    assert caught.value.objection.against is Against.RECENT
    assert not (folder / "backups").exists()
    assert db.delete(plan, force=True).state is State.DONE


def test_a_session_that_hermes_works_on_is_left_alone_unless_forced(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    sqlite_of(db).writer.transaction(
        lambda connection: connection.execute("INSERT INTO compression_locks VALUES ('root', 'pid 7', 0, 9e12)")
    )
    plan = db.plan_delete("tip")

    assert [(found.against, found.detail) for found in plan.objections] == [(Against.BUSY, "pid 7")]
    with pytest.raises(DeletionRefused):
        db.delete(plan)
    assert db.delete(plan, force=True).state is State.DONE


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not show who holds locks")
def test_the_session_of_a_chat_that_a_gateway_serves_is_left_alone_unless_forced(folder: Path) -> None:
    """Mutants: any session of a home with a gateway refused; the index of chats not asked."""
    (folder / "sessions" / "sessions.json").write_text('{"agent:main:telegram:dm:1": {"session_id": "tip"}}')
    with (folder / "gateway.lock").open("w") as lock, closing(SessionDB(folder / "state.db")) as db:
        assert not db.plan_delete("tip").objections
        fcntl.flock(lock, fcntl.LOCK_EX)
        plan = db.plan_delete("tip")
        assert [found.against for found in plan.objections] == [Against.HELD]
        assert not db.plan_delete("bystander").objections
        with pytest.raises(DeletionRefused):
            db.delete(plan)
        receipt = db.delete(plan, force=True)
        assert (receipt.state, receipt.gateway is not None) == (State.DONE, True)


def test_a_taken_title_comes_back_as_restored(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    receipt = db.delete(db.plan_delete("tip"))
    db.set_session_title("bystander", "A title")

    undone = db.restore(receipt.operation)

    assert undone.titles == {"root": "A title (restored)"}
    assert db.get_session_title("root") == "A title (restored)"


def stop_after(steps: int) -> tuple[Cancel, Callable[[TrashProgress], None]]:
    """A request to stop after some steps, and what makes it."""
    cancel, left = Cancel(), [steps]

    def _stop(_: TrashProgress) -> None:
        left[0] -= 1
        if left[0] == 0:
            cancel.cancel()

    return cancel, _stop


@pytest.mark.parametrize("finish", [True, False])
def test_a_stopped_deletion_is_finished_or_undone(folder: Path, finish: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.base.step_sizing.STEP_ROWS", 10)
    db = SessionDB(folder / "state.db")
    rows, before = tables(db), files(folder)
    cancel, progress = stop_after(2)
    stopped = db.delete(db.plan_delete("tip"), progress=progress, cancel=cancel)
    assert stopped.state is State.RUNNING
    assert 0 < db.message_count("root") + db.message_count("tip") < 66
    if finish:
        plan = db.plan_delete("root")
        assert plan.operation == stopped.operation
        assert db.delete(plan).state is State.DONE
        assert db.get_session("tip") is None

    cancel, progress = stop_after(2)
    assert db.restore(stopped.operation, progress=progress, cancel=cancel).state is State.UNDOING
    assert db.restore(stopped.operation).state is State.UNDONE
    assert tables(db) == rows
    assert files(folder) == before
    assert not faults(db)


def test_what_was_written_meanwhile_stays_behind_what_comes_back(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    counted = int(str((db.get_session("tip") or {})["message_count"]))
    receipt = db.delete(db.plan_delete("tip"))
    db.ensure_session("tip", "telegram")
    db.append_message("tip", "user", "after it was gone")
    builders.jsonl(folder, "root", talk(9))

    undone = db.restore(receipt.operation)

    contents = [row["content"] for row in db.get_messages("tip")]
    assert contents[0] == "keyed"
    assert contents[-1] == "after it was gone"
    assert len(contents) == 27
    row = db.get_session("tip") or {}
    assert (row["message_count"], row["parent_session_id"]) == (counted + 1, "root")
    assert len(undone.left_in_trash) == 0, "the file that is there begins with what was in the trash"


def test_what_was_imported_meanwhile_is_not_put_back_beside_it(folder: Path) -> None:
    """Mutants: no look at all; the time, the session or the words left out, by which a message is another one."""
    db = SessionDB(folder / "state.db")
    before = [(row["content"], row["timestamp"]) for row in db.get_messages("tip")]
    receipt = db.delete(db.plan_delete("tip"))
    db.ensure_session("tip", "telegram")
    db.append_messages("tip", [{**message, "timestamp": OLD + 900} for message in old_talk(1, start=50)])
    db.append_messages("tip", [*old_talk(1), *old_talk(2, start=40)])
    db.append_message("tip", "user", "other words", timestamp=OLD + 8)
    with pytest.raises(Refused, match=r"^2 of the 66 messages are there already .* delete tip, .* undo 20"):
        db.restore(receipt.operation)
    assert len(db.get_messages("tip")) == 5
    assert db.get_session("root") is None
    db.delete(db.plan_delete("tip"))
    db.restore(receipt.operation)
    assert [(row["content"], row["timestamp"]) for row in db.get_messages("tip")] == before


def test_a_file_whose_place_was_taken_stays_in_the_trash(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    receipt = db.delete(db.plan_delete("tip"))
    builders.jsonl(folder, "root", [say("user", "another one")])

    undone = db.restore(receipt.operation)

    assert [path.suffix for path in undone.left_in_trash] == [".jsonl"]
    assert b"message 3" in undone.left_in_trash[0].read_bytes()
    assert b"another one" in (folder / "sessions" / "root.jsonl").read_bytes()


def test_messages_that_come_during_a_deletion_go_into_the_trash_too(folder: Path) -> None:
    db, agent = SessionDB(folder / "state.db"), SessionDB(folder / "state.db")
    number = [0]

    def _append(_: TrashProgress) -> None:
        number[0] += 1
        if number[0] < 4:
            agent.append_message("tip", "user", f"live {number[0]}")

    receipt = db.delete(db.plan_delete("tip"), force=True, progress=_append)

    assert receipt.messages == 69
    db.restore(receipt.operation)
    assert [row["content"] for row in db.get_messages("tip")][-3:] == ["live 1", "live 2", "live 3"]
    assert (db.get_session("tip") or {})["message_count"] == 29


def test_a_repair_takes_no_id_that_an_undo_needs(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    ids = db.store.managed.message_ids(["root"])
    receipt = db.delete(db.plan_delete("tip"))
    assert db.store.engine.repairs.free_ids(ids[0] - 1, ids[-1] + 1, 1) is None

    db.empty(db.plan_emptying())

    assert not receipt.folder.exists()
    assert db.trash() == ()
    assert db.store.engine.repairs.free_ids(ids[0] - 1, ids[-1] + 1, 1) is not None
    assert "bystander" in {session.id for session in db.sessions().items}


def test_the_trash_of_damaged_bytes_changes_nothing(folder: Path) -> None:
    db = SessionDB(folder / "state.db")
    receipt = db.delete(db.plan_delete("tip"))
    part = receipt.folder / "rows-1.jsonl"
    part.write_bytes(part.read_bytes().replace(b"message 7", b"massage 7"))

    with pytest.raises(Exception, match="not as it was written"):
        db.restore(receipt.operation)

    assert db.get_session("tip") is None
    assert db.trash()[0].state is State.DONE


def _changed(folder: Path, change: Callable[[builders.Dict], object]) -> None:
    path = folder / "trash.json"
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


BROKEN: dict[str, Callable[[Path], object]] = {
    "a file that leaves the home": lambda own: _changed(own, lambda value: value["files"][0].update(path="../x.json")),
    "a file of the system": lambda own: _changed(own, lambda value: value["files"][0].update(path="/x.json")),
    "a file that is no transcript": lambda own: _changed(own, lambda value: value["files"][0].update(path="state.db")),
    "a copy from elsewhere": lambda own: _changed(own, lambda value: value["files"][0].update(name="../../x.json")),
    "rows of another name": lambda own: _changed(own, lambda value: value["rows"][0].update(name="rows-x.jsonl")),
    "a title that is a number": lambda own: _changed(own, lambda value: value.update(title=5)),
    "a size that is a text": lambda own: _changed(own, lambda value: value["files"][0].update(size="9")),
    "an id that is none": lambda own: _changed(own, lambda value: value.update(session_ids=[None])),
    "a file that is a pipe": lambda own: _piped(own / "trash.json"),
    "a file without an end": lambda own: os.truncate(own / "trash.json", 1 << 40),
    "a copy that was changed": lambda own: (own / "files" / "1.jsonl").write_text("{}"),
    "a copy that is missing": lambda own: (own / "files" / "1.jsonl").unlink(),
    "a copy that is a link": lambda own: _linked(own / "files" / "1.jsonl"),
}


def _piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _linked(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def test_an_undo_uses_nothing_that_is_not_as_it_was_written(folder: Path) -> None:
    """Mutants: `place` or `_FILE` without their tests; no limit of the size; copies taken without their digest."""
    db = SessionDB(folder / "state.db")
    receipt = db.delete(db.plan_delete("tip"))
    sound = folder.parent / "sound"
    shutil.copytree(receipt.folder, sound)
    before = files(folder)
    for name, act in BROKEN.items():
        act(receipt.folder)
        with pytest.raises(BackupFailed):
            db.restore(receipt.operation)
        assert [entry.id for entry in db.trash()] == [receipt.operation], name
        assert db.get_session("tip") is None, name
        assert files(folder) == before, name
        shutil.rmtree(receipt.folder)
        shutil.copytree(sound, receipt.folder)
    assert db.restore(receipt.operation).files == 4


def test_a_journal_of_anybodys_names_no_folder_of_others(folder: Path) -> None:
    """Mutants: every id and state is taken as the journal has it, and emptying the trash removes the folder there; it
    removes what is in a folder that a link among ours leads to."""
    db = SessionDB(folder / "state.db")
    receipt = db.delete(db.plan_delete("tip"))
    (folder / "kept" / "files").mkdir(parents=True)
    (receipt.folder.parent / "linked").symlink_to(folder / "kept")
    entry = json.dumps({"session_ids": ["s"], "restored": -5, "backup": "../../kept"})
    for kind in ("repair", "trash"):
        for operation in ("../../kept", "1/../../../kept", "/", "", "2026 1", f"2026-{len(kind)}"):
            state = "odd" if "-" in operation else "done"
            values = f"'{operation}', 0, '{kind}', 's', '{state}', 1.0, 1.0, '{entry}'"
            run(folder / "state.db", f"INSERT OR REPLACE INTO hermes_tui_operations VALUES ({values})")

        assert [entry.id for entry in db.trash()] == [receipt.operation]
        assert db.operations() == ()
    db.empty(db.plan_emptying())
    assert (folder / "kept" / "files").is_dir()
    assert not (receipt.folder.parent / "linked").is_symlink()
