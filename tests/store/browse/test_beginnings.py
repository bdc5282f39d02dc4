"""Beginning of a long session, and its pages: what they cost, and that they are what `pieces` gives.

Mutants that these guards are for:
- `copies` that counts the section's rows before it looks for an inactive one: the beginning costs its length
- `heads` without the walk along the table, or without the ids that are known: a page costs the session's length
- `opened` that trusts the beginning: a message that was undone meanwhile stays on the screen
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hermes_tui.feed import answers, questions
from store import SessionDB
from store.browse import reading
from store.sqlite.connect import create
from tests.counting import asked_of_sqlite

ROW = "INSERT INTO messages (session_id, role, content, timestamp) VALUES (?, 'user', 'words', ?)"


def home(path: Path, rows: int, *, sessions: str = "s") -> Path:
    """A store whose sessions take turns, so many rows each, the last ones with the earliest times."""
    create.create(path)
    connection = apsw.Connection(str(path))
    with connection:
        connection.execute("DROP TRIGGER messages_fts_insert")
        connection.execute("DROP TRIGGER messages_fts_trigram_insert")
        for name in sessions:
            connection.execute("INSERT INTO sessions (id, source, started_at) VALUES (?, 'cli', 1.7e9)", (name,))
        connection.executemany(ROW, ((name, 1.7e9 - row) for row in range(rows) for name in sessions))
    connection.close()
    return path


def steps(path: Path, read: Callable[[SessionDB], object]) -> int:
    """Steps of SQLite's machine in a read of an open store."""
    with asked_of_sqlite() as asked, closing(SessionDB(path, read_only=True)) as db:
        db.heads("s", limit=1)
        before = asked.steps
        read(db)
        return asked.steps - before


def test_a_beginning_costs_the_same_whatever_the_length_of_its_session(tmp_path: Path) -> None:
    short, long = (home(tmp_path / f"{rows}.db", rows) for rows in (400, 4_000))
    with closing(SessionDB(long, read_only=True)) as db:
        listed = db.session("s")
        assert listed is not None
        first = next(db.pieces(db.reading("s")))
        assert db.beginning(listed) == first
        assert (len(first.heads), first.last) == (reading.FIRST_PAGE, False)
    assert steps(long, lambda db: db.beginning(listed)) < 1.2 * steps(short, lambda db: db.beginning(listed))


@pytest.mark.parametrize("sessions", ["s", "abs"], ids=["alone", "among others"])
def test_the_pages_of_a_session_cost_its_length_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sessions: str
) -> None:
    monkeypatch.setattr(reading, "PAGE", reading.FIRST_PAGE)
    short, long = (home(tmp_path / f"{rows}.db", rows, sessions=sessions) for rows in (500, 2_000))

    def whole(db: SessionDB) -> list[int]:
        return [head.id for piece in db.pieces(db.reading("s")) for head in piece.heads]

    with closing(SessionDB(long, read_only=True)) as db:
        assert whole(db) == list(range(len(sessions), 2_000 * len(sessions) + 1, len(sessions)))
    assert steps(long, whole) < 5 * steps(short, whole)


def test_a_beginning_that_has_changed_meanwhile_is_shown_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home(tmp_path / "state.db", 300)
    with closing(SessionDB(path, read_only=True)) as db:
        listed = db.session("s")
        assert listed is not None
        early, _, rest, *pages = questions.opened(db, 1, listed, None)
        assert isinstance(early, answers.SectionArrived)
        assert isinstance(rest, answers.SectionArrived)
        assert (len(early.heads), early.first, rest.heads) == (reading.FIRST_PAGE, True, ())
        assert (rest.first, len(pages)) == (False, 1)
        versions = questions.versions

        def undone(browser: SessionDB, session_id: str) -> object:
            connection = apsw.Connection(str(path))
            connection.execute("UPDATE messages SET active = 0 WHERE id = 7")
            connection.close()
            return versions(browser, session_id)

        monkeypatch.setattr(questions, "versions", undone)
        *_, reread = questions.opened(db, 1, listed, None)
        assert isinstance(reread, answers.TranscriptReread)
        heads = [head for piece in reread.pieces if isinstance(piece, answers.SectionArrived) for head in piece.heads]
        assert [head.id for head in heads if not head.active] == [7]
