"""The verbs repair and undo, as a script and as a person at a terminal use them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from hermes_tui.__main__ import main
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Streams
from hermes_tui.cli.repair import repair, undo
from store import Home, Phase, SessionDB
from tests import builders
from tests.builders import META, say, sqlite_of


def at(number: int) -> dict[str, Any]:
    """Message `number`, at its own second."""
    return say("user", f"message {number}", timestamp=1.7e9 + number)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """One session that lacks two messages, one that only a file knows."""
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    builders.store(db, "known", [at(2)])
    db.close()
    builders.aged(builders.jsonl(folder, "known", [META, at(0), at(1), at(2)], tail=b'{"role": "us'))
    builders.jsonl(folder, "alone", [at(0)])
    return Home(folder)


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The objects that were printed."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def run(home: Home, *arguments: str) -> int:
    """The exit code of a command line."""
    return main(["--home", str(home.folder), *arguments])


def texts(home: Home, session_id: str = "known") -> list[object]:
    """What a session says."""
    db = SessionDB(home.state_db, read_only=True)
    found = [one["content"] for one in db.get_messages_as_conversation(session_id)]
    db.close()
    return found


@pytest.mark.slow
def test_a_dry_run_shows_the_plan_and_writes_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "repair", "--all", "--dry-run") == 1

    shown = capsys.readouterr().out
    assert "insert   2 messages before all others" in shown
    assert "leave    1 session_meta line, 1 damaged line (5)" in shown
    assert "it was never imported, or it was deleted" in shown
    assert texts(home) == ["message 2"]
    assert run(home, "repair", "known", "--dry-run", "--json") == 0
    [line] = said(capsys)
    assert (line["operation"], line["inserted"], line["moved"], line["backup"]) == (None, 2, 1, None)


@pytest.mark.slow
def test_repair_then_undo_by_the_id_that_was_printed(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "repair", "known", "--yes", "--json") == 0
    [line] = said(capsys)
    assert line.keys() >= {"session_id", "verdict", "missing_in_sqlite", "repairable", "reason", "operation", "backup"}
    assert (line["inserted"], Path(line["backup"]).name) == (2, line["operation"])
    assert texts(home) == ["message 0", "message 1", "message 2"]
    assert run(home, "repair", "known", "--yes") == 0

    assert run(home, "undo", line["operation"], "--yes", "--json") == 0

    capsys.readouterr()
    assert texts(home) == ["message 2"]
    assert run(home, "undo", line["operation"], "--yes") == 0
    assert "was undone already" in capsys.readouterr().out


@pytest.mark.slow
def test_all_leaves_what_hermes_does_not_know_unless_it_is_adopted(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "repair", "--all", "--yes") == 1
    assert texts(home, "alone") == []
    assert run(home, "repair", "--all", "--adopt", "--yes", "--full-backup") == 0
    assert texts(home, "alone") == ["message 0"]
    assert "state.db" in capsys.readouterr().out
    assert run(home, "repair", "--all", "--yes") == 0
    assert "nothing to repair" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["repair"], "--all"),
        (["repair", "known", "--all"], "--all"),
        (["repair", "--all", "--merge"], "one session"),
        (["repair", "known"], "--yes"),
        (["repair", "known", "--yes", "--read-only"], "--dry-run"),
        (["repair", "nobody", "--yes"], "no session"),
        (["undo", "nothing", "--yes"], "no repair"),
        (["undo", "nothing", "--yes", "--read-only"], "--read-only"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    home: Home, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, *arguments) == 2

    complaint = capsys.readouterr().err
    assert words in complaint
    assert len(complaint.splitlines()) == 1
    assert texts(home) == ["message 2"]


@pytest.mark.slow
def test_it_asks_on_a_terminal_and_takes_no_for_an_answer(home: Home) -> None:
    questions: list[str] = []

    def ask(question: str) -> bool:
        questions.append(question)
        return len(questions) % 2 == 0

    streams = Streams(io.StringIO(), io.StringIO(), ask)
    options = Options(ids=["known"])

    assert repair(home, options, streams) == 0
    assert texts(home) == ["message 2"]
    assert repair(home, options, streams) == 0
    assert texts(home) == ["message 0", "message 1", "message 2"]
    [operation] = SessionDB(home.state_db, read_only=True).operations()
    assert undo(home, Options(ids=[operation.id]), streams) == 0
    assert undo(home, Options(ids=[operation.id]), streams) == 0
    assert texts(home) == ["message 2"]
    assert questions[0] == "Insert 2 messages into 1 session?"


@pytest.mark.slow
def test_a_stopped_repair_is_finished_by_its_id(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    from store import Cancel
    from store.base import step_sizing

    usual, step_sizing.STEP_ROWS = step_sizing.STEP_ROWS, 1
    cancel = Cancel()
    db = SessionDB(home.state_db)
    receipt = db.repair(
        db.plan("known"),
        progress=lambda progress: cancel.cancel() if progress.phase is Phase.INSERT else None,
        cancel=cancel,
    )
    step_sizing.STEP_ROWS = usual
    db.close()
    assert texts(home) == ["message 2"]

    assert run(home, "repair", str(receipt.operation), "--yes") == 0

    assert texts(home) == ["message 0", "message 1", "message 2"]
    assert str(receipt.operation) in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_refused_is_reported_with_how_to_insist(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    db = SessionDB(home.state_db)
    sqlite_of(db).writer.transaction(lambda connection: list(connection.execute("UPDATE messages SET active = 0")))
    db.close()

    assert run(home, "repair", "known", "--yes") == 1
    assert "--merge inserts them all the same" in capsys.readouterr().out
    assert run(home, "repair", "known", "--merge", "--yes") == 0
    assert texts(home) == ["message 0", "message 1"]


@pytest.mark.slow
def test_all_profiles_as_one_show_plans_and_are_not_written(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Mutant: no look at whether the home stands for all: a profile called `all` is made."""
    work = home.folder / "profiles" / "work"
    (work / "sessions").mkdir(parents=True)
    db = SessionDB(work / "state.db")
    builders.store(db, "known", [at(2)])
    db.close()
    builders.jsonl(work, "known", [at(0), at(2)])

    assert run(home, "--profile", "all", "repair", "--all", "--dry-run", "--json") == 1
    assert {(line["session_id"], line["inserted"]) for line in said(capsys)} == {
        ("alone", 0),
        ("known", 2),
        ("work/known", 1),
    }
    assert run(home, "--profile", "all", "repair", "work/known", "--dry-run", "--json") == 0
    assert [line["session_id"] for line in said(capsys)] == ["work/known"]
    for verb in (["repair", "work/known", "--yes"], ["repair", "--all", "--yes"], ["undo", "1", "--yes"]):
        assert run(home, "--profile", "all", *verb) == 2
        assert "name the one to write to with --profile NAME" in capsys.readouterr().err
    assert [path.name for path in (home.folder / "profiles").iterdir()] == ["work"]


@pytest.mark.slow
def test_undo_without_an_id_lists_the_repairs(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "undo") == 0
    assert capsys.readouterr().out == "no repair and no deletion was made here yet\n"
    assert run(home, "repair", "known", "--yes", "--json") == 0
    [made] = said(capsys)
    assert run(home, "undo", "--json") == 0
    [line] = said(capsys)
    assert (line["id"], line["session_id"], line["inserted"], line["state"]) == (made["operation"], "known", 2, "done")
    assert run(home, "undo") == 0
    assert made["operation"] in capsys.readouterr().out
    assert run(home, "undo", made["operation"], "another") == 2
