"""Where nothing that a filter lets pass can be, a search does not look; what it finds is the same.

Mutants that these guards were seen to catch: `timestamp < ?` alone for `before:`; bounds by sessions that ignore those
without a row; no bounds at all; names of two letters looked for in trigrams; contents that begin with a NUL left out;
words not matched where a tool's name was found; roles of newer rows not looked at; titles with accents left out; all of
several filters tested by LIKE in place of one.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import pytest

from store import SessionDB
from store.formats.carried_copies import Copies
from store.search.copied_hits import CopiedHits
from store.sqlite.connect import create
from store.sqlite.search import newest_first
from tests.counting import asked_of_sqlite, lent
from tests.store.sqlite_files import add, run

START = 1_780_000_000
FILTERS = (
    *("source:rare", "source:none", "-source:cli", "model:rare", "-model:opus", "is:archived", "-is:archived"),
    *("title:rare", "cwd:/rare", "after:2030-01-01", "before:2021-01-01", "after:2030-01-01 source:rare"),
    *("-after:2021-01-01", "before:2021-01-01 -source:rare", "is:live", "role:user source:rare"),
    *("role:system", "role:tool", "role:user role:tool", "-role:user", "tool:rare", "tool:none", "tool:rar tool:none"),
    *(
        "-tool:rare",
        "tool:ra",
        "tool:rare role:tool",
        "title:räre",
        "title:RARE",
        "source:rar",
        "source:rare source:none",
    ),
)


def made(folder: Path, sessions: int) -> Path:
    """Sessions of ten messages; the first three are unlike the others, the third one has no row."""
    folder.mkdir()
    create.create(folder / "state.db")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
    run(
        folder / "state.db",
        f"{numbers.format(most=sessions - 1)} INSERT INTO sessions (id, source, model, title, cwd,"
        " archived, started_at) SELECT 's' || i, CASE i WHEN 0 THEN 'rare' ELSE 'cli' END,"
        " CASE i WHEN 1 THEN 'rare' ELSE 'opus' END,"
        f" CASE i WHEN 1 THEN 'rare' END, CASE i WHEN 0 THEN '/rare' END, i = 1, {START} + i FROM n WHERE i != 2;"
        f"{numbers.format(most=sessions * 10 - 1)} INSERT INTO messages (session_id, role, content, timestamp)"
        " SELECT 's' || (i / 10), CASE i % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, 'the words ' || i,"
        f" CASE i WHEN 3 THEN 1900000000 WHEN 4 THEN '1900000000' WHEN 5 THEN 1900000000000 WHEN 6 THEN 1500000000"
        f" WHEN 7 THEN '1500000000' WHEN 8 THEN 1500000000000 ELSE {START} + i END FROM n",
    )
    odd = ("tool', 'the result', 'x_Rare_tool', NULL", "assistant', 'the call', NULL, '[{\"name\": \"rare\"}]'")
    hidden = "tool', CAST(x'006a736f6e3a5b22746865225d' AS TEXT), 'rare', NULL"
    for place, cells in enumerate((*odd, hidden, "tool', 'alone', 'rare', NULL")):
        run(
            folder / "state.db",
            "INSERT INTO messages (id, session_id, role, content, tool_name, tool_calls, timestamp)"
            f" VALUES ({-1 - place}, 's7', '{cells}, {START})",
        )
    run(folder / "state.db", "DELETE FROM messages_fts_trigram WHERE rowid = -3")  # as an older SQLite leaves it
    run(folder / "state.db", "INSERT INTO messages_fts_trigram_docsize (id, sz) VALUES (-3, x'00')")
    run(folder / "state.db", "UPDATE sessions SET title = 'räre' WHERE id = 's3'")
    return folder / "state.db"


def found(database: SessionDB, query: str) -> list[int]:
    return [hit.message_id or 0 for batch in database.search(query) for hit in batch.hits]


def test_bounds_leave_no_hit_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SessionDB(made(tmp_path / "home", 60), read_only=True)) as database:
        queries = [f"the {item}" for item in FILTERS] + [*FILTERS]
        monkeypatch.setattr(newest_first, "BARREN_ROWS", 1 << 60)
        expected = [found(database, query) for query in queries]
        monkeypatch.setattr(newest_first, "BARREN_ROWS", 1)
        assert [found(database, query) for query in queries] == expected
    assert [len(ids) for ids in expected[:2]] == [10, 0]
    assert set(expected[9]) == {4, 5, 6}
    assert set(expected[10]) == {7, 8, 9}


@pytest.mark.parametrize(
    "query", ["the source:none", "the after:2030-01-01", "the is:live", "the tool:none", "tool:none", "title:none"]
)
def test_a_filter_that_nothing_passes_reads_no_more_messages_in_a_larger_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(newest_first, "BARREN_ROWS", 1)
    steps = []
    for sessions in (50, 150):
        path = made(tmp_path / str(sessions), sessions)
        run(path, "UPDATE messages SET timestamp = 1780000000; UPDATE sessions SET ended_at = 1")
        with asked_of_sqlite() as asked, closing(SessionDB(path, read_only=True)) as database:
            assert found(database, query) == []
        steps.append(asked.steps)
    assert steps[1] - steps[0] < 1_000 * 30  # sizes and times of messages, by indexes


@pytest.mark.parametrize("query", ["source:cli", "source:cli the"])
def test_rows_of_a_long_session_that_does_not_pass_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Mutants: `beyond_sessions` that returns the range, and one that goes below the row that it finds."""
    monkeypatch.setattr(newest_first, "BARREN_ROWS", 1 << 60)
    path = made(tmp_path / "home", 30)
    [before] = add(path, "the last", session="s7")
    ids = add(path, *["the watch"] * 3_000, session="watch", source="cron")
    run(path, f"UPDATE messages SET session_id = 'nowhere' WHERE id = {ids[2_000]}")
    with closing(SessionDB(path, read_only=True)) as database:
        found(database, query)
        with lent() as counts:
            assert before in found(database, query)
        assert counts.rows < 2_000
        assert ids[2_000] in found(database, query.replace("source:cli", "-source:cron"))


@pytest.mark.parametrize("query", ["大别山", "部署", "the role:system", "role:system"])
def test_what_no_index_has_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    """Mutants: nothing kept in `lost_rows._found`; nothing kept in `_of_role`."""
    monkeypatch.setattr(newest_first, "BARREN_ROWS", 1)
    monkeypatch.setattr(newest_first, "_FIRST_WINDOW", 8)
    steps = []
    for sessions in (30, 120):
        path = made(tmp_path / str(sessions), sessions)
        add(path, "大别山的部署", "部署大别山", session="s5", role="assistant")
        with asked_of_sqlite() as asked, closing(SessionDB(path, read_only=True)) as database:
            first = found(database, query)
            before = asked.steps
            assert found(database, query) == first
            steps.append(asked.steps - before)
            [late] = add(path, "the 大别山的部署", session="s6", role="system")
            add(path, *["the others"] * 20, session="s6")
            assert found(database, query) == [late, *first]
        assert len(first) == (0 if "role" in query else 2)
    assert steps[1] - steps[0] < 300


def test_a_row_that_comes_back_with_its_id_is_found_by_its_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: what is below the highest id is taken for looked at, as before a deletion was undone."""
    monkeypatch.setattr(newest_first, "BARREN_ROWS", 1)
    path = made(tmp_path / "home", 30)
    [gone] = add(path, "the quince", session="s5", role="system")
    add(path, *["the others"] * 300, session="s6")
    with closing(SessionDB(path, read_only=True)) as database:
        run(path, f"DELETE FROM messages WHERE id = {gone}")
        assert found(database, "the role:system") == []
        back = f"({gone}, 's5', 'system', 'the quince', {START})"
        run(path, f"INSERT INTO messages (id, session_id, role, content, timestamp) VALUES {back}")
        assert found(database, "the role:system") == [gone]


def test_a_count_looks_for_copies_where_a_match_is_inactive_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: `tally.sessions` for `tally.inactive`; `inactive` left empty."""
    asked: list[set[str]] = []
    of_sessions = CopiedHits.of_sessions

    def _noted(copied: CopiedHits, ids: Collection[str]) -> dict[str, Copies]:
        asked.append(set(ids))
        return of_sessions(copied, ids)

    monkeypatch.setattr(CopiedHits, "of_sessions", _noted)
    path = made(tmp_path / "home", 20)
    run(path, "UPDATE messages SET active = 0, compacted = 1 WHERE id = 55")
    with closing(SessionDB(path, read_only=True)) as database:
        counted = database.count("words")
    assert (counted.hits, counted.sessions, asked) == (200, 20, [{"s5"}])
