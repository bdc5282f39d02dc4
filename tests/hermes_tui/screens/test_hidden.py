"""`v`: why can't I see it? Counts with reasons, a look-up, and the list that shows everything."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from hermes_tui.commands.registry import Place, footer
from hermes_tui.feed import ProfileEntry
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.left_out import counted, found
from hermes_tui.render.line import line_cells, plain
from store import Home, SessionDB, open_home
from store.models import Census, FamilyMember, Relation, Scope, Session, SessionLocation
from tests import builders
from tests.builders import say
from tests.hermes_tui.browsing import SIZES, browsing


def furnish(tmp_path: Path) -> Path:
    """A home with a session for every reason."""
    home = builders.home(tmp_path)
    db = builders.db(home)
    builders.store(db, "20260101_000000_aaaaaa", [say("user", "hello there")])
    db.set_session_title("20260101_000000_aaaaaa", "Look around")
    db.create_session("20260102_000000_bbbbbb", "subagent", parent_session_id="20260101_000000_aaaaaa")
    db.append_messages("20260102_000000_bbbbbb", [say("user", "do it")])
    db.close()
    snapshot = home / "sessions" / "session_20251201_000000_cccccc.json"
    snapshot.write_text(json.dumps({"messages": [say("user", "an old snapshot")], "platform": "cli"}))
    cut = home / "sessions" / "session_20251202_000000_dddddd.json"
    cut.write_text('{"messages": [{"role": "user", "content": "cut"}, {"ro')
    (home / "profiles" / "work" / "sessions").mkdir(parents=True)
    return home


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_everything_is_counted_and_looked_up(tmp_path: Path, size: tuple[int, int]) -> None:
    async with browsing(furnish(tmp_path), size) as stage:
        await stage.shows("an old snapshot")
        await stage.press("tab", "v")
        await stage.shows("Why can't I see it?")
        await stage.shows("3 of 4 sessions are listed")
        await stage.shows("snapshot alone")
        await stage.shows("cut off")
        assert "work" in stage.text
        await stage.press("slash")
        await stage.type("20260102")
        await stage.shows("a subagent's, child of 20260101_000000_aaaaaa")
        await stage.shows("Look around")
        await stage.press("escape")
        await stage.shows("snapshot alone")
        await stage.type("nowhere")
        await stage.shows("Not on this machine")
        assert "Looked in 2 profiles" in stage.text
        await stage.press("enter", "escape")
        await stage.gone("Not on this machine")
        assert stage.status.startswith("3 of 4")


@pytest.mark.slow
async def test_v_twice_shows_everything_and_twice_again_does_not(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.shows("an old snapshot")
        await stage.press("tab", "v", "v")
        assert stage.status.startswith("4 of 4")
        await stage.press("v")
        await stage.shows("the default list")
        await stage.press("v")
        assert stage.status.startswith("3 of 4")


@pytest.mark.slow
async def test_a_snapshot_is_read_and_labelled_as_lossy(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.shows("an old snapshot")
        await stage.type("old snapshot")
        await stage.shows("1 hit in 1 session")
        await stage.press("enter", "enter")
        await stage.shows("△P Only in a JSON snapshot, which may lack messages: 1 message left")


@pytest.mark.slow
async def test_a_snapshot_that_is_cut_off_says_so(tmp_path: Path) -> None:
    async with browsing(furnish(tmp_path)) as stage:
        await stage.shows("!B")
        await stage.type("title:x OR cut")
        await stage.press("tab")
        assert "Traceback" not in stage.text


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_text_fits_its_pane(width: int) -> None:
    scope = Scope(1311, archived=61, children=46, hidden=2)
    census = Census(1300, 5, 3, 2, 7, ("a file cannot be read " * 9,), (("default", 1300), ("work", None)))
    root, child = Session("a" * 60), Session("b" * 60, relation=Relation.DELEGATE, parent_id="a" * 60)
    place = SessionLocation(
        child, ("/very/long/" * 20,), ("archived", "child"), (FamilyMember(root, 0), FamilyMember(child, 1))
    )
    for glyphs in (UNICODE, ASCII):
        lines = [
            *counted(1202, scope, census, width=width, glyphs=glyphs),
            *counted(1202, scope, None, width=width, glyphs=glyphs),
            *found("x" * 300, (), looked_in=3, width=width, glyphs=glyphs),
            *found("b", (place,), looked_in=3, width=width, glyphs=glyphs),
        ]
        assert max(line_cells(line) for line in lines) <= width
        assert glyphs is UNICODE or all(plain(line).isascii() for line in lines)


@pytest.mark.slow
async def test_another_profile_is_one_entry_of_the_palette_away(tmp_path: Path) -> None:
    root = furnish(tmp_path)
    other = Home(root, "work")
    db = SessionDB(other.state_db)
    builders.store(db, "w", [say("user", "at work")])
    db.close()
    shelves = [ProfileEntry(at.name, partial(open_home, at), at.name, "~") for at in (other, Home(root, "all"))]
    async with browsing(root, profiles=shelves) as stage:
        await stage.shows("an old snapshot")
        for name, shown, not_shown in (("work", "at work", "an old snapshot"), ("all", "at work", "nothing")):
            await stage.press("ctrl+p")
            await stage.type(f"profile {name}")
            await stage.shows(f"Profile {name}")
            await stage.press("enter")
            await stage.shows(shown)
            await stage.gone(not_shown)
            assert stage.lines[0].endswith(name)
            assert ("p", "profile") in footer(Place.SESSIONS, stage.state.conditions)
        await stage.shows("an old snapshot")
        await stage.shows("Look around")


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
async def test_a_profile_that_cannot_be_read_is_said_above_the_others(tmp_path: Path, size: tuple[int, int]) -> None:
    """Mutant: the sentence never asked for."""
    root = furnish(tmp_path)
    torn = root / "profiles" / "torn"
    torn.mkdir()
    (torn / "state.db").write_text("no database " * 90)
    shelves = [ProfileEntry("all", partial(open_home, Home(root, "all")), "all", "~")]
    async with browsing(root, size, profiles=shelves) as stage:
        await stage.press("ctrl+p")
        await stage.type("profile all")
        await stage.shows("Profile all")
        await stage.press("enter")
        await stage.shows("△P  Not every profile can be read")
        await stage.says("profile torn: ")
        await stage.shows("Look around")
        assert stage.status.startswith("△P partial: 4 sessions; 1 profile cannot be read")
        (torn / "state.db").unlink()
        await stage.press("tab", "R")
        await stage.gone("Not every profile")
        assert stage.status.startswith("3 of 4 sessions")


@pytest.mark.slow
async def test_every_kind_of_row_is_labelled_on_the_screen(tmp_path: Path) -> None:
    """What waits in the spool too, in its place. Mutant: `waiting` giving nothing."""
    home = builders.home(tmp_path)
    db = builders.db(home)
    start = 1_784_000_000
    rows = [
        say("session_meta", None),
        say("user", "hello"),
        say("user", "what others say", observed=True),
        say("user", "[CONTEXT COMPACTION] earlier things"),
        say("user", "the end"),
    ]
    builders.store(db, "s", [row | {"timestamp": start + 10 * place} for place, row in enumerate(rows)])
    db.close()
    waits = {"session_id": "s", "message": say("user", "it waits", timestamp=start + 35)}
    (home / "pending_messages").mkdir()
    (home / "pending_messages" / "pending-0a.json").write_text(json.dumps({"ts": start + 35, "seq": 0, "data": waits}))
    async with browsing(home, (80, 40)) as stage:
        await stage.shows("hello")
        await stage.press("tab", "enter")
        await stage.shows("the end")
        notes = ("session_meta ·", "observed ·", "summary ·", "spool ·", "it waits", "the end")
        places = [next(place for place, line in enumerate(stage.lines) if note in line) for note in notes]
        assert places == sorted(places)
