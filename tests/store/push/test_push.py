"""Pushes of a home: everything once, then what changed; what vanished stays readable; another's schema is refused."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from store import SessionDB, open_home
from store.base.errors import CannotOpen, Refused, StoreMissing
from store.base.models import Origin
from store.browse.browser import HomeBrowser
from store.engine.push_target import PushTarget
from store.files.home import Home
from store.open import locate_server, open_push_target, open_to_read
from store.push.following import follow
from store.push.pusher import Pusher, Vanished
from tests import builders
from tests.store.push.conftest import WHOSE, SqlRunner, claimed

NOW = 1.8e9


def pushed(pusher: Pusher, *, allow_gone: bool = False) -> tuple[int, int]:
    """Sessions written and gone."""
    step = list(pusher.push(Vanished.MARK if allow_gone else Vanished.REFUSE, now=lambda: NOW))[-1]
    return step.written, step.gone


def changed(folder: Path, *statements: str) -> None:
    """Change the home as Hermes does."""
    connection = apsw.Connection(str(folder / "state.db"))
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def long_session(folder: Path) -> str:
    """The session of most messages."""
    connection = apsw.Connection(str(folder / "state.db"))
    [(found,)] = connection.execute("SELECT session_id FROM messages GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    connection.close()
    return str(found)


def test_a_push_copies_everything_once_and_then_what_changed(
    folder: Path, pusher: Pusher, server_url: str, schema: str, run_sql: SqlRunner
) -> None:
    written, gone = pushed(pusher)
    assert (written > 10, gone) == (True, 0)
    assert list(pusher.verify()) == []
    before = run_sql(f"SELECT xmin::text, id FROM {schema}.messages ORDER BY id")
    assert pushed(pusher) == (0, 0)
    assert run_sql(f"SELECT xmin::text, id FROM {schema}.messages ORDER BY id") == before
    session = long_session(folder)
    of_it = f"WHERE session_id = '{session}'"
    fourth = f"(SELECT id FROM messages {of_it} ORDER BY id LIMIT 1 OFFSET 3)"
    changed(
        folder,
        "ALTER TABLE messages ADD COLUMN mood BLOB",
        f"UPDATE messages SET content = 'edited', mood = x'00ff' WHERE id = (SELECT min(id) FROM messages {of_it})",
        f"UPDATE messages SET active = 0 WHERE id = (SELECT max(id) FROM messages {of_it})",
        f"DELETE FROM messages WHERE id = (SELECT id FROM messages {of_it} ORDER BY id LIMIT 1 OFFSET 2)",
        f"UPDATE messages SET id = id + 100000 WHERE id = {fourth}",
        "INSERT INTO sessions (id, source, started_at) VALUES ('new', 'cli', 1.7e9)",
        "INSERT INTO messages (session_id, role, content, timestamp) VALUES ('new', 'user', 'a' || char(0), 1.7e9)",
    )
    assert {session_id for session_id, _ in pusher.verify()} == {session, "new"}
    with closing(open_to_read(Home(folder))) as store, closing(open_push_target(server_url, schema)) as again:
        assert pushed(claimed(store, again)) == (2, 0)
        assert list(Pusher(store, again, WHOSE).verify()) == []
    assert run_sql(
        f"SELECT hermes_tui_gone_at, count(*) FROM {schema}.messages WHERE hermes_tui_gone_at > 0 GROUP BY 1"
    ) == [(NOW, 1)]
    assert run_sql(f"SELECT count(*) FROM {schema}.messages WHERE hermes_tui_extra LIKE '%mood%'") == [(1,)]


def test_a_session_that_lost_its_row_alone_has_none_that_is_not_gone(
    folder: Path, pusher: Pusher, run_sql: SqlRunner, schema: str
) -> None:
    """Mutants: the row stays; a row too many is no difference."""
    pushed(pusher)
    session = long_session(folder)
    changed(folder, "PRAGMA foreign_keys = 0", f"DELETE FROM sessions WHERE id = '{session}'")
    assert list(pusher.verify()) == [(session, ["session"])]
    assert pushed(pusher) == (1, 0)
    assert list(pusher.verify()) == []
    assert run_sql(f"SELECT hermes_tui_gone_at FROM {schema}.sessions WHERE id = %s", (session,)) == [(NOW,)]
    assert run_sql(f"SELECT count(*) FROM {schema}.messages WHERE hermes_tui_gone_at IS NOT NULL") == [(0,)]


def test_what_vanished_stays_readable_until_it_is_pruned(
    folder: Path, pusher: Pusher, server_url: str, schema: str
) -> None:
    pushed(pusher)
    session = long_session(folder)
    changed(
        folder, f"DELETE FROM messages WHERE session_id = '{session}'", f"DELETE FROM sessions WHERE id = '{session}'"
    )
    assert pushed(pusher) == (0, 1)
    assert list(pusher.verify()) == []
    with closing(HomeBrowser(open_to_read(locate_server(f"{server_url}&schema={schema}")))) as there:
        assert len(there.heads(session, limit=5).items) == 5
    assert pusher.prune() > 5
    assert pusher.prune() == 0


def test_a_push_that_was_stopped_goes_on_and_one_that_loses_much_refuses(
    folder: Path, pusher: Pusher, run_sql: SqlRunner, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.push.pusher.BATCH_SESSIONS", 1)
    steps = pusher.push(now=lambda: NOW)
    done = next(step for step in steps if step.written == 3)
    del steps
    written, _ = pushed(pusher)
    assert written + done.written == done.total
    assert list(pusher.verify()) == []
    changed(
        folder, "DELETE FROM sessions WHERE id LIKE '202603%'", "DELETE FROM messages WHERE session_id LIKE '202603%'"
    )
    before = run_sql(f"SELECT xmin::text, id FROM {schema}.sessions ORDER BY id")
    with pytest.raises(Refused, match="vanished"):
        pushed(pusher)
    assert run_sql(f"SELECT xmin::text, id FROM {schema}.sessions ORDER BY id") == before


def test_a_role_that_may_make_no_schema_fills_an_empty_one_that_was_made_for_it(
    server_url: str, run_sql: SqlRunner, schema: str
) -> None:
    """Mutants: a schema that is there is taken for one that is filled; one with others' tables is filled; a role that
    may make no tables there is told to make a schema."""
    url = server_url.replace("postgres@", "tests_reader@", 1)
    run_sql(f"CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO tests_reader")
    with closing(open_push_target(url, schema)) as target:
        with pytest.raises(CannotOpen, match="GRANT CREATE ON SCHEMA"):
            target.claim(WHOSE, take_over=False)
        run_sql(f"CREATE TABLE {schema}.others(); GRANT CREATE ON SCHEMA {schema} TO tests_reader")
        with pytest.raises(Refused, match="has tables of others"):
            target.claim(WHOSE, take_over=True)
        assert len(run_sql("SELECT 1 FROM pg_class WHERE relnamespace = %s::regnamespace", (schema,))) == 1
        run_sql(f"DROP TABLE {schema}.others")
        with pytest.raises(StoreMissing, match="there is no copy in"):
            target.require_owner(WHOSE)
        target.claim(WHOSE, take_over=False)
        assert target.marks() == {}


def test_a_schema_of_another_home_or_of_agents_is_refused(
    pusher: Pusher, target: PushTarget, server_url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    del pusher
    with pytest.raises(Refused, match="the copy of a home on alpha"):
        target.claim(replace(WHOSE, machine="2" * 32), take_over=False)
    target.claim(WHOSE, take_over=False)
    target.claim(replace(WHOSE, machine="2" * 32), take_over=True)
    with pytest.raises(Refused):
        target.claim(WHOSE, take_over=False)
    name = f"agents_{worker_id}"
    run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    with closing(SessionDB(f"{server_url}&schema={name}")) as db:
        db.create_session("s1", "cli")
    with closing(open_push_target(server_url, name)) as filled, pytest.raises(Refused, match="filled by agents"):
        filled.claim(WHOSE, take_over=False)
    run_sql(f"ALTER TABLE {name}.hermes_tui_pushed DROP COLUMN place")
    with closing(open_push_target(server_url, name)) as older, pytest.raises(Refused, match=f"DROP SCHEMA {name} "):
        older.claim(WHOSE, take_over=True)


def test_a_push_that_follows_copies_new_messages_alone(
    folder: Path, pusher: Pusher, run_sql: SqlRunner, schema: str
) -> None:
    pushed(pusher)
    looks = follow(pusher, clock=lambda: 0.0)
    assert next(looks) == 0
    session = long_session(folder)
    with closing(SessionDB(folder / "state.db")) as db:
        for number in range(2):
            before = run_sql(f"SELECT xmin::text, id FROM {schema}.messages ORDER BY id")
            db.append_message(session, "user", f"new {number}")
            assert next(looks) == 1
            after = run_sql(f"SELECT xmin::text, id FROM {schema}.messages ORDER BY id")
            assert (set(after) > set(before), len(after)) == (True, len(before) + 1)
    assert next(looks) == 0
    assert list(pusher.verify()) == []


def test_machines_on_one_server_are_one_list_that_a_filter_narrows(
    folder: Path, server_url: str, run_sql: SqlRunner, worker_id: str
) -> None:
    names = [f"m_{machine}_{worker_id}" for machine in ("lamp", "desk")]
    with closing(open_to_read(Home(folder))) as store:
        for name in names:
            run_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
            with closing(open_push_target(server_url, name)) as target:
                list(claimed(store, target).push())
    every = replace(locate_server(server_url, profile="all"), schemas=tuple(names))
    with closing(open_home(every)) as merged:
        first = merged.sessions(limit=200)
        sessions = (*first.items, *merged.sessions(limit=200, cursor=first.cursor).items)
        profiles = {session.id: session.profile for session in sessions}
        words = "message role:user"
        both, one = (
            {profiles[hit.session_id] for batch in merged.search(query, limit=500) for hit in batch.hits}
            for query in (words, f"{words} host:lamp")
        )
        assert (both, one) == (set(names), {names[0]})
        assert merged.count(f"{words} host:lamp").hits * 2 == merged.count(words).hits


def test_what_files_alone_have_is_copied_in_its_place_and_labelled(
    tmp_path: Path, target: PushTarget, server_url: str, schema: str, run_sql: SqlRunner
) -> None:
    """Mutants: files are left out; ids of SQLite for a session with more in its file; a search by ids alone."""
    home = builders.home(tmp_path)
    said = [builders.say("user" if place % 2 == 0 else "assistant", f"heron word{place}") for place in range(6)]
    with closing(builders.db(home)) as db:
        builders.store(db, "both", [said[2], said[3]])
        builders.store(db, "equal", said)
    for name in ("both", "equal", "alone"):
        builders.jsonl(home, name, said)
    (home / "sessions" / "session_snap.json").write_text(json.dumps({"messages": said[:2]}))
    (home / "pending_messages").mkdir()
    waits = {"session_id": "equal", "message": builders.say("user", "heron waits")}
    spooled = {"session_key": "equal", "reason": "transcript_cap_drop", "ts": 1_784_000_000, "seq": 0, "data": waits}
    (home / "pending_messages" / "pending-0a.json").write_text(json.dumps(spooled))
    labels = f"SELECT session_id, hermes_tui_source, count(*) FROM {schema}.messages GROUP BY 1, 2 ORDER BY 1, 2"
    with closing(open_to_read(Home(home))) as store:
        pusher = claimed(store, target)
        assert pushed(pusher) == (4, 0)
        assert (pushed(pusher), list(pusher.verify())) == ((0, 0), [])
        assert run_sql(labels) == [
            ("alone", "jsonl", 6),
            ("both", "jsonl", 4),
            ("both", "sqlite", 2),
            ("equal", "spool", 1),
            ("equal", "sqlite", 6),
            ("snap", "snapshot", 2),
        ]
    with closing(HomeBrowser(open_to_read(locate_server(f"{server_url}&schema={schema}")))) as there:
        assert {session.id for session in there.recent()} == {"alone", "both", "equal", "snap"}
        for name in ("alone", "both"):
            heads = there.heads(name).items
            texts = [message.text for message in there.messages([head.id for head in heads])]
            assert texts == [f"heron word{place}" for place in range(6)]
        kept = [message.kept for message in there.messages([head.id for head in there.heads("both").items])]
        assert kept == [Origin.JSONL] * 2 + [Origin.SQLITE] * 2 + [Origin.JSONL] * 2
        hits = [hit for batch in there.search("heron", limit=100) for hit in batch.hits]
        assert len(hits) == len({hit.message_id for hit in hits}) == 21
        assert [hit.text for batch in there.search("waits", limit=9) for hit in batch.hits] == ["heron waits"]
    (home / "sessions" / "alone.jsonl").unlink()
    with closing(builders.db(home)) as db:
        db.repair(db.plan("both"))
    with closing(open_to_read(Home(home))) as store:
        pusher = claimed(store, target)
        with pytest.raises(Refused, match="1 of 4 sessions vanished"):
            pushed(pusher)
        assert pushed(pusher, allow_gone=True) == (1, 1)
        assert list(pusher.verify()) == []
    assert run_sql(labels)[1:2] == [("both", "sqlite", 6)]
    assert run_sql(f"SELECT count(*) FROM {schema}.messages WHERE hermes_tui_gone_at > 0") == [(6,)]


def test_a_push_that_follows_ends_where_its_schema_was_dropped(pusher: Pusher, run_sql: SqlRunner, schema: str) -> None:
    """Mutant: it is tried again and again, and never made."""
    looks = follow(pusher)
    assert next(looks) > 0
    run_sql(f"DROP SCHEMA {schema} CASCADE")
    with pytest.raises(Refused, match="was dropped; another push makes it again"):
        next(follow(pusher))
