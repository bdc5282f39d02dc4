"""Sessions by what they are called, where they ran and what their id is."""

from __future__ import annotations

import pytest

from hermes_tui.render.line import Range
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.title_filter import LINES, Titles
from store.models import Session
from store.query.parse import parse

ROW = SessionRow(
    Session("20260401_abc", title="Fix the Café build", cwd="/home/u/Projects/web", messages=3), None, None
)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cafe", ((8, 12),)),
        ("fix buil", ((0, 3), (13, 17))),
        ("projects", ()),
        ("fix web", ((0, 3),)),
        ("20260401", ()),
        ("2026", ()),
        ("202", None),
        ("0401", None),
        ("we", None),
        ("fix absent", None),
        ("absent OR build", ((13, 18),)),
        ("web -cafe", None),
        ("hermes --resume 20260401_abc", ()),
        ("absent @session:default/20260401_abc", ()),
    ],
)
def test_a_session_is_found_by_title_folder_and_start_of_its_id(words: str, found: tuple[Range, ...] | None) -> None:
    titles = Titles()
    titles.folded(ROW)
    query = parse(words, now=0.0)
    assert titles.match(query, ROW) == found
    assert found is None or (few := titles.candidates(query)) is None or ROW.session.id in few


def test_titles_for_a_thread_are_not_copied_and_keep_their_sessions_while_more_come() -> None:
    titles = Titles()
    known = [SessionRow(Session(f"s{number}", "cli", f"Title {number}")) for number in range(2 * LINES + 3)]
    for row in known:
        titles.folded(row)
    before = titles.every()
    assert next(before) == ("s0", "title 0")
    for number, row in enumerate(known):
        titles.folded(SessionRow(Session(row.session.id, "cli", f"Other {number}")))
    titles.folded(SessionRow(Session("new", "cli", "New")))
    rest = list(before)
    assert [session_id for session_id, _ in rest] == [row.session.id for row in known[1:]]
    assert rest[-1] == (f"s{len(known) - 1}", f"other {len(known) - 1}")
    assert len(list(titles.every())) == len(known) + 1
