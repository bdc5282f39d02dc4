"""The verbs delete, trash, undo, rename, archive and pin, as a script and as a person at a terminal use them."""

from __future__ import annotations

import io
import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from hermes_tui.__main__ import main
from hermes_tui.cli.options import parse
from hermes_tui.cli.output import Streams
from hermes_tui.cli.trash import delete
from store import Home, SessionDB
from tests import builders
from tests.builders import say


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two old sessions, one with a title and a file, and one that is fresh."""
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    for name in ("alpha", "beta"):
        builders.store(db, name, [say("user", f"{name} {number}", timestamp=1.7e9) for number in range(3)])
    builders.store(db, "fresh", [say("user", "now")])
    db.set_session_title("alpha", "The first")
    db.close()
    builders.jsonl(folder, "alpha", [say("user", "alpha 0")])
    return Home(folder)


def run(home: Home, *arguments: str) -> int:
    """The exit code of a command line."""
    return main(["--home", str(home.folder), *arguments])


def ids(home: Home) -> set[str]:
    """The sessions that are there."""
    db = SessionDB(home.state_db, read_only=True)
    found = {session.id for session in db.sessions().items}
    db.close()
    return found


def test_an_export_that_was_imported_is_not_restored_beside_it(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mutant: the times of an import not compared with those of the trash."""
    file = tmp_path / "alpha.jsonl"
    assert run(home, "export", "alpha", "-o", str(file)) == 0
    assert run(home, "delete", "alpha", "--yes") == 0
    assert run(home, "import", str(file)) == 0
    assert run(home, "trash", "restore", "alpha", "--yes") == 1
    assert "3 of the 3 messages are there already" in capsys.readouterr().err
    assert run(home, "verify", str(file)) == 0


def test_a_deletion_is_shown_asked_for_done_and_undone(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []
    out = io.StringIO()

    def _answer(question: str) -> bool:
        asked.append(question)
        return len(asked) > 1

    for _ in range(2):
        assert delete(home, parse(["delete", "alph", "fresh"]), Streams(out, io.StringIO(), _answer)) == (
            1 if len(asked) > 1 else 0
        )
        assert ids(home) == ({"beta", "fresh"} if len(asked) > 1 else {"alpha", "beta", "fresh"})

    assert asked == ["Move 1 session with 3 messages to the trash?"] * 2
    shown = out.getvalue()
    assert "refuse   its last message is younger than 15 minutes" in shown
    assert "deleted: 3 messages and 1 file" in shown
    operation = shown.rsplit("hermes-tui undo ", 1)[1].split()[0]
    capsys.readouterr()
    assert run(home, "undo", operation) == 2
    assert "add --yes" in capsys.readouterr().err
    assert run(home, "undo", operation, "--yes", "--json") == 0
    [said] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (said["state"], said["messages"], said["files"]) == ("undone", 3, 1)
    assert ids(home) == {"alpha", "beta", "fresh"}


def test_the_trash_is_listed_restored_by_a_session_and_emptied(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "trash") == 0
    assert capsys.readouterr().out == "the trash is empty\n"
    assert run(home, "delete", "alpha", "beta", "--yes") == 0
    capsys.readouterr()

    assert run(home, "trash", "list", "--json") == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(entry["session_id"], entry["title"], entry["messages"]) for entry in listed] == [
        ("beta", None, 3),
        ("alpha", "The first", 3),
    ]
    assert run(home, "trash", "restore", "--yes", "beta") == 0
    assert ids(home) == {"beta", "fresh"}
    assert run(home, "trash", "empty", "--dry-run") == 0
    assert "1 deletion that could be undone" in capsys.readouterr().out
    assert run(home, "trash", "empty", "--yes") == 0
    assert run(home, "trash", "restore", "--yes", "alpha") == 2
    assert not list((home.folder / "backups" / "hermes-tui").iterdir())


def test_titles_and_marks_follow_the_rules_of_hermes(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "rename", "beta", "  A\ttitle\u200b ") == 0
    assert capsys.readouterr().out == "beta  is “A title” now\n"
    assert run(home, "rename", "beta", "The first") == 2
    assert "already in use by session alpha" in capsys.readouterr().err
    assert run(home, "rename", "beta", "x" * 101) == 2
    assert run(home, "archive", "beta", "alpha") == 0
    assert "archived: 2 sessions, each section of a chain is one" in capsys.readouterr().out
    assert run(home, "unarchive", "beta") == 0
    assert run(home, "pin", "beta") == 2, "a file of 0.19.0 has no column for it"
    assert "has no column" in capsys.readouterr().err
    db = SessionDB(home.state_db, read_only=True)
    archived = {session.id: session.archived for session in db.sessions().items}
    db.close()
    assert archived == {"alpha": True, "beta": False, "fresh": False}


def test_a_verb_that_wrote_copies_the_wal_into_the_file_and_leaves_it(home: Home, tmp_path: Path) -> None:
    """Mutant: no checkpoint."""
    builders.db(home.folder).append_message("alpha", "user", "x" * 10_000)  # frames that no verb wrote
    assert run(home, "rename", "beta", "Of the WAL") == 0
    wal, copied = Path(f"{home.state_db}-wal"), tmp_path / "alone.db"
    assert wal.stat().st_size > 10_000

    subprocess.run(["cp", home.state_db, copied], check=True)  # without the WAL; `open` here would drop locks

    with closing(SessionDB(copied, read_only=True)) as alone:
        assert [session.id for session in alone.sessions().items if session.title == "Of the WAL"] == ["beta"]


@pytest.mark.parametrize("verb", [["delete", "alpha"], ["rename", "alpha", "x"], ["archive", "alpha"]])
def test_nothing_is_written_where_only_reading_was_asked_for(home: Home, verb: list[str]) -> None:
    assert run(home, "--read-only", *verb) == 2
    assert ids(home) == {"alpha", "beta", "fresh"}
