"""The gateway of a home is seen by its lock, its process or its heartbeats, and never disturbed.

Mutants that these tests were seen to catch: a lock of another kind, on another file, or that is waited for; a process
that has another start time; a lock taken for the look; "cannot see" taken for "none"; heartbeats of any age.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hermes_tui.__main__ import main
from store.files.gateway import Gateway, GatewayState, find_gateway
from tests.builders import db, home, jsonl, say, store
from tests.store.sqlite_files import run

NONE = Gateway(GatewayState.NONE)
_HOLDER = """
import fcntl, sys
held = open(sys.argv[1], "r+")
fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home with a session that lacks a message, and the files of a gateway that ended."""
    folder = home(tmp_path)
    said = [say("user", f"message {number}", timestamp=1.7e9 + number) for number in range(3)]
    with closing(db(folder)) as database:
        store(database, "s1", said[:2])
    jsonl(folder, "s1", said)
    record = {"pid": 4242, "kind": "hermes-gateway", "argv": ["hermes"], "start_time": 777, "hermes_home": str(folder)}
    for name in ("gateway.lock", "gateway.pid"):
        (folder / name).write_text(json.dumps(record))
    return folder


def proc(tmp_path: Path, *locks: str, stat: str = "") -> Path:
    """A /proc with these locks, and process 4242 with this stat."""
    made = tmp_path / "proc"
    (made / "4242").mkdir(parents=True, exist_ok=True)
    (made / "locks").write_text("".join(f"{number}: {lock}\n" for number, lock in enumerate(locks, 1)))
    (made / "4242" / "stat").write_text(stat)
    return made


def place(path: Path, *, device: str = "") -> str:
    """A file as /proc/locks names it."""
    state = path.stat()
    return f"{device or f'{os.major(state.st_dev):02x}:{os.minor(state.st_dev):02x}'}:{state.st_ino}"


STAT = "4242 (a ) b) S 1 1 1 0 -1 4 1 0 1 0 1 0 0 0 20 0 1 0 777 99 99"


def test_its_lock_is_seen_in_the_systems_table(folder: Path, tmp_path: Path) -> None:
    lock, other = place(folder / "gateway.lock"), place(folder / "gateway.pid")

    def seen(*lines: str) -> Gateway:
        return find_gateway(folder, proc=proc(tmp_path, *lines))

    assert seen(f"FLOCK  ADVISORY  WRITE 812 {lock} 0 EOF") == Gateway(GatewayState.RUNNING, 812)
    assert seen(f"FLOCK  ADVISORY  WRITE -1 {lock} 0 EOF") == Gateway(GatewayState.RUNNING)
    assert seen(f"POSIX  ADVISORY  WRITE 812 {lock} 0 EOF") == NONE
    assert seen(f"FLOCK  ADVISORY  READ 812 {lock} 0 EOF") == NONE
    assert seen(f"-> FLOCK  ADVISORY  WRITE 812 {lock} 0 EOF") == NONE
    assert seen(f"FLOCK  ADVISORY  WRITE 812 {other} 0 EOF", "garbage") == NONE
    elsewhere = place(folder / "gateway.lock", device="ff:ff")
    assert seen(f"FLOCK  ADVISORY  WRITE 812 {elsewhere} 0 EOF") == NONE
    assert seen(f"FLOCK  ADVISORY  WRITE 4242 {elsewhere} 0 EOF") == Gateway(GatewayState.RUNNING, 4242)


def test_its_process_counts_only_with_the_start_time_of_the_record(folder: Path, tmp_path: Path) -> None:
    assert find_gateway(folder, proc=proc(tmp_path, stat=STAT)) == Gateway(GatewayState.RUNNING, 4242)
    assert find_gateway(folder, proc=proc(tmp_path, stat=STAT.replace("777", "778"))) == NONE
    assert find_gateway(folder, proc=proc(tmp_path, stat="")) == NONE
    (folder / "gateway.pid").write_text('{"pid": 4242, "kind": "another", "start_time": 777}')
    assert find_gateway(folder, proc=proc(tmp_path, stat=STAT)) == NONE


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"pid": "x"}', '{"pid": true, "kind": "hermes-gateway"}', "\x00" * 9]
)
def test_records_of_any_content_raise_nothing(folder: Path, tmp_path: Path, content: str) -> None:
    for name in ("gateway.lock", "gateway.pid"):
        (folder / name).write_text(content)
    assert find_gateway(folder, proc=proc(tmp_path, stat=STAT)) == NONE


def test_where_the_system_has_no_table_it_says_that_it_cannot_see(folder: Path, tmp_path: Path) -> None:
    assert find_gateway(folder, proc=tmp_path / "nothing") == Gateway(GatewayState.UNKNOWN)
    (folder / "gateway.lock").unlink()
    (folder / "gateway.pid").unlink()
    assert find_gateway(folder, proc=tmp_path / "nothing") == NONE


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """A process that holds the lock as a gateway does; its pid."""
    command = [sys.executable, "-c", _HOLDER, str(folder / "gateway.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.stdin.close()


def state(folder: Path) -> list[tuple[bytes, int, int]]:
    """Content, time of the last change and inode of the gateway's files."""
    paths = [folder / "gateway.lock", folder / "gateway.pid"]
    return [(path.read_bytes(), path.stat().st_ctime_ns, path.stat().st_ino) for path in paths]


needs_table = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the system shows no locks")


@pytest.mark.slow
@needs_table
def test_plan_receipt_and_doctor_name_the_process_and_when_it_sees_the_rows(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a lock was tried that a starting gateway could miss")

    monkeypatch.setattr(fcntl, "flock", refuse)
    before = state(folder)
    with running(folder) as pid:
        note = f"the gateway (pid {pid}) may have this session in memory, and sees the rows after /resume or a restart"
        assert main(["--home", str(folder), "repair", "s1", "--dry-run"]) == 0
        assert f"  note     {note}" in capsys.readouterr().out.splitlines()
        assert main(["--home", str(folder), "doctor"]) in (0, 1)
        assert f"runs (pid {pid})" in capsys.readouterr().out
        monkeypatch.undo()
        assert main(["--home", str(folder), "repair", "s1", "--yes", "--json"]) == 0
        [receipt] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert (receipt["inserted"], receipt["note"]) == (1, note)
        assert main(["--home", str(folder), "undo", receipt["operation"], "--yes"]) == 0
        assert f"  note     {note}" in capsys.readouterr().out.splitlines()
    assert main(["--home", str(folder), "repair", "s1", "--yes"]) == 0
    assert "note" not in capsys.readouterr().out
    assert state(folder) == before


def test_a_heartbeat_of_another_machine_is_a_sign_as_long_as_it_is_fresh(folder: Path) -> None:
    path = folder / "state.db"
    run(
        path,
        "CREATE TABLE gateway_heartbeats(backend_id TEXT, pid INT, started_at REAL, last_heartbeat REAL, host TEXT)",
    )
    run(path, f"INSERT INTO gateway_heartbeats VALUES ('b-1', 7, 1, {time.time() - 30}, 'attic')")
    with closing(db(folder)) as database:
        assert database.plan("s1").gateway == Gateway(GatewayState.RUNNING, backend="b-1 on attic")
        run(path, "UPDATE gateway_heartbeats SET last_heartbeat = last_heartbeat - 3600")
        assert database.plan("s1").gateway is None


def test_a_session_that_runs_a_turn_is_refused(folder: Path) -> None:
    path = folder / "state.db"
    run(path, "CREATE TABLE session_turn_leases(conversation_id TEXT, holder TEXT, acquired_at REAL, expires_at REAL)")
    run(path, f"INSERT INTO session_turn_leases VALUES ('s1', 'gateway:812', 1, {time.time() + 60})")
    with closing(db(folder)) as database:
        plan = database.plan("s1")
    assert [(refusal.why.value, refusal.detail) for refusal in plan.refusals] == [("busy", "gateway:812")]
    assert not plan.applies
