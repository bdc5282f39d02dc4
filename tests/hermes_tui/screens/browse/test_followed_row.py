"""The pane beside the list shows the row under the cursor, whatever is typed, cleared, opened and resized."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests import builders
from tests.hermes_tui.browsing import NARROW, WIDE, Stage, browsing

pytestmark = pytest.mark.slow


def talkative(tmp_path: Path) -> Path:
    """Three sessions, of which each has a word of its own, and one is long."""
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        for name, count in (("first", 80), ("second", 3), ("third", 3)):
            builders.store(db, name, builders.talk(count, word=f"{name} zebra"))
    return home


async def agrees(stage: Stage) -> None:
    """Wait until the pane is the cursor's, in what it says and in what it shows."""

    def holds() -> bool:
        stage.widgets.observe(stage.state)
        row, reading = stage.state.pane.row, stage.state.reading
        shown = stage.widgets.transcript._row
        wanted = row.session.id if row else None
        return {wanted} == {item.session.id if item else None for item in (reading.row, shown)}

    await stage.until(holds, seconds=10)


async def test_the_pane_is_that_of_the_cursor_after_a_search_was_taken_out(tmp_path: Path) -> None:
    """Mutant: with the pane opened at a move of the cursor alone, the hit's session stays beside the list."""
    async with browsing(talkative(tmp_path), WIDE) as stage:
        await stage.press("down")
        await agrees(stage)
        before = stage.widgets.session_list.cursor.key
        await stage.type("first")
        await stage.shows("80 hits")
        await agrees(stage)
        await stage.press("escape", "escape")
        assert stage.widgets.session_list.cursor.key == before
        await agrees(stage)
        await stage.press("I")
        assert stage.app.clipboard == before


async def test_with_no_hits_the_pane_is_empty_and_says_so(tmp_path: Path) -> None:
    async with browsing(talkative(tmp_path), WIDE) as stage:
        await agrees(stage)
        await stage.type("xylophones")
        await stage.shows("Nothing to read")
        assert stage.state.reading.row is None
        assert "message 0" not in stage.text
        await stage.press("ctrl+u")
        await agrees(stage)
        await stage.gone("Nothing to read")


async def test_taking_a_search_out_brings_the_reader_back_to_the_place(tmp_path: Path) -> None:
    async with browsing(talkative(tmp_path), WIDE) as stage:
        await stage.press("tab", "G")
        assert stage.widgets.session_list.cursor.key == "first"
        await stage.press("enter")
        await stage.shows("message 80 of 80")
        await stage.press("g", *"JJJJJJJJJJJJ", "escape", "slash")
        place = stage.widgets.transcript.cursor.position
        assert place is not None
        await stage.type("zebra 70")
        await stage.until(lambda: stage.state.search.results.done)
        await agrees(stage)
        await stage.press("escape", "escape")
        await agrees(stage)
        await stage.until(lambda: stage.widgets.transcript.cursor.position == place)


async def test_a_screen_that_becomes_wide_shows_the_row_under_the_cursor(tmp_path: Path) -> None:
    async with browsing(talkative(tmp_path), NARROW) as stage:
        await stage.press("enter", "escape", "down")
        await stage.pilot.resize_terminal(*WIDE)
        await agrees(stage)


async def test_a_session_that_was_read_from_elsewhere_gives_way_to_the_cursors_when_it_is_left(tmp_path: Path) -> None:
    """Mutant: what was entered taken for the cursor's, whichever it is."""
    async with browsing(talkative(tmp_path), WIDE) as stage:
        await stage.press("tab")
        await agrees(stage)
        key = stage.widgets.session_list.cursor.key
        other = next(name for name in ("first", "second") if name != key)
        stage.browser._navigation.leave_repair(other)
        await stage.shows(f"{other} zebra 0")
        assert stage.place == "TRANSCRIPT"
        await stage.press("escape")
        assert stage.widgets.session_list.cursor.key == key
        await agrees(stage)
