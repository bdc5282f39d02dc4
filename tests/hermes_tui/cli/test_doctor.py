"""The doctor as a verb: a line for each check, an exit code, and the replay of what waits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hermes_tui.__main__ import main
from store import Replaced, SessionDB, SessionRecorder
from tests import builders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = builders.home(tmp_path)
    builders.store(builders.db(folder), "s", builders.talk(4))
    return folder


def owe(folder: Path) -> None:
    """An agent whose store lost its -shm leaves two messages in a file."""
    recorder = SessionRecorder(SessionDB(folder / "state.db"), "s")
    recorder.record(builders.talk(5))
    (folder / "state.db-shm").rename(folder / "taken")
    with pytest.raises(Replaced):
        recorder.record(builders.talk(7))
    (folder / "taken").rename(folder / "state.db-shm")


def test_a_healthy_home_is_ok_on_every_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(folder), "doctor", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert all(set(line) == {"check", "ok", "detail"} and line["ok"] for line in lines)
    assert {line["check"] for line in lines} == {
        *("sqlite", "mount", "spool", "names", "permissions", "schema", "journal", "wal", "lock"),
        *("operations", "index", "integrity", "gateway"),
    }


@pytest.mark.slow
def test_what_is_not_well_is_exit_code_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    owe(folder)

    assert main(["--home", str(folder), "doctor"]) == 1
    assert "NO  spool" in capsys.readouterr().out


@pytest.mark.slow
def test_a_replay_writes_what_waits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    owe(folder)

    assert main(["--home", str(folder), "doctor", "--replay"]) == 0
    assert "2 messages of hermes-tui-" in capsys.readouterr().err
    assert SessionDB(folder / "state.db").message_count("s") == 7


def test_a_replay_is_refused_where_nothing_may_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    owe(folder)

    assert main(["--home", str(folder), "--read-only", "doctor", "--replay"]) == 2
    assert "--read-only" in capsys.readouterr().err


def test_a_file_that_cannot_be_replayed_is_exit_code_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pending_messages").mkdir()
    (folder / "pending_messages" / "hermes-tui-00.json").write_text("{}")

    assert main(["--home", str(folder), "doctor", "--replay"]) == 2
    assert "keep it" in capsys.readouterr().err


@pytest.mark.slow
def test_one_file_that_is_not_understood_hides_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    owe(folder)
    (folder / "pending_messages" / "hermes-tui-00.json").write_text("{}")

    assert main(["--home", str(folder), "doctor"]) == 1
    out = capsys.readouterr().out
    assert "messages wait that the store would not take, of s" in out
    assert "hermes-tui-00.json does not hold messages" in out


def test_nothing_is_replayed_into_a_store_that_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One made for it would be overwritten by the one that is put back, and what waited would be gone."""
    owe(folder)
    for path in folder.glob("state.db*"):
        path.rename(folder / f"away-{path.name}")

    assert main(["--home", str(folder), "doctor", "--replay"]) == 2
    assert "put it back" in capsys.readouterr().err
    assert not (folder / "state.db").exists()
    assert len(list((folder / "pending_messages").iterdir())) == 1
