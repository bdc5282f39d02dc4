"""Homes as people have them: imported times, files of other systems, files of `/save`, names with signs.

Mutants that these tests are for:
- times cast to a float, as SQLite casts a text; milliseconds taken for damage
- a file's own time in the place of its id's; the first bytes of a file not looked at; carriage returns inside lines
- `saved/` not listed; signs of a name not compared; `NOT` of a name with signs left to the index
"""

from __future__ import annotations

import codecs
import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from store import SessionDB
from store.formats.message_codec import time_of_id
from store.query.parse import matches, parse
from tests.builders import home, jsonl
from tests.store.sqlite_files import run

NOON = 1_775_736_000.0
"""2026-04-09T12:00:00Z."""


def opened(folder: Path) -> closing[SessionDB]:
    return closing(SessionDB(folder / "state.db", read_only=True))


def found(db: SessionDB, query: str) -> list[str]:
    return sorted(hit.text for batch in db.search(query) for hit in batch.hits)


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell", ["'2026-04-09T12:00:00+00:00'", "'2026-04-09T12:00:00Z'", NOON * 1e3, int(NOON * 1e6), f"'{NOON:.0f}'"]
)
def test_an_imported_time_is_the_instant_that_it_names(tmp_path: Path, cell: object) -> None:
    folder = home(tmp_path)
    with closing(SessionDB(folder / "state.db")) as db:
        db.create_session("s1", "imported")
        db.append_message("s1", "user", "walrus")
    run(folder / "state.db", f"UPDATE sessions SET started_at = {cell}; UPDATE messages SET timestamp = {cell}")

    with opened(folder) as db:
        [session] = db.sessions(limit=9).items
        assert (session.started_at, session.last_active) == (NOON, NOON)
        assert [message.timestamp for message in db.messages([1])] == [NOON]
        assert found(db, "walrus after:2026-04-01 before:2026-05-01") == ["walrus"]
        assert found(db, "walrus after:2026-05-01") == found(db, "walrus before:2026-04-01") == []


LINES = [{"role": "user", "content": "première"}, {"role": "assistant", "content": "réponse 桂"}]
TEXT = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in LINES)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        codecs.BOM_UTF8 + TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r").encode()[:-1],
    ],
    ids=["utf-16", "big-endian", "no mark", "utf-8 with a mark", "carriage returns", "no end"],
)
def test_a_file_of_another_system_is_read_and_not_damaged(tmp_path: Path, data: bytes) -> None:
    folder = home(tmp_path)
    path = jsonl(folder, "20260301_100000_b0b0b0", [])
    path.write_bytes(data)

    with opened(folder) as db:
        [facts] = db.all_facts()
        texts = [message.text for message in db.file_messages(facts.session_id)]
        assert (texts, facts.bad_lines) == ([line["content"] for line in LINES], 0)


@pytest.mark.slow
def test_a_missing_message_of_such_a_file_is_read_again_at_its_place(tmp_path: Path) -> None:
    """A repair reads by the offsets of a comparison."""
    folder = home(tmp_path)
    with closing(SessionDB(folder / "state.db")) as db:
        db.create_session("s1", "cli")
        db.append_message("s1", "user", "première")
        jsonl(folder, "s1", []).write_bytes(TEXT.encode("utf-16"))
        db.repair(db.plan("s1"))
        assert [message["content"] for message in db.get_messages("s1")] == [line["content"] for line in LINES]


def test_a_file_without_times_has_the_date_of_its_id(tmp_path: Path) -> None:
    """Else that of its last change, where that may be a message's. Mutant: any time of a file."""
    folder = home(tmp_path)
    for session_id in ("20260105_100000_aaaaaa", "cron_7_20250105_100000"):
        jsonl(folder, session_id, [{"role": "user", "content": "undated"}])
    os.utime(jsonl(folder, "no-date", [{"role": "user", "content": "undated"}]), (NOON, NOON))
    snapshot = folder / "sessions" / "session_snapshot.json"
    snapshot.write_text(json.dumps({"messages": [{"role": "user", "content": "undated"}]}))
    for path, changed in ((jsonl(folder, "ahead", [{"role": "user", "content": "undated"}]), 7.2e9), (snapshot, -1e9)):
        os.utime(path, (changed, changed))

    with opened(folder) as db:
        times = {session.id: session.last_active for session in db.file_sessions()}
    assert times == {
        "20260105_100000_aaaaaa": time_of_id("20260105_100000_aaaaaa"),
        "cron_7_20250105_100000": time_of_id("20250105_100000"),
        "no-date": NOON,
        "ahead": None,
        "snapshot": None,
    }
    assert time_of_id("20261399_100000_aaaaaa") is None
    assert time_of_id("120260105_100000") is None


def test_what_save_wrote_is_listed_and_found(tmp_path: Path) -> None:
    folder = home(tmp_path)
    saved = folder / "sessions" / "saved"
    saved.mkdir(parents=True)
    messages = [{"role": "user", "content": "the saved ptarmigan"}]
    document = {"session_id": "20260228_090000_5a7ed0", "platform": "cli", "messages": messages}
    (saved / "hermes_conversation_20260228_091000.json").write_text(json.dumps(document))
    (saved / "garbage.json").write_text("[[")

    with opened(folder) as db:
        listed = {session.id: session.problem for session in db.file_sessions()}
        assert listed.keys() == {"20260228_090000_5a7ed0", "garbage"}
        assert listed["garbage"]
        assert found(db, "ptarmigan") == ["the saved ptarmigan"]


TEXTS = [
    "written in c++ mostly",
    "written in C# mostly",
    "C:\\Users",
    "a=b; c!=d",
    "a/b?x=1",
    "it is 100% done",
    "$5 is c",
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("c++", [0]),
        ("C#", [1]),
        ('"c++"', [0]),
        ("a=b;", [3]),
        ("100%", [5]),
        ("$5", [6]),
        ("c", [0, 1, 2, 3, 6]),
        ("written -c++", [1]),
        ("c++ OR c#", [0, 1]),
        ("c+++", []),
    ],
)
def test_signs_of_a_name_are_part_of_it(tmp_path: Path, query: str, expected: list[int]) -> None:
    folder = home(tmp_path)
    with closing(SessionDB(folder / "state.db")) as db:
        db.create_session("s1", "cli")
        for text in TEXTS:
            db.append_message("s1", "user", text)

    with opened(folder) as db:
        assert found(db, query) == sorted(TEXTS[place] for place in expected)
        assert db.count(query).hits == len(expected)
        assert len(db.rank(query).hits) == len(expected)


def test_the_signs_are_marked_with_the_word() -> None:
    assert matches(parse("c++ $5", now=1.0), "c and C++ for $5") == ((6, 9), (14, 16))
