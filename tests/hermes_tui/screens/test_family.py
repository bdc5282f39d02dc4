"""`L`: the family of a session as a tree, its relations named, and a member opened.

Each guard was seen to fail with its mutant: a section opened at the top of its chain; a family that never arrives; the
key offered to a session that stands alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hermes_tui.render.family import kin_row, tree_lines
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import line_cells, plain
from hermes_tui.render.row import SessionRow
from store import SessionDB
from store.models import Relation, Session
from tests import builders
from tests.hermes_tui.browsing import SIZES, browsing
from tests.hermes_tui.render.samples import NOW


def section(db: SessionDB, session_id: str, parent: str | None = None, **more: Any) -> None:
    """A session with four messages."""
    ended = more.pop("ended", None)
    db.create_session(session_id, more.pop("source", "cli"), parent_session_id=parent, **more)
    db.append_messages(session_id, builders.talk(12, word=f"{session_id} says"))
    if ended:
        db.end_session(session_id, ended)


def furnish(tmp_path: Path) -> Path:
    """A chain of three, and one of every other relation."""
    home = builders.home(tmp_path)
    db = builders.db(home)
    section(db, "alone")
    section(db, "root", ended="compression")
    section(db, "two", "root", ended="compression")
    section(db, "three", "two")
    section(db, "fork", "two", model_config={"_branched_from": "two"})
    section(db, "helper", "two", source="subagent")
    section(db, "again", "three", model_config={"_reset_from": "three"})
    for name in ("alone", "root", "two", "three", "fork", "helper", "again"):
        db.set_session_title(name, f"session {name}")
    db.close()
    return home


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_the_tree_names_the_relations_and_opens_a_member(tmp_path: Path, size: tuple[int, int]) -> None:
    async with browsing(furnish(tmp_path), size) as stage:
        await stage.shows("session three")
        await stage.type("title:three")
        await stage.press("tab", "L")
        await stage.shows("Family of session three")
        await stage.shows("6 sessions")
        rows = [line.split() for line in stage.lines if "session " in line and " now " in line]
        found = {line[line.index("session") + 1]: " ".join(line[line.index("session") + 2 : -1]) for line in rows}
        assert found == {
            "root": "",
            "two": "goes on",
            "fork": "branch",
            "helper": "subagent",
            "three": "goes on",
            "again": "reset",
        }
        assert [line[13:16] for line in stage.lines if " session fork" in line or " session helper" in line] == [
            "├─ ",
            "└─ ",
        ]
        await stage.press("g")
        await stage.shows("user │ root says 0")
        await stage.press("j", "j", "enter")
        await stage.shows("fork says 11")


@pytest.mark.slow
async def test_a_section_is_opened_where_it_begins(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path), (80, 24)) as stage:
        await stage.shows("session three")
        await stage.type("title:three")
        await stage.press("tab", "L")
        await stage.shows("6 sessions")
        await stage.press("g", "j", "enter")
        await stage.shows("two says 0")
        assert "root says" not in stage.text
        assert stage.status.startswith("message 13 of 36")


@pytest.mark.slow
async def test_esc_leads_back_and_a_session_that_stands_alone_has_no_family(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.shows("session three")
        await stage.type("title:fork")
        await stage.press("tab", "L")
        await stage.shows("Family of session fork")
        await stage.press("escape")
        await stage.gone("Family of")
        await stage.press("slash", "ctrl+u")
        await stage.type("title:alone")
        await stage.press("tab")
        assert "family" not in stage.text
        await stage.press("L")
        assert "Family of" not in stage.text


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [39, 60, 79, 140])
@pytest.mark.parametrize("depth", [0, 1, 40])
def test_a_row_has_the_width_of_its_list(glyphs: Any, width: int, depth: int) -> None:
    session = Session("s", title="桂林旅行計画" * 30, messages=12345, relation=Relation.RESET)
    [*_, lines] = tree_lines([0, depth], width=width, glyphs=glyphs)
    line = kin_row(SessionRow(session), lines, width=width, now=NOW, glyphs=glyphs, cursor=True)
    assert line_cells(line) == width
    assert "reset" in plain(line)


def test_tree_lines_lead_past_a_member_to_those_that_come_later() -> None:
    """Mutant: with `last_branch` everywhere the first branch looks like the only one."""
    lines = tree_lines([0, 1, 2, 2, 1, 0, 1], width=100, glyphs=UNICODE)
    assert lines == ["", "├─ ", "│ ├─ ", "│ └─ ", "└─ ", "", "└─ "]
