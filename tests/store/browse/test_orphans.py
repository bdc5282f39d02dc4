"""Sessions that have messages and no row are listed, read, found and told of like any other.

Each guard was seen to fail with its mutant: pages that end with the rows; `by_ids` without those that have no row;
ids of sessions that have a row among them; a file of an orphan's taken for a session that only a file knows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from store import Origin, SessionDB, Status, Verdict
from tests.builders import home, jsonl, say, talk
from tests.store.sqlite_files import run

LONE = [f"lone-{number}" for number in range(7)]


@pytest.fixture
def db(tmp_path: Path) -> Any:
    """Three sessions with rows, and seven without, whose rows somebody deleted."""
    made = SessionDB(home(tmp_path) / "state.db")
    for session_id in ("a", "m", "z", *LONE):
        made.create_session(session_id, "cli")
        made.append_messages(session_id, [*talk(3, word=f"kumquat {session_id}"), say("assistant", "done")])
    made.close()
    run(made.path, "PRAGMA foreign_keys = OFF; DELETE FROM sessions WHERE id LIKE 'lone-%'")
    opened = SessionDB(made.path, read_only=True)
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 200])
@pytest.mark.parametrize("indexed", [True, False])
def test_pages_have_each_of_them_once(db: SessionDB, limit: int, indexed: bool) -> None:
    if not indexed:
        run(db.path, "DROP INDEX idx_messages_session")
    page = db.sessions(limit=limit)
    listed = list(page.items)
    while page.more:
        page = db.sessions(limit=limit, cursor=page.cursor)
        assert len(page.items) <= limit
        listed += page.items
    assert sorted(row.id for row in listed) == sorted([*LONE, "a", "m", "z"])
    assert [row.id for row in listed if row.orphan] == LONE
    assert db.scope().total == len(listed)


@pytest.mark.slow
def test_an_orphan_is_a_full_citizen(db: SessionDB) -> None:
    row = db.session("lone-3")
    assert row is not None
    assert (row.messages, row.origin, row.orphan, row.source) == (4, Origin.SQLITE, True, "")
    assert row.started_at is not None
    assert row.last_active is not None
    assert row.last_active >= row.started_at
    assert db.outlines(["lone-3"])["lone-3"].first_words == "kumquat lone-3 0"
    assert db.outlines(["lone-3"])["lone-3"].status in (Status.LIVE, Status.DONE)
    assert len(db.heads("lone-3").items) == 4
    assert db.chain("lone-3") == ("lone-3",)
    assert {row.id for row in db.recent()} >= set(LONE)
    assert {hit.session_id for batch in db.search("kumquat") for hit in batch.hits} == {*LONE, "a", "m", "z"}
    assert {check.session_id for check in db.checks()} == {*LONE, "a", "m", "z"}
    assert len(db.load_transcript("lone-3")) == 4
    [found] = db.where("lone-3")
    assert "without a row" in found.reasons[0]
    assert [one.session.id for one in db.where("lone-")] == LONE


def test_its_file_is_a_second_source_and_no_session_of_its_own(db: SessionDB) -> None:
    folder = db.path.parent
    jsonl(folder, "lone-0", [*talk(3, word="kumquat lone-0"), say("assistant", "done"), say("user", "and more")])
    assert db.file_sessions() == ()
    check = db.check("lone-0")
    assert (check.verdict, check.sqlite_messages, check.missing_in_sqlite) == (Verdict.JSONL_AHEAD, 4, 1)


@pytest.mark.slow
def test_a_file_without_a_table_of_sessions_has_its_messages(db: SessionDB) -> None:
    run(db.path, "PRAGMA foreign_keys = OFF; DROP TABLE sessions")
    assert sorted(row.id for row in db.sessions().items) == sorted([*LONE, "a", "m", "z"])


@pytest.mark.slow
def test_an_agent_takes_it_up_again(db: SessionDB) -> None:
    agent = SessionDB(db.path)
    agent.ensure_session("lone-5", "cli")
    agent.append_message("lone-5", "user", "again")
    agent.close()
    row = db.session("lone-5")
    assert row is not None
    assert (row.orphan, row.messages) == (False, 5)
