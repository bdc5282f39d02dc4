"""What a push reads and writes after the first: only what changed, also where another push is at the same home."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from store import SessionDB
from store.engine.push_target import HomeIdentity, PushTarget
from store.errors import CannotOpen, Refused
from store.files.home import Home
from store.open import open_push_target, open_to_read
from store.push import machine
from store.push.following import follow
from store.push.home_copies import HomeCopies
from store.push.pusher import Pusher
from store.push.session_copies import SessionCopies
from tests import builders
from tests.store.push.conftest import WHOSE, SqlRunner, claimed
from tests.store.push.test_push import changed, long_session, pushed


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every state of a home counts as an old one."""
    for module in ("store.push.file_copies", "store.sqlite.copied"):
        monkeypatch.setattr(f"{module}.SETTLED", -1.0)


def shown(run_sql: SqlRunner, schema: str, session_id: str) -> list[str]:
    """The messages of a session that are not gone, in order."""
    rows = run_sql(
        f"SELECT content FROM {schema}.messages WHERE session_id = %s AND hermes_tui_gone_at IS NULL ORDER BY id",
        (session_id,),
    )
    return [str(content) for (content,) in rows]


@pytest.mark.usefixtures("settled")
def test_a_push_without_a_change_reads_nothing_of_the_home(
    folder: Path, pusher: Pusher, target: PushTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: the stamp is never equal; the stamp leaves out what waits in the WAL."""
    pushed(pusher)
    with closing(open_to_read(Home(folder))) as store:
        again = claimed(store, target)
        with monkeypatch.context() as patch:
            patch.setattr(SessionCopies, "marks", None)
            assert pushed(again) == (0, 0)
        with closing(SessionDB(folder / "state.db")) as db:
            db.set_session_title(long_session(folder), "other")
            assert pushed(again) == (1, 0)
    with closing(open_to_read(Home(folder))) as store:
        assert pushed(claimed(store, target)) == (0, 0)


def test_a_push_that_another_one_overtakes_marks_nothing_of_it_as_gone(
    folder: Path, pusher: Pusher, target: PushTarget, run_sql: SqlRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: the mark is not compared before a session is written."""
    schema = target.name.partition("#")[2]
    pushed(pusher)
    session = long_session(folder)
    made = SessionCopies.copy

    def _overtaken(copies: SessionCopies, session_id: str, known: str, *, whole: bool) -> object:
        copy = made(copies, session_id, known, whole=whole)
        monkeypatch.setattr(SessionCopies, "copy", made)
        with closing(SessionDB(folder / "state.db")) as db:
            db.append_message(session, "user", "said meanwhile")
        with closing(open_to_read(Home(folder))) as store:
            assert pushed(claimed(store, target)) == (1, 0)
        return copy

    changed(folder, f"UPDATE sessions SET title = 'another' WHERE id = '{session}'")
    monkeypatch.setattr(SessionCopies, "copy", _overtaken)
    pushed(pusher)
    assert shown(run_sql, schema, session)[-1] == "said meanwhile"
    assert list(pusher.verify()) == []


def test_a_session_of_both_sides_follows_what_is_appended_to_either_without_reading_it_again(
    tmp_path: Path, target: PushTarget, schema: str, run_sql: SqlRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: a new line that SQLite lacks is passed over; rows get the places of others; a longer file is read."""
    home = builders.home(tmp_path)
    said = [builders.say("user" if place % 2 == 0 else "assistant", f"heron word{place}") for place in range(6)]
    with closing(builders.db(home)) as db:
        builders.store(db, "both", said[2:4])
        builders.store(db, "equal", said)
    for name in ("both", "equal"):
        builders.jsonl(home, name, said)
    read: list[str] = []
    merged = HomeCopies.whole

    def _read(copies: HomeCopies, session_id: str, known: str) -> object:
        read.append(session_id)
        return merged(copies, session_id, known)

    with closing(open_to_read(Home(home))) as store, closing(builders.db(home)) as db:
        pusher = claimed(store, target)
        looks = follow(pusher, clock=lambda: 0.0)
        assert next(looks) == 2
        monkeypatch.setattr(HomeCopies, "whole", _read)
        for number in range(3):
            for name in ("both", "equal"):
                said_now = builders.say("user", f"again {number}")
                db.append_message(name, "user", said_now["content"])
                with (home / "sessions" / f"{name}.jsonl").open("a") as file:
                    file.write(json.dumps(said_now) + "\n")
            assert next(looks) == 2
            assert read == []
        expected = [message["content"] for message in said] + [f"again {number}" for number in range(3)]
        assert shown(run_sql, schema, "both") == shown(run_sql, schema, "equal") == expected
        db.append_message("equal", "user", "of SQLite")
        with (home / "sessions" / "equal.jsonl").open("a") as file:
            file.write(json.dumps(builders.say("assistant", "of the file alone")) + "\n")
        assert next(looks) == 1
        assert read == ["equal"]
        assert set(shown(run_sql, schema, "equal")[-2:]) == {"of SQLite", "of the file alone"}
        assert list(pusher.verify()) == []


def test_a_push_that_follows_copies_titles_ends_undone_messages_and_new_sessions_with_the_next_look(
    folder: Path, pusher: Pusher, run_sql: SqlRunner, schema: str
) -> None:
    """Mutant: only sessions of new messages are looked at."""
    looks = follow(pusher, clock=lambda: 0.0)
    assert next(looks) > 10
    with closing(SessionDB(folder / "state.db")) as db:
        db.create_session("fresh", "cli")
        assert next(looks) == 1
        db.append_messages("fresh", builders.talk(4))
        assert next(looks) == 1
        db.end_session("fresh", "done")
        db.set_session_title("fresh", "a title")
        assert next(looks) == 1
    changed(folder, "UPDATE messages SET active = 0 WHERE session_id = 'fresh' AND content = 'message 3'")
    assert next(looks) == 1
    assert run_sql(f"SELECT end_reason, title FROM {schema}.sessions WHERE id = 'fresh'") == [("done", "a title")]
    active = run_sql(f"SELECT active FROM {schema}.messages WHERE session_id = 'fresh' ORDER BY id")
    assert active == [(1,), (1,), (1,), (0,)]
    assert list(pusher.verify()) == []


def test_a_push_that_follows_leaves_alone_what_is_more_than_a_tenth_and_ends_where_another_home_took_over(
    folder: Path, pusher: Pusher, server_url: str, run_sql: SqlRunner, schema: str
) -> None:
    """Mutants: many that vanished are marked; the owner is looked at once only."""
    clock = [0.0]
    looks = follow(pusher, clock=lambda: clock[0])
    next(looks)
    changed(
        folder, "DELETE FROM sessions WHERE id LIKE '202603%'", "DELETE FROM messages WHERE session_id LIKE '202603%'"
    )
    clock[0] = 1e6
    next(looks)
    assert pusher.left > 10
    assert run_sql(f"SELECT 1 FROM {schema}.sessions WHERE hermes_tui_gone_at > 0 LIMIT 1") == []
    with closing(open_push_target(server_url, schema)) as again:
        again.claim(replace(WHOSE, machine="2" * 32), take_over=True)
    with closing(SessionDB(folder / "state.db")) as db:
        db.create_session("fresh", "cli")
    with pytest.raises(Refused, match="took"):
        next(looks)


def test_what_a_schema_held_before_it_was_taken_over_is_gone_and_a_missing_one_is_not_made_by_a_comparison(
    folder: Path, server_url: str, run_sql: SqlRunner, schema: str
) -> None:
    """Mutants: sessions without a mark stay as they are; `verify` claims."""
    with closing(open_to_read(Home(folder))) as store, closing(open_push_target(server_url, schema)) as target:
        with pytest.raises(CannotOpen):
            list(Pusher(store, target, WHOSE).verify())
        assert run_sql("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)) == []
        with closing(SessionDB(f"{server_url}&schema={schema}")) as db:
            db.create_session("of an agent", "cli")
            db.append_messages("of an agent", builders.talk(2))
        pusher = Pusher(store, target, WHOSE)
        with pytest.raises(Refused, match="filled by agents"):
            pusher.claim()
        pusher.claim(take_over=True)
        with pytest.raises(Refused, match="1 of 1 sessions vanished"):
            pushed(pusher)
        assert pushed(pusher, allow_gone=True)[1] == 1
        assert list(pusher.verify()) == []
        assert pusher.prune() == 3


def test_messages_of_a_home_that_began_again_leave_those_that_are_gone_readable(
    tmp_path: Path, target: PushTarget, schema: str, run_sql: SqlRunner
) -> None:
    """Mutant: the ids of gone messages are given to the new ones."""
    home = builders.home(tmp_path)
    for name, word in (("first", "heron"), ("second", "egret"), ("third", "stork")):
        with closing(builders.db(home)) as db:
            builders.store(db, name, builders.talk(3, word=word))
        with closing(open_to_read(Home(home))) as store:
            pusher = claimed(store, target)
            pushed(pusher, allow_gone=True)
            assert list(pusher.verify()) == []
        for path in home.glob("state.db*"):
            path.unlink()
    rows = run_sql(f"SELECT session_id, content, hermes_tui_gone_at > 0 FROM {schema}.messages ORDER BY session_id, id")
    words = (("first", "heron", True), ("second", "egret", True), ("third", "stork", None))
    assert rows == [(name, f"{word} {place}", gone) for name, word, gone in words for place in range(3)]


def test_no_two_profiles_of_a_machine_share_a_schema_and_its_id_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: names are cut alone; the id is written in place."""
    names = ("default", "a-b", "a_b", "x" * 64, "x" * 63 + "y", "z" * 28)
    schemas = [machine.schema_of(HomeIdentity("", "", "Desk.local", name)) for name in names]
    assert len(set(schemas)) == len(names)
    assert (schemas[0], schemas[2], schemas[5]) == (
        "m_desk_local_default",
        "m_desk_local_a_b",
        f"m_desk_local_{'z' * 28}",
    )
    assert all(len(name) <= 63 for name in schemas)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    first = machine.identity(Home(tmp_path))
    assert first == machine.identity(Home(tmp_path))
    assert [path.name for path in (tmp_path / "state").rglob("*") if path.is_file()] == ["machine"]
