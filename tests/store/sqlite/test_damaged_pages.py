"""A damaged page hides what lies on it and nothing else: the list, every other session, every other message stay.

Each guard was seen to fail with its mutant:
- `counts` that does not part the sessions: the whole list is gone
- `heads` that passes the damage on: the damaged session cannot be opened
- `outlines` that gives up at the first damaged session
- `checks` that ends there
- a survey without a step for a session that it could not read; plans that end at the first of these
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from hermes_tui.cli import check, repair, sessions, show
from hermes_tui.cli.options import Options
from hermes_tui.cli.output import Streams
from hermes_tui.feed import questions
from hermes_tui.feed.answers import SectionArrived
from store import Cancel, Check, Damaged, Drift, Home, Session, SessionDB, Verdict
from store.models import UNREADABLE
from tests.builders import home, jsonl, talk
from tests.store.sqlite_files import leaves, run, smash

SESSIONS, EACH = 30, 20


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """A store in which a leaf in the midst of the messages is damaged."""
    folder = home(tmp_path)
    db = SessionDB(folder / "state.db")
    for number in range(SESSIONS):
        db.create_session(f"s{number:02}", "cli")
        db.append_messages(f"s{number:02}", talk(EACH, word=f"session {number} " + "x" * 300))
    db.close()
    pages = leaves(folder / "state.db", "messages")
    smash(folder / "state.db", pages[len(pages) // 2])
    return folder / "state.db"


def transcript(db: SessionDB, session_id: str) -> list[str]:
    """The roles of a session's messages, as the screen gets them."""
    row = db.session(session_id)
    assert row is not None
    sections = [one for one in questions.transcript(db, 1, row.id, row.origin) if isinstance(one, SectionArrived)]
    ids = [head.id for one in sections for head in one.heads]
    assert [head.role for one in sections for head in one.heads] == [one.role for one in db.messages(ids)]
    return [message.role for message in db.messages(ids)]


@pytest.mark.slow
def test_every_session_is_listed_and_every_message_that_can_be_read(torn: Path) -> None:
    db = SessionDB(torn, read_only=True)
    rows = {row.id: row for row in db.sessions(limit=500).items}
    assert len(rows) == SESSIONS == db.scope().total
    assert {row.messages for row in rows.values()} == {EACH}
    assert {row.id for row in db.recent()} == rows.keys()
    outlines = db.outlines(rows)
    assert outlines.keys() == rows.keys()
    read = {session_id: transcript(db, session_id) for session_id in rows}
    assert {len(roles) for roles in read.values()} == {EACH}
    hurt = {session_id for session_id, roles in read.items() if UNREADABLE in roles}
    assert 0 < len(hurt) <= 2
    assert all(roles.count(UNREADABLE) < EACH for roles in read.values())
    assert {one for one, outline in outlines.items() if outline.status is None} <= hurt
    db.close()


@pytest.mark.slow
def test_the_session_whose_last_message_is_lost_says_so(torn: Path) -> None:
    db = SessionDB(torn, read_only=True)
    said = {row.id: row.problem for row in db.sessions(limit=500).items if row.problem}
    [(session_id, problem)] = said.items()
    assert problem.startswith("part of its messages cannot be read: ")
    row = db.session(session_id)
    assert row is not None
    assert row.last_id is not None
    assert db.drift(row, None) is Drift.DAMAGED
    db.close()


@pytest.mark.slow
def test_what_can_be_compared_is_compared_before_the_damage_is_told(torn: Path) -> None:
    db = SessionDB(torn, read_only=True)
    seen: list[Check] = []
    with pytest.raises(Damaged, match="cannot be compared"):
        seen.extend(db.checks())
    unread = [check for check in seen if check.verdict is Verdict.UNREAD]
    assert len(seen) == SESSIONS
    assert 0 < len(unread) <= 2
    assert all(check.reason.startswith("cannot be compared: ") for check in unread)
    db.close()


@pytest.mark.slow
def test_no_verb_is_silent_about_a_session_that_it_could_not_compare(torn: Path) -> None:
    for number in range(SESSIONS):
        jsonl(torn.parent, f"s{number:02}", talk(EACH, word=f"session {number} " + "x" * 300))
    db = SessionDB(torn, read_only=True)
    steps = list(db.survey(cancel=Cancel()))
    unread = {check.session_id for step in steps for check in step.checks if check.verdict is Verdict.UNREAD}
    facts = {session_id: fact for step in steps for session_id, fact in step.facts.items()}
    drifts = {session_id: drift for step in steps for session_id, drift in step.drifts.items()}
    assert 0 < len(unread) <= 2
    assert all("cannot be compared" in facts[session_id].problem for session_id in unread)
    assert {drifts[session_id] for session_id in unread} == {Drift.DAMAGED}
    db.close()

    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(Damaged, match="cannot be compared"):
        check.check(Home(torn.parent), Options(json=True), Streams(out, err))
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {row["session_id"] for row in rows if row["verdict"] == "unread"} == unread
    assert len(rows) == SESSIONS

    out, err = io.StringIO(), io.StringIO()
    options = Options(json=True, every=True, dry_run=True)
    assert repair.repair(Home(torn.parent), options, Streams(out, err)) == 1
    plans = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {plan["session_id"] for plan in plans if plan["verdict"] == "unread"} == unread


def test_the_verbs_print_what_there_is_and_say_what_is_not(torn: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    where = Home(torn.parent)
    assert sessions.list_sessions(where, Options(json=True), Streams(out, err)) == 2
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(rows) == SESSIONS
    assert err.getvalue().startswith("hermes-tui: all are listed, 1 session only in part: part of its messages")
    [hurt] = [row["id"] for row in rows if row["drift"] == "damaged"]
    out, err = io.StringIO(), io.StringIO()
    assert show.show(where, Options(json=True, ids=[hurt]), Streams(out, err)) == 0
    assert len(out.getvalue().splitlines()) == EACH
    assert "cannot be read, for pages of state.db are damaged" in err.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("index", ["idx_messages_session", "idx_messages_session_active"])
def test_a_damaged_index_hides_no_session(tmp_path: Path, index: str) -> None:
    folder = home(tmp_path)
    db = SessionDB(folder / "state.db")
    for number in range(SESSIONS):
        db.create_session(f"s{number:02}", "cli")
        db.append_messages(f"s{number:02}", talk(EACH))
    db.close()
    smash(folder / "state.db", leaves(folder / "state.db", index)[0])
    db = SessionDB(folder / "state.db", read_only=True)
    assert len(db.sessions(limit=500).items) == SESSIONS
    assert transcript(db, "s00").count(UNREADABLE) == 0
    assert db.file_sessions() == ()
    assert db.scope().total == SESSIONS
    db.close()


@pytest.mark.slow
def test_the_last_page_may_be_the_damaged_one(tmp_path: Path) -> None:
    """It is the one that a watch and the first frame look at."""
    folder = home(tmp_path)
    db = SessionDB(folder / "state.db")
    for number in range(SESSIONS):
        db.create_session(f"s{number:02}", "cli")
        db.append_messages(f"s{number:02}", talk(EACH, word="x" * 300))
    db.close()
    smash(folder / "state.db", leaves(folder / "state.db", "messages")[-1])
    db = SessionDB(folder / "state.db", read_only=True)
    assert len(db.recent()) == SESSIONS
    assert run(folder / "state.db", "SELECT count(*) FROM sessions") == [(SESSIONS,)]
    assert len(db.sessions(limit=500).items) == SESSIONS
    db.close()


@pytest.mark.slow
@pytest.mark.parametrize("limit", [7, 500])
def test_a_damaged_page_of_the_sessions_themselves_hides_only_what_their_rows_say(tmp_path: Path, limit: int) -> None:
    """Mutants: `page_by_id` never asked; `by_ids` that does not part the sessions; `session_ids` by the table alone."""
    folder = home(tmp_path)
    db = SessionDB(folder / "state.db")
    for number in range(90):
        db.create_session(f"s{number:02}", "cli", system_prompt="x" * 300)
        db.append_messages(f"s{number:02}", talk(3))
    db.close()
    jsonl(folder, "s42", talk(3))
    pages = leaves(folder / "state.db", "sessions")
    assert len(pages) > 4
    smash(folder / "state.db", pages[len(pages) // 2])
    db = SessionDB(folder / "state.db", read_only=True)
    rows: dict[str, Session] = {}
    page = db.sessions(limit=limit)
    while page.more:
        rows |= {row.id: row for row in page.items}
        page = db.sessions(limit=limit, cursor=page.cursor)
    rows |= {row.id: row for row in page.items}
    assert sorted(rows) == [f"s{number:02}" for number in range(90)]
    assert {row.messages for row in rows.values()} == {3}
    lost = [row for row in rows.values() if row.problem]
    assert 0 < len(lost) < 30
    assert all(row.problem.startswith("its row cannot be read: ") for row in lost)
    assert all(row.source == "cli" for row in rows.values() if not row.problem)
    assert db.scope().total == 90
    assert db.file_sessions() == ()
    assert len(db.recent(limit=500)) == 90
    assert len(db.outlines(rows)) == 90
    assert transcript(db, lost[0].id) == ["user", "assistant", "user"]
    out, err = io.StringIO(), io.StringIO()
    assert sessions.list_sessions(Home(folder), Options(json=True), Streams(out, err)) == 2
    assert len(out.getvalue().splitlines()) == 90
    db.close()
