"""Selection of text by a drag, and its copy.

Mutants that these tests are for: a gutter in the text; a drag upwards that selects nothing; half of a wide symbol; a
click that is taken for a drag.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hermes_tui.render.glyphs import UNICODE
from hermes_tui.render.line import plain, span
from hermes_tui.widgets.message_index import Section, head_of
from hermes_tui.widgets.selection import Selection, Spot, selected, spot_at, with_selection
from hermes_tui.widgets.transcript_cursor import TranscriptCursor
from store.models import Message
from tests import builders
from tests.hermes_tui.browsing import NARROW, Stage, browsing

NOW = datetime(2026, 11, 23, 17, 2, tzinfo=UTC)
MESSAGES = [
    Message(1, "s", "user", "first line\nsecond line", timestamp=NOW.timestamp()),
    Message(2, "s", "assistant", "桂林 trip\x1b[2J", timestamp=NOW.timestamp()),
    Message(3, "s", "user", "the end", timestamp=NOW.timestamp()),
]


def shown(*, bodies: int = 3) -> TranscriptCursor:
    """A cursor on the messages, of which only the first have been read."""
    cursor = TranscriptCursor(now=lambda: NOW)
    cursor.shape(80, 24, UNICODE)
    cursor.layout.add(Section("s", tuple(map(head_of, MESSAGES))))
    cursor.layout.put(MESSAGES[:bodies])
    cursor.settle()
    return cursor


def at(cursor: TranscriptCursor, text: str, *, more: int = 0) -> Spot:
    """The cell where a text is drawn, and some further."""
    for y, row in enumerate(cursor.viewport.rows):
        if (x := plain(row.text).find(text)) >= 0:
            found = spot_at(cursor.viewport, x + more, y, 0)
            assert found is not None
            return found
    raise AssertionError(text)


def reversed_in(stage: Stage, row: int) -> str:
    """What is reversed on a row of the screen."""
    strip = stage.app.screen._compositor.render_strips(stage.app.size)[row]
    return "".join(part.text for part in strip if part.style and part.style.reverse)


def test_a_drag_in_either_direction_selects_the_text_without_gutter_and_seams() -> None:
    cursor = shown()
    first, last = at(cursor, "line"), at(cursor, "the end", more=2)
    found = selected(cursor.layout, Selection(first, last))
    assert found == selected(cursor.layout, Selection(last, first))
    assert found.text.split() == ["line", "second", "line", "桂林", "trip␛[2J", "the"]
    assert found.name == "6 lines of messages 1 to 3"
    assert selected(cursor.layout, Selection(first, first)).text == "l"
    above = spot_at(cursor.viewport, 30, -1, 0)
    assert above is not None
    assert selected(cursor.layout, Selection(above, first)).text == "first l"


def test_a_symbol_of_two_cells_is_selected_whole_and_an_unread_message_is_said() -> None:
    cursor = shown()
    wide = at(cursor, "桂")
    for cell in (wide.cell, wide.cell + 1):
        spot = Spot(wide.index, wide.line, cell)
        assert selected(cursor.layout, Selection(spot, spot)).text == "桂"
    line = (span("          "), span("abc"), span("桂x"))
    assert plain(part for part in with_selection(line, (12, 14)) if part.reverse) == "c桂"
    assert plain(with_selection(line, (10, 1 << 30))) == plain(line)
    cursor = shown(bodies=2)
    unread = selected(cursor.layout, Selection(at(cursor, "first"), Spot(2, 0, 20)))
    assert unread.name.endswith("of which 1 message is not read")


@pytest.mark.slow
async def test_what_is_dragged_over_is_reversed_and_copied_and_a_click_stays_a_click(tmp_path: Path) -> None:
    home = builders.home(tmp_path)
    with closing(builders.db(home)) as db:
        builders.store(db, "s1", [builders.say("user", "pears and plums"), builders.say("user", "quinces")])
        db.end_session("s1", "done")
    async with browsing(home, NARROW) as stage:
        await stage.press("tab", "enter")
        await stage.shows("quinces")
        row = next(y for y, line in enumerate(stage.lines) if "┃ pears" in line)
        column = stage.lines[row].index("pears")
        await stage.pilot.mouse_down(offset=(column, row))
        await stage.pilot.hover(offset=(column + 4, row))
        await stage.until(lambda: reversed_in(stage, row) == "pears")
        await stage.pilot.mouse_up(offset=(column + 4, row))
        await stage.shows("copied 1 line of message 1")
        assert stage.app.clipboard == "pears"
        assert stage.app.mouse_captured is None
        other = next(y for y, line in enumerate(stage.lines) if "quinces" in line)
        await stage.pilot.click(offset=(column, other))
        await stage.until(lambda: stage.widgets.transcript.cursor.bar == 1)
        assert stage.widgets.transcript.cursor.selection is None
        assert stage.app.clipboard == "pears"
