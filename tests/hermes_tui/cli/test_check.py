"""The verb `check`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import aged, db, jsonl, say, store, talk
from tests.builders import home as empty_home
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


def test_a_check_of_an_empty_home_says_so(tmp_path: Path, run: Run) -> None:
    """Mutant: the names of columns without a row."""
    assert run(empty_home(tmp_path), "check") == (0, "there is no session to compare\n", "")


def test_check_of_a_sound_session_exits_with_0(home: Path, run: Run) -> None:
    code, out, _ = run(home, "check", "20260101_100000_aaaaaa", "--json")
    assert code == 0
    assert [row["verdict"] for row in objects(out)] == ["sqlite_only"]


def test_check_for_people_counts_what_is_missing(home: Path, run: Run) -> None:
    code, out, err = run(home, "check", "20260102")
    assert code == 1
    head, row = out.splitlines()
    assert head == "verdict       SQLite   JSONL  session"
    assert row.startswith("jsonl_ahead ")
    assert "SQLite lacks 4" in row
    assert err == "hermes-tui: 1 session with history that only a JSONL file has\n"
    row = run(home, "check", "20260101_100000_aaaaaa")[1].splitlines()[1]
    assert row.endswith("  20260101_100000_aaaaaa"), "without a file nothing is missing in it"


@pytest.mark.slow
def test_check_of_a_real_home_finds_the_legacy_session(each_home: Path, run: Run) -> None:
    before = fingerprint(each_home / ".hermes")
    code, out, _ = run(each_home / ".hermes", "check", "--json")
    rows = {row["session_id"]: row for row in objects(out)}
    assert code == 1
    assert rows["20260105_120000_1e9ac1e5"]["verdict"] in {"jsonl_ahead", "diverged"}
    assert rows["20251220_070000_0f11e0e5"]["verdict"] == "jsonl_only"
    assert fingerprint(each_home / ".hermes") == before


@pytest.mark.slow
def test_bytes_that_cannot_be_read_make_it_exit_with_1_and_say_so(tmp_path: Path, run: Run) -> None:
    """Mutants: the verdict alone decides; a salvaged record is not counted; U+FFFD that was written is counted."""
    folder = empty_home(tmp_path)
    with closing(db(folder)) as database:
        store(database, "torn", talk(3))
        store(database, "glued", talk(2))
    messages = [json.dumps(message).encode() for message in talk(3)]
    written = (json.dumps(say("user", word), ensure_ascii=False).encode(name) for word, name in
               (("caf\u00e9", "cp1252"), ("caf\ufffd", "utf-8"), ("tea", "utf-8")))  # fmt: skip
    jsonl(folder, "windows", [], tail=b"\n".join(written) + b"\n")
    path = jsonl(folder, "torn", [], tail=messages[0] + b"\n" + messages[1][:20] + b"".join(messages[1:]) + b"\n")
    jsonl(folder, "glued", [], tail=messages[0] + b"\x00" * 400 + messages[1] + b"\x00" * 80 + b"\n")

    code, out, err = run(folder, "check", "torn", "--json")
    [row] = objects(out)
    assert (code, err) == (1, "")
    assert (row["verdict"], row["jsonl_messages"], row["damaged_lines"], row["salvaged"]) == ("same", 3, 1, 2)
    assert run(folder, "check", "torn")[2] == "hermes-tui: 1 session with lines in JSONL that cannot be read\n"

    code, out, _ = run(folder, "check", "glued", "--json")
    [row] = objects(out)
    assert (code, row["verdict"], row["damaged_lines"], row["salvaged"]) == (0, "same", 0, 2)
    assert path.read_bytes().count(b"\n") == 2
    [row] = objects(run(folder, "check", "windows", "--json")[1])
    assert "1 message not in UTF-8: \ufffd stands for the bytes that are none" in row["reason"]


@pytest.mark.slow
def test_a_last_line_without_a_line_end_is_damage_a_minute_after_the_last_change(tmp_path: Path, run: Run) -> None:
    """Mutants: no age; a line that a newline ended counts as being written; the first verdict is remembered."""
    folder = empty_home(tmp_path)
    with closing(db(folder)) as database:
        store(database, "s1", talk(2))
    path = jsonl(folder, "s1", talk(2), tail=b'{"role": "user", "cont')
    assert run(folder, "check", "s1")[0] == 0
    assert "cont" not in run(folder, "show", "s1")[1]

    aged(path)
    code, out, _ = run(folder, "check", "s1", "--json")
    assert (code, [row["damaged_lines"] for row in objects(out)]) == (1, [1])

    path = jsonl(folder, "s1", talk(2), tail=b'{"role": "user", "cont\n')
    assert run(folder, "check", "s1")[0] == 1


@pytest.mark.slow
def test_a_repair_inserts_a_salvaged_message_once(tmp_path: Path, run: Run) -> None:
    folder = empty_home(tmp_path)
    said = [
        say(message["role"], f"{message['content']} é☕", timestamp=1.7e9 + at) for at, message in enumerate(talk(6))
    ]
    with closing(db(folder)) as database:
        store(database, "s1", said[:2])
    lines = [json.dumps(message, ensure_ascii=False).encode() for message in said]
    torn = lines[3][: lines[3].index("☕".encode()) + 1]
    jsonl(folder, "s1", [], tail=b"\n".join([lines[0] + lines[1], lines[2], torn + lines[3] + lines[4], lines[5]]))

    assert run(folder, "repair", "s1", "--yes")[0] == 0
    with closing(db(folder, read_only=True)) as database:
        assert [row["content"] for row in database.get_messages("s1")] == [message["content"] for message in said]
    assert run(folder, "search", "message", "--json")[1].count("message_id") == 6
