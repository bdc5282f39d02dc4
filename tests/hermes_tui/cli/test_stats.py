"""The verb stats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hermes_tui.__main__ import main
from tests import builders
from tests.builders import say


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two sources, a cost, a tool that failed."""
    folder = builders.home(tmp_path)
    db = builders.db(folder)
    builders.store(db, "first", [say("user", "hello", timestamp=1.7e9)] * 3)
    builders.store(db, "second", [say("user", "hello", timestamp=1.7e9 + 86_400)], source="telegram")
    db.append_message("second", "tool", '{"exit_code": 1}', tool_name="terminal", timestamp=1.7e9)
    db.update_token_counts("second", input_tokens=1500, estimated_cost_usd=1.5)
    db.close()
    return folder


def test_stats_say_what_there_is_and_what_it_cost(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(home), "stats"]) == 0
    shown = capsys.readouterr().out
    assert "sessions   2\nmessages   5\n" in shown
    assert "$1.50 estimated, 1 of 2 sessions without any" in shown
    assert "activity by day" in shown
    assert main(["--home", str(home), "stats", "source:cli"]) == 0
    assert "cost       no session has one stored\n" in capsys.readouterr().out  # mutant: $0.00, as if it was known

    assert main(["--home", str(home), "stats", "--by", "source"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [row[:5] for row in rows] == [["cli", "1", "3", "0", "$0.00"], ["telegram", "1", "2", "1500", "$1.50"]]

    assert main(["--home", str(home), "stats", "source:telegram", "--by", "tool"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["terminal", "1", "1", "100.0", "%"]

    assert main(["--home", str(home), "stats", "source:telegram", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["total"]["sessions"], said["total"]["estimated_usd"], said["days"]) == (
        1,
        1.5,
        {"2023-11-14": 1, "2023-11-15": 1},
    )
    assert said["tools"] == [{"name": "terminal", "calls": 1, "errors": 1}]


def test_what_is_not_counted_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mutants: a session that SQLite has counted again; a query's numbers said to lack what it did not choose."""
    builders.jsonl(home, "first", builders.talk(2))
    assert main(["--home", str(home), "stats"]) == 0
    assert "besides" not in capsys.readouterr().out
    builders.jsonl(home, "filed", builders.talk(2))
    assert main(["--home", str(home), "stats"]) == 0
    assert "1 session in JSONL alone, not counted" in capsys.readouterr().out
    assert main(["--home", str(home), "stats", "source:telegram"]) == 0
    assert "besides" not in capsys.readouterr().out


def test_a_wrong_filter_or_group_is_one_line_and_exit_code_2(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(home), "stats", "after:never"]) == 2
    assert "after:never" in capsys.readouterr().err
    assert main(["--home", str(home), "stats", "--by", "colour"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
