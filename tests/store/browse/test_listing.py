"""Lists of a home: the same as one that is made of all sessions, and a page costs what is on it.

Mutants that these tests were seen to catch: `Listings.listing` without sessions that files alone have, without orphans,
in the order of ids; chains, sessions of the spool or with a file taken for plain rows; described sessions, undone rows,
titles of spaces and answers of spaces taken for plain; the roles of all rows looked at with the first page; the last
messages of all sessions read for the order by start; a page of one session.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from store import Origin, SessionDB
from store.browse import listed
from store.browse.listed import ListedSession, Listing
from store.browse.listing import listing_of
from tests.builders import aged, home, jsonl, say
from tests.counting import asked_of_sqlite
from tests.store.sqlite_files import make, run

ODD = """
INSERT INTO sessions (id, source, title, started_at, parent_session_id, end_reason) VALUES
 ('spaces', 'cli', '  ', 1.71e9, NULL, NULL), ('described', 'cli', 'a', 1.72e9, NULL, NULL),
 ('undone', 'cli', 'b', '2024-03-01T10:00:00', NULL, NULL), ('empty', '', '', 'soon', NULL, NULL),
 ('root', 'cli', 'r', 1.6e9, NULL, 'compression'), ('next', 'cli', 'r #2', 1.61e9, 'root', NULL),
 ('blank', 'cli', 'c', 1.73e9, NULL, NULL), ('late', 'cli', 'd', 1.74e9, NULL, NULL),
 ('bytes', 'cli', CAST(x'ff6f' AS TEXT), 1.75e9, NULL, NULL), ('waits', 'cli', 'w', 1.76e9, NULL, NULL),
 ('filed', 'cli', 'f', 1.77e9, NULL, NULL), ('tool', 'cli', 't', 1.78e9, NULL, NULL),
 ('results', 'cli', 'ts', 1.781e9, NULL, NULL), ('nameless', 'cli', NULL, 1.782e9, NULL, NULL);
INSERT INTO messages (session_id, role, content, timestamp, active, finish_reason, tool_calls) VALUES
 ('spaces', 'user', 'words of it', 1.71e9, 1, NULL, NULL), ('described', 'user', 'x', 1.72e9, 1, NULL, NULL),
 ('described', 'session_meta', '{}', 1.72e9, 1, NULL, NULL), ('described', 'user', 'y', 1.79e9, 1, NULL, NULL),
 ('undone', 'user', 'x', 1.7e9, 1, NULL, NULL), ('undone', 'user', 'y', 1.7e9, 0, NULL, NULL),
 ('root', 'user', 'x', 1.6e9, 1, NULL, NULL), ('next', 'user', 'y', 1.62e9, 1, NULL, NULL),
 ('blank', 'user', 'x', 1.7e9, 1, NULL, NULL), ('blank', 'assistant', '                  ', 1.7e9, 1, NULL, NULL),
 ('late', 'assistant', 'x', 1.7e9, 1, 'length', NULL), ('late', 'system', 'x', 1.5e9, 1, NULL, NULL),
 ('bytes', 'user', 'x', 1.7e9, 1, NULL, NULL), ('waits', 'user', 'x', 1.7e9, 1, NULL, NULL),
 ('filed', 'assistant', 'x', 1.7e9, 1, NULL, '[{"name": "n"}]'), ('tool', 'tool', 'x', 1.7e9, 1, NULL, NULL),
 ('tool', 'assistant', 'x', 1.7e9, 1, NULL, NULL), ('orphan', 'user', 'x', 1.65e9, 1, NULL, NULL),
 ('results', 'tool', 'x', 1.7e9, 1, NULL, NULL), ('nameless', 'assistant', 'x', 1.7e9, 1, NULL, NULL),
 ('nameless', 'user', 'words within', 1.7e9, 1, NULL, NULL);
"""


def rows(found: Listing) -> list[ListedSession]:
    """All of a list."""
    return [row for page in found.pages for row in page]


def as_made_of_all(database: SessionDB, *, by_start: bool) -> list[ListedSession]:
    """The list of what can be read, with first words where there is no title, and facts of files that are there."""
    made = rows(listing_of(database, by_start=by_start))
    return [*made] if not by_start else sorted(made, key=lambda row: row[0].orphan)


def same(one: ListedSession, other: ListedSession) -> bool:
    """Whether two rows print the same: first words count where there is no title."""
    (session, outline, facts), (others, theirs, known) = one, other
    assert outline is not None
    assert theirs is not None
    words = outline.first_words == theirs.first_words or bool((session.title or "").strip())
    return (session, outline.status, outline.shown, facts, words) == (others, theirs.status, theirs.shown, known, True)


def assert_equal(folder: Path, *, orders: tuple[bool, ...]) -> None:
    """The list of a home is the one that is made of all of it."""
    with closing(SessionDB(folder / "state.db", read_only=True)) as database:
        for by_start in orders:
            quick, made = rows(database.listing(by_start=by_start)), as_made_of_all(database, by_start=by_start)
            assert [row[0].id for row in quick] == [row[0].id for row in made]
            for one, other in zip(quick, made, strict=True):
                assert same(one, other), (one, other)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A home with sessions of every kind, also in files alone."""
    folder = home(tmp_path)
    make(folder, "one", "two", session="plain")
    run(folder / "state.db", ODD)
    aged(jsonl(folder, "alone", [say("user", "x", timestamp=1.715e9)]))
    aged(jsonl(folder, "filed", [say("user", "x", timestamp=1.715e9)] * 3))
    (folder / "pending_messages").mkdir()
    data = {"session_id": "waits", "message": say("user", "later")}
    waiting = {"session_key": "waits", "reason": "transcript_cap_drop", "ts": 1.8e9, "seq": 1, "data": data}
    (folder / "pending_messages" / "pending-waits.json").write_text(json.dumps(waiting))
    return folder


def test_the_list_of_odd_sessions_is_made_of_all_of_them(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (200, 3):
        monkeypatch.setattr(listed, "PAGE", size)
        assert_equal(odd, orders=(False, True))
    with closing(SessionDB(odd / "state.db", read_only=True)) as database:
        found = {session.id: session for session, _, _ in rows(database.listing())}
    assert found["alone"].origin is Origin.JSONL
    assert found["orphan"].orphan


def test_the_list_of_every_real_home_is_made_of_all_sessions(each_home: Path) -> None:
    assert_equal(each_home / ".hermes", orders=(False,))


def filled(folder: Path, sessions: int, messages: int) -> Path:
    """A store of sessions that began one after the other, the first three with two messages, the others with more."""
    path = make(folder, "x", session="s0")
    run(
        path,
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sessions - 1})"
        " INSERT INTO sessions (id, source, title, started_at) SELECT 's' || i, 'cli', 't' || i, 1.7e9 - i FROM n",
    )
    run(
        path,
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sessions * messages - 1})"
        " INSERT INTO messages (session_id, role, content, timestamp) SELECT"
        f" 's' || (i % {sessions}), 'user', 'x', 1.7e9 - i % {sessions} FROM n WHERE i < {2 * sessions} OR"
        f" i % {sessions} > 3",
    )
    return path


def steps_of(path: Path, pages: int, *, by_start: bool) -> tuple[int, int]:
    """Statements and steps of the first pages of a list."""
    with asked_of_sqlite() as asked, closing(SessionDB(path, read_only=True)) as database:
        found = database.listing(by_start=by_start).pages
        for _ in range(pages):
            assert len(next(found)) == 3
    return asked.statements, asked.steps


def test_a_page_costs_what_is_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By start the messages of other sessions cost nothing, by activity one look at the index of each."""
    monkeypatch.setattr(listed, "PAGE", 3)
    few, many = (filled(home(tmp_path, f"h{number}"), 40, number) for number in (2, 30))
    assert steps_of(few, 1, by_start=True) == steps_of(many, 1, by_start=True)
    assert steps_of(many, 1, by_start=False)[1] - steps_of(few, 1, by_start=False)[1] < 28 * 40 * 12
    statements = [steps_of(few, pages, by_start=False)[0] for pages in (2, 3, 4)]
    assert statements[2] - statements[1] == statements[1] - statements[0] <= 8
