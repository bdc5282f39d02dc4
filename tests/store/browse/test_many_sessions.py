"""The first screen over 20,000 sessions: no body is read for it, and every statement walks an index
(docs/decisions/0008).

SQLite's own authorizer tells what a statement reads, and its page counter how much.
Mutants that these guards were seen to catch: `substr(content, 1, 9)` among the columns of a listed row; orphans found
by a walk over all messages.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from hermes_tui.feed import questions
from hermes_tui.feed.answers import SessionsArrived
from store import Drift, Relation, SessionDB, Status
from store.sqlite.connect import create, read_open
from tests.builders import sqlite_of
from tests.store.sqlite_files import run

SESSIONS = 20_000
NOW = 1_790_000_000.0
BODIES = {("messages", name) for name in ("content", "tool_calls", "reasoning", "reasoning_content", "api_content")}
PRIVATE = BODIES | {("sessions", "system_prompt")}

FILL = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {SESSIONS - 1})
INSERT INTO sessions (id, source, title, model, model_config, system_prompt, parent_session_id, started_at, ended_at,
    end_reason, archived)
SELECT printf('s%05d', i), CASE i % 4 WHEN 0 THEN 'cli' WHEN 1 THEN 'telegram' WHEN 2 THEN 'cron' ELSE 'subagent' END,
    CASE i % 3 WHEN 0 THEN NULL ELSE printf('session %d', i) END, 'opus', '{{}}', hex(zeroblob(400)),
    CASE WHEN i % 10 IN (5, 6) THEN printf('s%05d', i - 1) END, {NOW} - i * 60,
    CASE WHEN i % 5 < 4 THEN {NOW} - i * 60 + 30 END, CASE WHEN i % 10 = 4 THEN 'compression' ELSE 'cli_close' END,
    i % 17 = 0
FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {SESSIONS * 3 - 1})
INSERT INTO messages (session_id, role, content, tool_calls, finish_reason, timestamp)
SELECT printf('s%05d', {SESSIONS - 1} - i / 3), CASE i % 3 WHEN 0 THEN 'user' WHEN 1 THEN 'tool' ELSE 'assistant' END,
    'words ' || hex(zeroblob(150)), CASE WHEN i % 21 = 2 THEN '[{{"name": "x"}}]' END,
    CASE WHEN i % 33 = 2 THEN 'length' ELSE 'stop' END, {NOW} - ({SESSIONS - 1} - i / 3) * 60
FROM n WHERE i % 9 != 8 AND (i / 3) % 23 != 0;
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 20,000 sessions of every kind; the indexes of words are left empty, nothing here asks them."""
    made = tmp_path_factory.mktemp("many") / "state.db"
    create.create(made)
    connection = apsw.Connection(str(made))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.execute("PRAGMA synchronous = OFF; BEGIN")
    connection.execute(FILL)
    connection.execute("COMMIT")
    connection.close()
    (made.parent / "sessions").mkdir()
    (made.parent / "sessions" / "s00002.jsonl").write_text('{"role": "user", "content": "x"}\n' * 9)
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """The columns that statements read from here on, as SQLite's authorizer tells them."""
    found: set[tuple[str, str]] = set()
    plain: Callable[[Path, str], apsw.Connection] = read_open._connect

    def watched(path: Path, how: str) -> apsw.Connection:
        connection = plain(path, how)

        def told(code: int, first: str | None, second: str | None, *_: object) -> int:
            if code == apsw.SQLITE_READ:
                found.add((str(first), str(second)))
            return apsw.SQLITE_OK

        connection.authorizer = told
        return connection

    monkeypatch.setattr(read_open, "_connect", watched)
    return found


@pytest.mark.slow
def test_the_first_screen_reads_no_body(path: Path, read: set[tuple[str, str]]) -> None:
    db = SessionDB(path, read_only=True)
    first, _counted, *pages = questions.listed(db, 1)
    assert isinstance(first, SessionsArrived)
    assert len(first.sessions) == questions.FIRST_ROWS
    assert sum(len(page.sessions) for page in pages if isinstance(page, SessionsArrived)) == SESSIONS
    drifts = {row.id: db.drift(row, db.facts(row.id)) for row in first.sessions}
    assert drifts["s00002"] is Drift.JSONL_AHEAD
    assert {row.relation for row in first.sessions} >= {Relation.CONTINUATION, Relation.DELEGATE, None}
    assert any(row.archived for row in first.sessions)
    assert ("messages", "timestamp") in read
    assert not read & PRIVATE
    statuses = {one.status for one in db.outlines([row.id for row in first.sessions]).values()}
    assert statuses >= {Status.DONE, Status.INTERRUPTED, Status.ERROR, Status.EMPTY}
    assert read & BODIES  # the authorizer does tell of bodies: outlines, for rows on the screen, take their first words
    db.close()


@pytest.mark.slow
def test_the_first_screen_reads_few_pages(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what the rows on the screen are outlined with is a few pages for each, not the table."""
    db = SessionDB(path, read_only=True)
    missed = {"all": 0}

    def count() -> int:
        before = missed["all"]
        for opened in sqlite_of(db).reader._idle:
            missed["all"] = int(opened.connection.status(apsw.SQLITE_DBSTATUS_CACHE_MISS)[0])
        return missed["all"] - before

    [(pages,)] = run(path, "PRAGMA page_count")
    assert isinstance(pages, int)
    rows = db.recent(limit=50)
    listed = count()
    db.outlines([row.id for row in rows])
    outlined = count()
    assert 0 < listed < pages / 10
    assert outlined < 20 * len(rows)
    db.close()


@pytest.mark.slow
def test_every_statement_of_the_list_walks_an_index(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = SessionDB(path, read_only=True)
    asked: list[tuple[str, tuple[object, ...]]] = []
    rows = sqlite_of(db).reader.rows

    def noted(sql: str, bindings: tuple[object, ...] = (), **_: object) -> object:
        asked.append((sql, bindings))
        return rows(sql, bindings)

    monkeypatch.setattr(sqlite_of(db).reader, "rows", noted)
    db.recent(limit=50)
    page = db.sessions(limit=200)
    db.sessions(limit=200, cursor=page.cursor)
    while page.more:
        page = db.sessions(limit=1_000, cursor=page.cursor)
    db.close()
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    plans = [
        str(row[3]) for sql, bindings in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)
    ]
    connection.close()
    scans = {plan for plan in plans if plan.startswith("SCAN")}
    assert scans <= {
        "SCAN sessions USING INDEX idx_sessions_started",
        "SCAN messages",  # by its key from the newest row, as far as NEWEST_ROWS
        "SCAN (subquery-1)",
        "SCAN counted",
        "SCAN near",
        "SCAN step",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
    }, scans
    assert plans.count("SCAN messages") == 1
    assert any("COVERING INDEX idx_messages_session" in plan for plan in plans)
