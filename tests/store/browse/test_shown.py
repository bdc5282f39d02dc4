"""Numbers of the list beside what reading shows: of every home, session by session.

The mutant of each guard:
- `described` always False: a session whose first row describes it has one too many
- the longer JSONL file ignored: both tests
- files that are in sync kept by their mark alone: the one that has messages twice
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from store import SessionDB
from store.base.cancel import Cancel
from store.files.jsonl_files import JsonlFiles
from tests import builders


def read(db: SessionDB, session_id: str) -> int:
    """Messages of a session as its reader gets them, one by one."""
    pieces = list(db.pieces(db.reading(session_id)))
    heads = sum(head.role != "session_meta" for piece in pieces for head in piece.heads)
    return heads + sum(message.role != "session_meta" for piece in pieces for message in piece.messages)


@pytest.mark.slow
def test_a_row_has_the_number_of_messages_that_opening_it_shows(each_home: Path) -> None:
    db = SessionDB(each_home / ".hermes" / "state.db", read_only=True)
    facts = list(db.all_facts())
    sessions = [*db.sessions(limit=500).items, *db.file_sessions()]
    outlines = db.outlines([session.id for session in sessions])
    shown = {key: outline.shown for key, outline in outlines.items() if outline.shown is not None}
    assert shown == {key: read(db, key) for key in shown}
    assert len(shown) >= len(facts)
    db.close()


def test_a_file_that_was_compared_is_not_read_again_for_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the comparison says that both sides have the same, one of them twice."""
    folder = builders.home(tmp_path)
    with closing(builders.db(folder)) as db:
        builders.store(db, "short", builders.talk(2))
        builders.store(db, "twice", builders.talk(4))
        builders.store(db, "even", builders.talk(6))
    for name, messages in (("short", builders.talk(9)), ("twice", builders.talk(4) * 2), ("even", builders.talk(6))):
        builders.aged(builders.jsonl(folder, name, messages))
    expected = {"short": 9, "twice": 8, "even": 6}
    for run in range(2):
        with closing(SessionDB(folder / "state.db", read_only=True, cache_dir=tmp_path / "cache")) as db:
            if run == 0:
                assert db.outlines(["short"])["short"].shown == 2  # nothing has been read yet
                list(db.survey(cancel=Cancel()))
            else:
                monkeypatch.setattr(JsonlFiles, "_read", lambda *_: pytest.fail("a file was read"))
            assert {key: outline.shown for key, outline in db.outlines(expected).items()} == expected
