"""Quick flags by counts and stat, verdicts by content.

Mutants that these tests were seen to catch: a flag for equal counts; no slack between a row and its line; damaged lines
or session_meta counted as messages; an undone row taken for a live one; a file read again although nothing changed, and
one not read again although something did; links and folders read; the oldest file first; the counts' flag kept against
the verdict; `checks` over rows only, over a withdrawn question, or stopped by a file that cannot be read.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store import Cancel, Drift, Interrupted, NoPermission, SessionMissing, Verdict
from store.drift import verdict as drift
from store.files.jsonl_files import JsonlFiles
from store.files.jsonl_reader import read_records
from store.formats.jsonl import BadLine, Record
from store.models import Check, JsonlFacts, Origin, Session
from tests.builders import META, aged, db, home, jsonl, say, sqlite_of, store, talk


def facts(messages: int, *, changed: float = 1_000.0, last: float | None = None, **more: Any) -> JsonlFacts:
    """What a look at a file told."""
    return JsonlFacts("s", 1, int(changed * 1e9), 1, messages=messages, last_active=last, **more)


def row(messages: int, *, last: float = 1_000.0) -> Session:
    """A session in SQLite."""
    return Session("s", messages=messages, last_active=last)


@pytest.mark.parametrize(
    ("session", "found", "flag"),
    [
        (row(2), None, None),
        (row(2), facts(2), None),
        (row(3), facts(2), None),
        (row(2), facts(3), Drift.JSONL_AHEAD),
        (row(0), facts(3), Drift.JSONL_AHEAD),
        (row(2, last=2_000.0), facts(993), Drift.DIVERGED),
        (row(2, last=1_059.0), facts(993), Drift.JSONL_AHEAD),
        (row(2, last=1_000.0), facts(993, last=900.0), Drift.DIVERGED),
        (row(2, last=900.0), facts(993, last=900.0), Drift.JSONL_AHEAD),
        (row(2), facts(2, bad_lines=1), Drift.DAMAGED),
        (row(2), facts(3, bad_lines=1), Drift.JSONL_AHEAD),
        (row(2), facts(0, problem="may not be read"), Drift.DAMAGED),
        (Session("s", origin=Origin.JSONL), facts(0), Drift.JSONL_ONLY),
    ],
)
def test_the_quick_flag_goes_by_counts_and_stat(session: Session, found: JsonlFacts | None, flag: Drift | None) -> None:
    assert drift.flag(session, found) is flag


@pytest.mark.parametrize(
    ("verdict", "damaged", "flag"),
    [
        (Verdict.SAME, 0, None),
        (Verdict.SQLITE_AHEAD, 0, None),
        (Verdict.SQLITE_ONLY, 0, None),
        (Verdict.SAME, 2, Drift.DAMAGED),
        (Verdict.JSONL_AHEAD, 2, Drift.JSONL_AHEAD),
        (Verdict.DIVERGED, 0, Drift.DIVERGED),
        (Verdict.JSONL_ONLY, 0, Drift.JSONL_ONLY),
    ],
)
def test_a_verdict_has_a_flag(verdict: Verdict, damaged: int, flag: Drift | None) -> None:
    assert drift.flag_of(Check("s", verdict, 0, 0, 0, 0, damaged, 0, repairable=False)) is flag


def test_one_look_at_a_file_counts_messages_session_meta_and_damaged_lines(tmp_path: Path) -> None:
    folder = home(tmp_path)
    path = aged(jsonl(folder, "s", [META, *talk(3)], tail=b'\n  \n[1]\n{"role": "user", "content": "cut o'))
    found = JsonlFiles(folder / "sessions").facts("s")
    assert found is not None
    assert (found.messages, found.meta_lines, found.bad_lines, found.problem) == (3, 1, 2, "")
    assert (found.size, found.inode) == (path.stat().st_size, path.stat().st_ino)


def test_a_file_is_read_again_only_where_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home(tmp_path)
    path = jsonl(folder, "s", talk(3))
    files = JsonlFiles(folder / "sessions")
    first = files.facts("s")
    reads: list[Path] = []

    def read(one: Path) -> Iterator[Record | BadLine]:
        reads.append(one)
        return read_records(one)

    monkeypatch.setattr("store.files.jsonl_reader.read_records", read)
    assert files.facts("s") == first
    assert [one.session_id for one in files.all_facts()] == ["s"]
    assert reads == []
    jsonl(folder, "s", talk(4))
    found = files.facts("s")
    assert found is not None
    assert (found.messages, reads) == (4, [path])
    path.unlink()
    assert files.facts("s") is None


def test_all_files_come_the_one_changed_last_first_and_links_not_at_all(tmp_path: Path) -> None:
    folder = home(tmp_path)
    for place, name in enumerate(("b", "c", "a")):
        os.utime(jsonl(folder, name, talk(1)), ns=(0, place * 10**9))
    (folder / "sessions" / "link.jsonl").symlink_to(folder / "sessions" / "a.jsonl")
    (folder / "sessions" / "folder.jsonl").mkdir()
    files = JsonlFiles(folder / "sessions")
    assert [one.session_id for one in files.all_facts()] == ["a", "c", "b"]
    assert files.facts("link") is files.facts("folder") is files.facts("../sessions/a") is None
    assert list(JsonlFiles(tmp_path / "nowhere").all_facts()) == []


def test_a_name_that_must_not_become_a_path_is_found_in_the_listing(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "odd name", talk(2))
    assert [message.text for message in JsonlFiles(folder / "sessions").messages("odd name")] == [
        "message 0",
        "message 1",
    ]


def test_a_session_that_only_a_file_knows_is_described_by_it(tmp_path: Path) -> None:
    folder = home(tmp_path)
    times = ["2025-12-20T07:00:00", "2025-12-20T07:05:00"]
    lines = [META, *(say("user", "x", timestamp=time) for time in times)]
    jsonl(folder, "s", lines)
    [session] = db(folder).file_sessions()
    assert (session.id, session.source, session.model, session.messages) == ("s", "telegram", "opus", 2)
    assert session.last_active is not None
    assert session.started_at is not None
    assert session.last_active - session.started_at == 300
    assert session.origin is Origin.JSONL


def test_a_file_that_cannot_be_read_is_flagged_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "shut", talk(2))
    path = jsonl(folder, "shut", talk(3))
    jsonl(folder, "open", talk(3))

    def refuse(one: Path) -> Iterator[Record | BadLine]:
        if one == path:
            raise NoPermission("it may not be read")
        return read_records(one)

    monkeypatch.setattr("store.files.jsonl_reader.read_records", refuse)
    flags = {one.session_id: drift.flag(row(2), one) for one in database.all_facts()}
    assert flags == {"shut": Drift.DAMAGED, "open": Drift.JSONL_AHEAD}
    checks = {check.session_id: check for check in database.checks()}
    assert checks["open"].verdict is Verdict.JSONL_ONLY
    assert checks["shut"].verdict is Verdict.SQLITE_AHEAD
    assert checks["shut"].reason == "the JSONL file was left out: it may not be read"


def test_a_check_tells_what_each_side_lacks_and_in_words(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "s", [*talk(2), *talk(2, word="row")])
    jsonl(folder, "s", [META, *talk(2), *talk(3, word="line")], tail=b"{\n")
    check = database.check("s")
    assert (check.verdict, check.sqlite_messages, check.jsonl_messages) == (Verdict.DIVERGED, 4, 5)
    assert (check.missing_in_sqlite, check.missing_in_jsonl, check.damaged_lines) == (3, 2, 1)
    assert not check.repairable
    assert check.reason == (
        "both sources have messages of their own in one place, and nothing tells which came first; "
        "1 damaged line in JSONL"
    )


@pytest.mark.slow
def test_the_field_story_in_its_first_form_is_jsonl_ahead(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    history = talk(996, word="legacy")
    store(database, "s", history[-2:])
    jsonl(folder, "s", [META, *history])
    check = database.check("s")
    assert (check.verdict, check.missing_in_sqlite, check.missing_in_jsonl) == (Verdict.JSONL_AHEAD, 994, 0)
    assert (check.repairable, check.reason) == (True, "")
    session = database.session("s")
    assert session is not None
    assert database.drift(session, database.facts("s")) is Drift.JSONL_AHEAD


def test_what_the_user_undid_is_not_missing(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    ids = store(database, "s", talk(4))
    jsonl(folder, "s", talk(4))
    sqlite_of(database).writer.transaction(
        lambda connection: list(connection.execute("UPDATE messages SET active = 0 WHERE id >= ?", (ids[2],)))
    )
    check = database.check("s")
    assert (check.verdict, check.missing_in_sqlite, check.sqlite_messages) == (Verdict.SAME, 0, 4)


def test_what_the_user_undid_is_not_missing_where_jsonl_has_it_in_another_place(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    first, *others = talk(4)
    [undone, *_] = store(database, "s", [first, *others])
    jsonl(folder, "s", [*others, first])
    sqlite_of(database).writer.transaction(
        lambda connection: list(connection.execute("UPDATE messages SET active = 0 WHERE id = ?", (undone,)))
    )
    assert database.check("s").verdict is Verdict.SAME


def test_doubled_messages_of_either_side_are_counted(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    store(database, "rows", [message for message in talk(6) for _ in range(2)])
    jsonl(folder, "lines", [message for message in talk(6) for _ in range(2)])
    assert (database.check("rows").doubled, database.check("lines").doubled) == (6, 6)


def test_a_session_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SessionMissing, match="no session nobody"):
        db(home(tmp_path)).check("nobody")


def test_all_sessions_are_checked_rows_first_and_a_withdrawn_question_ends(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    for name in ("old", "new"):
        store(database, name, talk(1))
    jsonl(folder, "file", talk(1))
    jsonl(folder, "old", talk(1))
    assert [check.session_id for check in database.checks()] == ["new", "old", "file"]
    assert [check.session_id for check in database.checks(["file"])] == ["file"]
    cancel = Cancel()
    checks = database.checks(["old", "file"], cancel=cancel)
    next(checks)
    cancel.cancel()
    with pytest.raises(Interrupted):
        next(checks)


def test_a_home_without_a_state_db_is_checked_too(tmp_path: Path) -> None:
    folder = home(tmp_path)
    jsonl(folder, "s", talk(1))
    assert [check.verdict for check in db(folder, read_only=True).checks()] == [Verdict.JSONL_ONLY]
    assert not (folder / "state.db").exists()


@pytest.mark.slow
def test_memory_holds_one_session_at_a_time(tmp_path: Path) -> None:
    folder = home(tmp_path)
    database = db(folder)
    for number in range(40):
        jsonl(folder, f"s{number}", [say("user", f"{number} {place}" + "x" * 5_000) for place in range(40)])
    checks = database.checks()
    next(checks)
    tracemalloc.start()
    for _ in checks:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


REAL = {
    "20260105_120000_1e9ac1e5": (Verdict.DIVERGED, 2, 993, 993, 2, 0, 0, True),
    "20260321_110000_50111006": (Verdict.DIVERGED, 8, 3, 3, 8, 0, 0, False),
    "20260321_120000_e9ea1e9e": (Verdict.SAME, 4, 4, 0, 0, 0, 0, False),
    "20251220_070000_0f11e0e5": (Verdict.JSONL_ONLY, 0, 4, 4, 0, 0, 0, True),
    "20260321_130000_badbadba": (Verdict.DIVERGED, 2, 5, 5, 2, 1, 0, False),
    "20260110_100000_bada55e5": (Verdict.JSONL_ONLY, 0, 6, 6, 0, 2, 0, True),
    "20260111_100000_d00d00d0": (Verdict.JSONL_ONLY, 0, 12, 12, 0, 0, 6, True),
    "20260112_100000_00000000": (Verdict.JSONL_ONLY, 0, 0, 0, 0, 0, 0, False),
    "20260113_100000_3a100c5e": (Verdict.JSONL_ONLY, 0, 2, 2, 0, 0, 0, True),
    "20260320_120000_d0b1ed01": (Verdict.SQLITE_ONLY, 12, 0, 0, 12, 0, 6, False),
}
"""By the README of the real homes: verdict, rows, lines, SQLite lacks, JSONL lacks, damaged, doubled, repairable."""


@pytest.mark.slow
def test_every_legacy_file_of_the_real_homes_gets_its_verdict(each_home: Path) -> None:
    folder = each_home / ".hermes"
    database = db(folder, read_only=True)
    found = {check.session_id: check for check in database.checks()}
    told = {
        name: (
            check.verdict,
            check.sqlite_messages,
            check.jsonl_messages,
            check.missing_in_sqlite,
            check.missing_in_jsonl,
            check.damaged_lines,
            check.doubled,
            check.repairable,
        )
        for name, check in found.items()
        if name in REAL
    }
    assert told == REAL
    assert {path.stem for path in (folder / "sessions").glob("*.jsonl")} <= set(REAL)
    others = [check for name, check in found.items() if name not in REAL]
    assert {check.verdict for check in others} == {Verdict.SQLITE_ONLY}
    database.close()
