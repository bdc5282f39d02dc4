"""A home with both sources, and the command line in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_tui.__main__ import main
from tests import builders
from tests.hermes_tui.cli.running import Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: exit code, stdout, stderr."""

    def call(home: Path, *arguments: str) -> tuple[int, str, str]:
        code = main(["--home", str(home), *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two sessions in SQLite, one of them with a longer file, and one that is a file alone."""
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    calls = [{"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": '{"command": "ls"}'}}]
    builders.store(
        db,
        "20260101_100000_aaaaaa",
        [
            builders.say("user", "why does docker fail", timestamp=1_767_261_600.0),
            builders.say("assistant", None, tool_calls=calls, reasoning="look first", timestamp=1_767_261_601.0),
            builders.say("tool", '{"output": "x", "exit_code": 0}', tool_call_id="c1", tool_name="terminal"),
            builders.say("assistant", "the docker daemon is off", finish_reason="stop"),
        ],
    )
    db.set_session_title("20260101_100000_aaaaaa", "Docker fails")
    legacy = builders.talk(6, word="legacy")
    builders.store(db, "20260102_100000_bbbbbbbb", legacy[-2:], source="telegram")
    db.close()
    builders.jsonl(folder, "20260102_100000_bbbbbbbb", [builders.META, *legacy])
    builders.jsonl(folder, "20251220_070000_cccccccc", [builders.META, *builders.talk(3, word="alone")])
    return folder
