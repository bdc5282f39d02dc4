"""The verb `check`."""

from __future__ import annotations

from pathlib import Path

from tests.hermes_tui.cli.running import Run, fingerprint, objects

CHECK_KEYS = (
    "session_id verdict sqlite_messages jsonl_messages missing_in_sqlite missing_in_jsonl damaged_lines doubled"
    " repairable reason edited salvaged"
)


def test_check_says_which_sessions_lost_history_and_exits_with_1(home: Path, run: Run) -> None:
    code, out, err = run(home, "check", "--json")
    rows = {row["session_id"]: row for row in objects(out)}
    assert (code, err) == (1, "")
    assert [" ".join(row) for row in rows.values()] == [CHECK_KEYS] * len(rows)
    legacy = rows["20260102_100000_bbbbbbbb"]
    assert (legacy["verdict"], legacy["missing_in_sqlite"], legacy["repairable"]) == ("jsonl_ahead", 4, True)
    assert rows["20251220_070000_cccccccc"]["verdict"] == "jsonl_only"


def test_check_of_a_sound_session_exits_with_0(home: Path, run: Run) -> None:
    code, out, _ = run(home, "check", "20260101_100000_aaaaaa", "--json")
    assert code == 0
    assert [row["verdict"] for row in objects(out)] == ["sqlite_only"]


def test_check_for_people_counts_what_is_missing(home: Path, run: Run) -> None:
    code, out, err = run(home, "check", "20260102")
    assert code == 1
    assert "jsonl_ahead" in out
    assert "SQLite lacks 4" in out
    assert err == "hermes-tui: 1 session with history that only a JSONL file has\n"


def test_check_of_a_real_home_finds_the_legacy_session(each_home: Path, run: Run) -> None:
    before = fingerprint(each_home / ".hermes")
    code, out, _ = run(each_home / ".hermes", "check", "--json")
    rows = {row["session_id"]: row for row in objects(out)}
    assert code == 1
    assert rows["20260105_120000_1e9ac1e5"]["verdict"] in {"jsonl_ahead", "diverged"}
    assert rows["20251220_070000_0f11e0e5"]["verdict"] == "jsonl_only"
    assert fingerprint(each_home / ".hermes") == before
