"""Verbs that answer alike: the list and `show`, the screen and an agent, all profiles and one of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hermes_tui.feed import questions
from hermes_tui.feed.answers import FileTranscriptArrived
from store import SessionDB
from tests import builders
from tests.hermes_acts import Hermes
from tests.hermes_tui.cli.running import Run, objects
from tests.store.sqlite_files import run as change

META = builders.say("session_meta", None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Sessions whose two sources differ in every way that a list counts."""
    folder = builders.home(tmp_path)
    agent = Hermes(folder / "state.db", "compacted")
    for word in ("one", "two", "three"):
        agent.turn(word)
    agent.compact(1, 2)
    agent.rewind(agent.turn("undone")[0])
    db = builders.db(folder)
    builders.store(db, "diverged", [*builders.talk(3), *builders.talk(2, word="own")])
    builders.jsonl(folder, "diverged", [builders.META, *builders.talk(9)])
    builders.store(db, "meta", [META, *builders.talk(3)])
    builders.jsonl(folder, "meta", [builders.META, *builders.talk(4)])
    builders.store(db, "tie", [META, *builders.talk(4)])
    builders.jsonl(folder, "tie", [builders.META, *builders.talk(4)])
    builders.store(db, "waits", builders.talk(2))
    builders.jsonl(folder, "alone", builders.talk(2))
    db.close()
    (folder / "pending_messages").mkdir()
    for number, name in enumerate(("waits", "alone")):
        data = {"session_id": name, "message": builders.say("user", f"waiting in {name}")}
        spooled = {"session_key": name, "reason": "transcript_cap_drop", "ts": 1_784_000_000, "seq": 0, "data": data}
        (folder / "pending_messages" / f"pending-0{number}.json").write_text(json.dumps(spooled))
    return folder


@pytest.mark.slow
def test_the_list_says_how_many_messages_show_prints(home: Path, run: Run) -> None:
    """Mutants: rows in place of messages; SQLite's number where the file is shown; no look at the spool."""
    _, out, _ = run(home, "list", "--json")
    listed = {row["id"]: row["messages"] for row in objects(out)}
    shown = {name: len(objects(run(home, "show", name, "--json")[1])) for name in listed}
    assert listed == shown
    assert (shown["compacted"], shown["diverged"], shown["meta"]) == (9, 9, 4)


@pytest.mark.slow
def test_nothing_is_printed_twice_or_as_undone_that_was_not(home: Path, run: Run) -> None:
    _, out, _ = run(home, "show", "compacted", "--json")
    rows = objects(out)
    assert [row["text"] for row in rows if not row["active"] and not row["compacted"]] == ["undone", "answer to undone"]
    assert len({row["text"] for row in rows}) == len(rows) == 9
    _, out, _ = run(home, "show", "compacted")
    assert out.count("undone") == 4  # two texts and two labels


@pytest.mark.slow
def test_the_screen_shows_what_an_agent_gets_and_show_prints(home: Path, run: Run) -> None:
    db = SessionDB(home / "state.db", read_only=True)
    _, answer = questions.transcript(db, 1, "diverged", None)
    assert isinstance(answer, FileTranscriptArrived)
    on_screen = [message.text for message in answer.messages if not message.aside]
    replayed = [message["content"] for message in db.load_transcript("diverged")]
    db.close()
    _, out, err = run(home, "show", "diverged", "--json")
    assert [row["text"] for row in objects(out)] == on_screen == replayed
    assert "SQLite 5" in err


@pytest.mark.slow
def test_a_row_of_a_profile_that_is_not_there_ends_no_verb(home: Path, run: Run) -> None:
    """Mutant: `Session.profile` from the row: a look-up has no such profile."""
    work = home / "profiles" / "work"
    work.mkdir(parents=True)
    builders.store(builders.db(work), "tie", builders.talk(1))
    for folder in (home, work):
        change(folder / "state.db", "UPDATE sessions SET profile_name = 'gone'")
    every = ("--profile", "all")
    _, out, _ = run(home, *every, "list", "--json")
    assert {(row["id"], row["profile"]) for row in objects(out)} >= {("tie", "default"), ("work/tie", "work")}
    for verb in (["show", "work/tie"], ["check"], ["search", "message"], ["repair", "--all", "--dry-run"], ["doctor"]):
        code, _, err = run(home, *every, *verb, "--json")
        assert code in (0, 1), err
    assert run(home, *every, "list")[0] == 0
    assert run(home, *every, "check", "work/tie", "--json")[0] == 0


@pytest.mark.slow
def test_a_replay_of_all_profiles_is_refused(home: Path, run: Run) -> None:
    """It looked into a folder that is no profile, and wrote nothing without a word."""
    code, out, err = run(home, "--profile", "all", "doctor", "--replay")
    assert (code, out) == (2, "")
    assert "--profile NAME" in err
