"""Sessions by what they are called, where they ran and what their id is."""

from __future__ import annotations

import pytest

from hermes_tui.render.line import Range
from hermes_tui.state.rows import SessionRow
from hermes_tui.state.title_filter import Titles
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
