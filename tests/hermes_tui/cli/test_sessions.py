"""The verb `list`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hermes_tui.__main__ import main
from hermes_tui.cli.output import Output
from hermes_tui.render.safe import SafeText
from store.browse import listed
from store.browse.browser import HomeBrowser
from store.browse.sessions import StoredSessions
from store.sqlite.engine import SqliteSessions
from tests import builders
from tests.counting import Asked, asked_of_sqlite
from tests.hermes_tui.cli.running import Run, fingerprint, objects
from tests.store.sqlite_files import make
from tests.store.sqlite_files import run as sql_run

LIST_KEYS = (
    "id profile source title model started_at last_active messages shown"
    " status verdict drift parent_id archived hidden live"
)


def test_list_prints_every_session_as_json_with_the_keys_of_the_contract(home: Path, run: Run) -> None:
    code, out, err = run(home, "list", "--json")
    rows = objects(out)
    assert (code, err) == (0, "")
    assert [" ".join(row) for row in rows] == [LIST_KEYS] * 3
    by_id = {row["id"]: row for row in rows}
    assert set(by_id) == {"20260101_100000_aaaaaa", "20260102_100000_bbbbbbbb", "20251220_070000_cccccccc"}
    docker = by_id["20260101_100000_aaaaaa"]
    assert (docker["title"], docker["messages"], docker["profile"], docker["verdict"]) == (
        "Docker fails",
        4,
        "default",
        None,
    )
    assert (docker["drift"], docker["source"]) == (None, "cli")
    assert by_id["20260102_100000_bbbbbbbb"]["drift"] == "jsonl_ahead"
    alone = by_id["20251220_070000_cccccccc"]
    assert (alone["drift"], alone["messages"], alone["status"]) == ("jsonl_only", 3, "interrupted")


def test_list_for_people_ends_each_line_with_the_id(home: Path, run: Run) -> None:
    code, out, _ = run(home, "list")
    lines = out.splitlines()
    assert code == 0
    assert {line.split()[-1] for line in lines} >= {"20260101_100000_aaaaaa", "20251220_070000_cccccccc"}
    docker = next(line for line in lines if "Docker fails" in line)
    assert docker.endswith(" 20260101_100000_aaaaaa")


def test_list_is_as_wide_as_the_terminal(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    lines = run(home, "list")[1].splitlines()
    assert max(len(line) for line in lines) == 90


@pytest.mark.slow
def test_list_prints_exactly_the_sessions_of_a_real_home_and_those_of_its_files(each_home: Path, run: Run) -> None:
    expected = json.loads((each_home / "expected.json").read_text())["sessions"]
    files = {path.name.removesuffix(".jsonl") for path in (each_home / ".hermes" / "sessions").glob("*.jsonl")}
    snapshots = {"20260120_080000_abc123": None, "20260121_080000_dead00": "damaged"}
    before = fingerprint(each_home / ".hermes")
    code, out, err = run(each_home / ".hermes", "list", "--json")
    rows = objects(out)
    assert (code, err) == (0, "")
    assert sorted(row["id"] for row in rows) == sorted(set(expected) | files | set(snapshots))
    for row in rows:
        if row["id"] in expected:
            assert (row["source"], row["title"]) == (expected[row["id"]]["source"], expected[row["id"]]["title"])
            assert row["parent_id"] == expected[row["id"]]["parent"]
            assert row["drift"] != "jsonl_only"
        else:
            assert row["drift"] == snapshots.get(row["id"], "jsonl_only")
    assert fingerprint(each_home / ".hermes") == before


@pytest.mark.slow
def test_a_profile_that_cannot_be_read_leaves_the_merged_list_partial(tmp_path: Path, run: Run) -> None:
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.store(db, "here", builders.talk(2))
    db.close()
    (home / "profiles" / "torn").mkdir(parents=True)
    (home / "profiles" / "torn" / "state.db").write_text("no database " * 40)
    code, out, err = run(home, "list", "--json", "--profile", "all")
    assert (code, [row["id"] for row in objects(out)]) == (2, ["here"])
    assert err.startswith("hermes-tui: partial, 1 session could be read: profile torn: ")
    code, out, err = run(home, "search", "message", "--profile", "all")
    assert code == 2
    assert "here" in out
    assert "profile torn: " in err


def test_an_empty_root_names_the_profiles_that_are_there(tmp_path: Path, run: Run) -> None:
    """Mutant: without their names."""
    home = builders.home(tmp_path)
    (home / "profiles" / "work" / "sessions").mkdir(parents=True)
    code, out, err = run(home, "list")
    assert (code, out) == (0, "")
    assert "--profile NAME (work) opens another home" in err


def test_list_says_of_an_empty_home_how_to_get_another_and_is_no_error(tmp_path: Path, run: Run) -> None:
    code, out, err = run(builders.home(tmp_path), "list")
    assert (code, out) == (0, "")
    assert err.count("\n") == 1
    assert "--demo" in err
    assert sorted(path.name for path in (tmp_path / ".hermes").iterdir()) == ["sessions"]


def test_list_of_a_store_without_sessions_says_the_same(tmp_path: Path, run: Run) -> None:
    folder = builders.home(tmp_path)
    builders.db(folder).close()
    code, out, err = run(folder, "list", "--json")
    assert (code, out) == (0, "")
    assert "no sessions yet" in err


@pytest.mark.slow
def test_all_profiles_are_one_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mutants: every id with its profile; no id with it."""
    root = builders.home(tmp_path)
    for folder, text in ((root, "here"), (root / "profiles" / "work", "there")):
        folder.mkdir(parents=True, exist_ok=True)
        db = builders.db(folder)
        builders.store(db, "same", [builders.say("user", f"walrus {text}")])
        builders.store(db, f"{text}-alone", [builders.say("user", f"walrus {text} alone")])
        db.close()
    assert main(["--home", str(root), "--profile", "all", "list", "--json"]) == 0
    rows = objects(capsys.readouterr().out)
    ids = {"here-alone": "default", "same": "default", "there-alone": "work", "work/same": "work"}
    assert {row["id"]: row["profile"] for row in rows} == ids
    for session_id, text in (("work/same", "walrus there"), ("there-alone", "walrus there alone")):
        assert main(["--home", str(root), "--profile", "all", "show", session_id, "--json"]) == 0
        shown = objects(capsys.readouterr().out)
        assert [(row["session_id"], row["text"]) for row in shown] == [(session_id, text)]
    assert main(["--home", str(root), "--profile", "all", "search", "walrus", "--json"]) == 0
    *hits, end = objects(capsys.readouterr().out)
    assert {hit["session_id"] for hit in hits} == set(ids)
    assert end["summary"]["hits"] == 4
    assert main(["--home", str(root), "--profile", "all", "check", "--json"]) == 0
    assert {row["session_id"] for row in objects(capsys.readouterr().out)} == set(ids)


def asked_for(folder: Path, run: Run, number: int) -> Asked:
    """What `list` asks of SQLite for so many sessions of two messages."""
    home = builders.home(folder, str(number))
    with closing(builders.db(home)) as database:
        for place in range(number):
            builders.store(database, f"s{place}", builders.talk(2))
    with asked_of_sqlite() as asked:
        code, out, _ = run(home, "list")
    assert (code, len(out.splitlines())) == (0, number)
    return asked


def test_list_asks_as_many_statements_for_a_page_as_for_a_part_of_it(tmp_path: Path, run: Run) -> None:
    """Statements grow with the pages, not with the sessions.

    Mutant: `messages.ends` once for each row in `StoredSessions.outlines`.
    """
    assert asked_for(tmp_path, run, 5).statements == asked_for(tmp_path, run, 40).statements


def test_list_reads_no_row_of_a_session_twice(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants: the ids alone in `db.outlines(...)` of the list; `db.waiting` for every session."""
    asked: list[object] = []

    def _ask(_: object, ids: object) -> tuple[()]:
        asked.append(ids)
        return ()

    monkeypatch.setattr(StoredSessions, "rows", _ask)
    monkeypatch.setattr(HomeBrowser, "waiting", _ask)
    asked_for(tmp_path, run, 5)
    assert asked == []


def test_list_prints_a_page_before_it_reads_the_next(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: `rows = [*rows]` for every home in `list_sessions`."""
    order: list[str] = []
    rows_of, line = SqliteSessions.listed, Output.line

    def _listed(*given: Any, **named: Any) -> object:
        order.append("page")
        return rows_of(*given, **named)

    def _line(output: Output, text: SafeText) -> None:
        order.append("row")
        line(output, text)

    monkeypatch.setattr(listed, "PAGE", 3)
    monkeypatch.setattr(SqliteSessions, "listed", _listed)
    monkeypatch.setattr(Output, "line", _line)
    asked_for(tmp_path, run, 5)
    assert order == ["page", "row", "row", "row", "page", "row", "row"]


def test_list_has_the_last_active_first_or_the_last_started(tmp_path: Path, run: Run) -> None:
    """Mutant: `by_start` not handed on."""
    home = builders.home(tmp_path)
    path = make(home, "x", session="early")
    sql_run(path, "INSERT INTO sessions (id, source, started_at) VALUES ('late', 'cli', 1.71e9)")
    sql_run(path, "UPDATE messages SET timestamp = 1.72e9")
    builders.aged(builders.jsonl(home, "middle", [builders.say("user", "x", timestamp=1.705e9)]))
    for sort, ids in (("active", ["early", "late", "middle"]), ("started", ["late", "middle", "early"])):
        assert [row["id"] for row in objects(run(home, "list", "--json", "--sort", sort)[1])] == ids
