"""The demo home and the agent that writes into it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hermes_tui.demo.home import make_home
from hermes_tui.demo.run import agent
from hermes_tui.demo.script import load, messages
from screenshots.shoot import shoot
from store import Drift, Relation, Session, SessionDB, Status, Verdict
from store.sqlite.connect.writer import Writer
from tests.terminal import terminal

NOW = 1_795_000_000.0
LEGACY = "Fix the docker build on the bot"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("demo") / ".hermes", now=time.time())


@pytest.fixture
def db(home: Path) -> Iterator[SessionDB]:
    with closing(SessionDB(home / "state.db", read_only=True)) as opened:
        yield opened


def every(db: SessionDB) -> tuple[Session, ...]:
    return db.sessions(limit=500).items


def titled(db: SessionDB, title: str) -> Session:
    return next(session for session in every(db) if session.title == title)


def only_file(db: SessionDB) -> Session:
    (session,) = db.file_sessions()
    return session


def lines_of(home: Path, session: Session) -> list[bytes]:
    return (home / "sessions" / f"{session.id}.jsonl").read_bytes().splitlines()


@pytest.mark.slow
def test_a_home_is_made_in_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so within a second: what takes long is a commit for each session."""
    transaction, calls = Writer.transaction, []

    def counted(writer: Writer, work: Any, **options: Any) -> object:
        calls.append(work)
        return transaction(writer, work, **options)

    monkeypatch.setattr(Writer, "transaction", counted)
    make_home(tmp_path, now=NOW)
    assert len(calls) == 1


@pytest.mark.slow
def test_there_are_some_dozens_of_sessions_over_months_from_every_kind_of_source(db: SessionDB) -> None:
    sessions = every(db)
    assert 40 <= len(sessions) <= 60
    assert {one.source for one in sessions} >= {"cli", "telegram", "cron", "subagent", "discord", "whatsapp", "slack"}
    started = [one.started_at or 0 for one in sessions]
    assert max(started) - min(started) > 120 * 86_400
    assert max(started) <= time.time()


def test_every_title_stands_once_and_some_are_chinese_japanese_or_korean(db: SessionDB) -> None:
    titles = [one.title for one in every(db) if one.title]
    assert len(titles) == len(set(titles))
    assert "桂林旅行計画：三泊四日、雨の場合の代案も" in titles
    assert any("가" <= character <= "힣" for title in titles for character in title)


@pytest.mark.slow
def test_the_same_seed_makes_the_same_home(tmp_path: Path) -> None:
    one, other, third = (
        make_home(tmp_path / name, now=NOW, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )

    def content(folder: Path) -> list[object]:
        with closing(SessionDB(folder / "state.db", read_only=True)) as db:
            files = sorted((path.name, path.read_bytes()) for path in (folder / "sessions").iterdir())
            return [files, db.export_all()]

    assert content(one) == content(other)
    assert content(one) != content(third)


@pytest.mark.slow
def test_the_legacy_session_has_994_messages_in_jsonl_and_2_in_sqlite(home: Path, db: SessionDB) -> None:
    session = titled(db, LEGACY)
    assert session.messages == 2
    facts = db.facts(session.id)
    assert facts is not None
    assert (facts.messages, facts.meta_lines, facts.bad_lines) == (994, 1, 0)
    assert db.drift(session, facts) is Drift.JSONL_AHEAD
    result = db.check(session.id)
    assert (result.verdict, result.missing_in_sqlite, result.missing_in_jsonl) == (Verdict.JSONL_AHEAD, 992, 0)
    assert result.repairable
    assert len(db.load_transcript(session.id)) == 994


def test_one_session_has_diverged(db: SessionDB) -> None:
    result = db.check(titled(db, "Backup script for the NAS").id)
    assert result.verdict is Verdict.DIVERGED
    assert result.missing_in_sqlite >= 12
    assert result.missing_in_jsonl >= 5


def test_one_file_has_damaged_lines_and_the_same_messages(db: SessionDB) -> None:
    session = titled(db, "Sort receipts for the tax year")
    result = db.check(session.id)
    assert (result.verdict, result.damaged_lines) == (Verdict.SAME, 3)
    assert db.drift(session, db.facts(session.id)) is Drift.DAMAGED


def test_one_session_lives_in_a_file_alone(db: SessionDB) -> None:
    session = only_file(db)
    assert session.messages == 54
    assert db.file_messages(session.id)[0].text.startswith("Plan the garden beds with me")


def test_one_chain_of_compression_has_three_sections(db: SessionDB) -> None:
    tip = titled(db, "Why does pytest hang on the runner? #3")
    assert [db.get_session_title(one) for one in db.chain(tip.id)] == [
        "Why does pytest hang on the runner?",
        "Why does pytest hang on the runner? #2",
        "Why does pytest hang on the runner? #3",
    ]
    assert (tip.chain, tip.section, tip.relation) == (3, 3, Relation.CONTINUATION)
    assert db.messages([tip.first_id or 0])[0].text.startswith("[CONTEXT COMPACTION]")


def test_there_is_a_subagent_a_branch_and_something_archived(db: SessionDB) -> None:
    sessions = every(db)
    parent = titled(db, "Compare three vector stores for the notes app")
    subagent = next(one for one in sessions if one.source == "subagent")
    assert (subagent.relation, subagent.parent_id) == (Relation.DELEGATE, parent.id)
    branch = titled(db, "Sketch a schema for the recipe box, as documents")
    assert (branch.relation, branch.parent_id) == (
        Relation.BRANCH,
        titled(db, "Sketch a schema for the recipe box").id,
    )
    assert sum(one.archived for one in sessions) == 2


@pytest.mark.parametrize(
    ("title", "status"),
    [
        ("Deploy the new gateway to staging", Status.LIVE),
        ("Weekly digest of the mailing list", Status.LIVE),
        ("Compare three vector stores for the notes app", Status.DONE),
        ("Rename the photo library by EXIF date", Status.INTERRUPTED),
        ("Rewrite the resume in two columns", Status.INTERRUPTED),
        ("Transcribe the interview and pull quotes", Status.ERROR),
        (LEGACY, Status.DONE),
    ],
)
def test_sessions_stand_as_their_story_says(db: SessionDB, title: str, status: Status) -> None:
    session = titled(db, title)
    assert db.outlines([session.id])[session.id].status is status


def test_every_session_with_messages_has_a_cost(db: SessionDB) -> None:
    total = db.statistics.statistics(None, by=None, zone=None).total
    assert (total.without_cost, total.actual_usd) == (1, 0.0)
    assert 5 < total.estimated_usd < 50


def test_one_session_is_empty(db: SessionDB) -> None:
    (session,) = [one for one in every(db) if not one.messages]
    assert db.outlines([session.id])[session.id].status is Status.EMPTY


def test_messages_of_a_session_are_in_order_of_time_and_none_is_from_the_future(db: SessionDB) -> None:
    for session in every(db):
        times = [head.timestamp or 0 for head in db.heads(session.id).items]
        assert times == sorted(times)
        assert not times or times[-1] <= time.time()


@pytest.mark.slow
def test_every_call_of_a_tool_has_its_result_but_where_the_agent_was_stopped(home: Path, db: SessionDB) -> None:
    for session in every(db):
        conversation = db.get_messages_as_conversation(session.id)
        asked = [
            call["id"]
            for message in conversation
            if isinstance(calls := message.get("tool_calls"), list)
            for call in calls
        ]
        answered = {message.get("tool_call_id") for message in conversation if message["role"] == "tool"}
        unanswered = [one for one in asked if one not in answered]
        assert len(unanswered) == (session.title == "Rename the photo library by EXIF date")


def test_tools_answer_with_exit_codes_and_agents_reason(db: SessionDB) -> None:
    hits = db.search_messages("docker", role_filter=["tool"], limit=200)
    assert hits
    session = titled(db, "Compare three vector stores for the notes app")
    conversation = db.get_messages_as_conversation(session.id)
    assert any(message.get("reasoning") for message in conversation)
    terminal = next(message for message in conversation if message.get("tool_name") == "terminal")
    assert json.loads(str(terminal["content"]))["exit_code"] == 0


@pytest.mark.slow
def test_no_brace_of_the_script_is_left_open() -> None:
    script, rng = load(), Random(3)
    for conversation in script.conversations:
        for section in conversation.sections:
            for message in script.messages(conversation, section, rng):
                assert not {"{n}", "{file}", "{word}", "{service}"} & set(str(message["content"]).split())


def test_a_script_becomes_messages_as_an_agent_holds_them() -> None:
    said = messages("> why?\n\n~ because\n$ terminal ls => 1\n| a\n| b\n< so\n< it is", Random(1))
    assert [message["role"] for message in said] == ["user", "assistant", "tool", "assistant"]
    assert said[1]["reasoning"] == "because"
    assert said[1]["content"] is None
    assert json.loads(str(said[2]["content"])) == {"output": "a\nb", "exit_code": 1, "error": None}
    assert said[3]["content"] == "so\nit is"


@pytest.mark.slow
def test_the_agent_writes_into_both_live_sessions_and_ends_with_the_block(tmp_path: Path) -> None:
    home = make_home(tmp_path, now=time.time())
    with closing(SessionDB(home / "state.db", read_only=True)) as db:
        before = {one.id: one.messages for one in every(db)}
        with agent(home, pause=0.02) as process:
            deadline = time.monotonic() + 60
            grown: set[str | None] = set()
            while len(grown) < 2 and time.monotonic() < deadline:
                grown = {one.title for one in every(db) if one.messages > before[one.id]}
                time.sleep(0.05)
        assert grown == {"Deploy the new gateway to staging", "Weekly digest of the mailing list"}
        assert process.returncode == -signal.SIGTERM


@pytest.mark.slow
def test_the_agent_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    home = make_home(tmp_path, now=time.time())
    parent = textwrap.dedent("""
        import sys, time, pathlib
        from hermes_tui.demo.run import agent
        with agent(pathlib.Path(sys.argv[1])) as process:
            print(process.pid, flush=True)
            time.sleep(60)
    """)
    running = subprocess.Popen(
        [sys.executable, "-c", parent, str(home)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    assert running.stdout is not None
    pid = int(running.stdout.readline())
    running.kill()
    running.wait()
    running.stdout.close()
    deadline = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """False for a process that ended, whether or not somebody has asked how."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.slow
def test_a_picture_of_the_demo_comes_out_the_same_twice(tmp_path: Path) -> None:
    """Whatever differs from run to run (hours, counts, milliseconds) would show in every commit."""
    names = ["search-80x24"]
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        shoot(names, tmp_path / folder)
    for name in names:
        one, other = (tmp_path / folder / f"{name}.svg" for folder in ("one", "other"))
        assert one.read_text() == other.read_text()
        assert "桂林" in one.read_text() or "docker" in one.read_text()


@pytest.mark.slow
def test_an_agent_without_a_home_says_so_and_gives_up(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "hermes_tui.demo.run",
        "--agent",
        str(tmp_path / "gone" / "folder"),
        "--pause",
        "0",
    ]
    (tmp_path / "gone").write_text("in the way")
    result = subprocess.run(
        command, cwd=Path(__file__).parents[3], input="", capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("how", ["a key", "SIGTERM", "SIGHUP"])
def test_the_demo_shows_a_live_home_and_leaves_nothing_behind(tmp_path: Path, how: str) -> None:
    with terminal("--demo", columns=100, rows=30, environ={"TMPDIR": str(tmp_path)}) as app:
        app.wait_for("Fix the docker build")
        app.wait_for("● 2 live")
        assert len(list(tmp_path.iterdir())) == 1
        if how == "a key":
            app.send("\x11")
        else:
            app.process.send_signal(getattr(signal, how))
        assert app.exit_code() == {"a key": 0, "SIGTERM": 143, "SIGHUP": 129}[how]
        assert list(tmp_path.iterdir()) == []
        assert b"Traceback" not in app.raw
