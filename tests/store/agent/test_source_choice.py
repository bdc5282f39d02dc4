"""Which source speaks for a session.

Mutants that these tests were seen to catch: `>=` for `>` (a tie goes to JSONL); counting session_meta and damaged
lines; counting active rows only; the file's own dicts handed out as they are; an unreadable file turned into [].
"""

from __future__ import annotations

from pathlib import Path

import pytest

from store import NoPermission, StoreMissing
from store.agent.source_choice import load_transcript
from store.files.jsonl_files import JsonlFiles
from tests.builders import META, db, home, jsonl, say, store, talk


def texts(messages: list[dict[str, object]]) -> list[object]:
    """What was said."""
    return [message["content"] for message in messages]


def test_ten_in_jsonl_win_over_two_in_sqlite(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", talk(2, word="row"))
    jsonl(folder, "s", talk(10, word="line"))
    assert texts(database.load_transcript("s")) == [f"line {number}" for number in range(10)]


def test_four_in_sqlite_win_over_two_in_jsonl(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", talk(4, word="row"))
    jsonl(folder, "s", talk(2, word="line"))
    assert texts(database.load_transcript("s")) == [f"row {number}" for number in range(4)]


def test_an_empty_sqlite_leaves_the_word_to_jsonl(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    jsonl(folder, "s", talk(2, word="line"))
    assert texts(database.load_transcript("s")) == ["line 0", "line 1"]


def test_nothing_anywhere_is_an_empty_list(tmp_path: Path) -> None:
    assert db(home(tmp_path)).load_transcript("s") == []


def test_a_tie_goes_to_sqlite(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", talk(2, word="row"))
    jsonl(folder, "s", talk(2, word="line"))
    assert texts(database.load_transcript("s")) == ["row 0", "row 1"]


def test_a_session_meta_line_and_damaged_lines_win_nothing(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", talk(2, word="row"))
    jsonl(folder, "s", [META, *talk(2, word="line")], tail=b'{"role": "user", "content": "cut o\n[1, 2]\n')
    assert texts(database.load_transcript("s")) == ["row 0", "row 1"]


def test_a_damaged_line_in_the_middle_is_passed_over(tmp_path: Path) -> None:
    folder = home(tmp_path)
    path = jsonl(folder, "s", talk(1), tail=b"{broken\n" + b'{"role": "assistant", "content": "after"}\n')
    assert path.exists()
    assert texts(db(folder).load_transcript("s")) == ["message 0", "after"]


def test_a_file_of_damaged_lines_alone_is_empty(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "s", [], tail=b"nonsense\n{\n\n")
    assert db(folder).load_transcript("s") == []


def test_a_latin_1_byte_costs_a_letter_and_not_the_transcript(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "s", talk(1), tail=b'{"role": "assistant", "content": "caf\xe9"}\n')
    assert texts(db(folder).load_transcript("s")) == ["message 0", "caf\ufffd"]


def test_undone_rows_count_for_sqlite_and_are_not_returned(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "s", talk(3, word="line"))
    kept = talk(1, word="row")
    found = load_transcript(
        "s", files=JsonlFiles(folder / "sessions"), count=lambda _: 3, conversation=lambda _: list(kept)
    )
    assert found == kept


def test_jsonl_comes_in_the_form_that_agents_replay(tmp_path: Path) -> None:
    folder = home(tmp_path)
    calls = [{"id": "c1", "type": "function", "function": {"name": "terminal", "arguments": "{}"}}]
    jsonl(
        folder,
        "s",
        [
            META,
            say("assistant", None, tool_calls=calls, reasoning="think", timestamp="2026-01-05T12:00:00", mirror=True),
            say("tool", "done", tool_call_id="c1"),
        ],
    )
    assert db(folder).load_transcript("s") == [
        {"role": "assistant", "content": None, "tool_calls": calls, "reasoning": "think"},
        {"role": "tool", "content": "done", "tool_call_id": "c1"},
    ]


def test_a_home_without_a_state_db_still_has_its_files(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "s", talk(2, word="line"))
    database = db(folder, read_only=True)
    assert texts(database.load_transcript("s")) == ["line 0", "line 1"]
    with pytest.raises(StoreMissing):
        database.load_transcript("other")
    assert not (folder / "state.db").exists()


def test_a_file_that_cannot_be_read_is_an_error_only_where_it_is_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "known", talk(1, word="row"))
    for name in ("known", "unknown"):
        jsonl(folder, name, talk(2, word="line"))

    def refuse(path: Path) -> object:
        raise NoPermission(f"{path} may not be read")

    monkeypatch.setattr("store.files.jsonl_reader.read_records", refuse)
    assert texts(database.load_transcript("known")) == ["row 0"]
    with pytest.raises(NoPermission):
        database.load_transcript("unknown")


@pytest.mark.slow
def test_what_the_era_of_the_pull_request_returned_is_returned_but_for_session_meta(each_home: Path) -> None:
    """docs/format.md homes: its loader gave 994 and 5 with the session_meta line, and an error for latin-1."""
    database = db(each_home / ".hermes", read_only=True)
    counts = {
        name: len(database.load_transcript(name))
        for name in (
            "20251220_070000_0f11e0e5",
            "20260105_120000_1e9ac1e5",
            "20260111_100000_d00d00d0",
            "20260112_100000_00000000",
            "20260113_100000_3a100c5e",
            "20260321_110000_50111006",
            "20260321_120000_e9ea1e9e",
            "20260321_130000_badbadba",
        )
    }
    assert list(counts.values()) == [4, 993, 12, 0, 2, 8, 4, 5]
    assert texts(database.load_transcript("20260110_100000_bada55e5"))[0] == "latin1 \ufffd\ufffd"
    database.close()
