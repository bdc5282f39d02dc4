"""What is typed, pasted and clicked by somebody who looks elsewhere writes nothing and quits nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from textual import events

from hermes_tui.screens.repair.screen import RepairScreen
from hermes_tui.state.plan_wait import LONGER, QUIET
from hermes_tui.terminal_input import Burst
from tests import builders
from tests.hermes_tui.browsing import NARROW, WIDE, Stage, browsing
from tests.hermes_tui.screens.repair.test_screen import conversation, lost, open_repair, several, writable

pytestmark = pytest.mark.slow


async def plan_of(stage: Stage, session_id: str = "20260105_bot") -> RepairScreen:
    """The screen of a repair whose plan has stood long enough."""
    screen = await open_repair(stage, session_id)
    await stage.until(lambda: screen._frame.wait.over)
    return screen


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_in_the_search_row_letters_are_text_whatever_else_is_pressed(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """Mutant: with `↓` leading into the list, `retry` opens the repair."""
    async with browsing(lost(tmp_path, missing=5), size) as stage:
        await stage.until(lambda: stage.state.catalog.flagged > 0)
        first = stage.widgets.session_list.cursor.key
        for key in ("down", "up", "pagedown", "pageup", "ctrl+j", "ctrl+k", "down"):
            await stage.press(key)
            assert stage.place == "SEARCH"
        assert stage.widgets.session_list.cursor.key != first
        await stage.type("retry")
        assert stage.widgets.search_bar.text == "retry"
        await stage.press(*["backspace"] * 5, "down")
        await stage.type("sql query")
        assert stage.widgets.search_bar.text == "sql query"
        assert stage.app.screen is stage.browser
        await stage.press("tab")
        assert stage.place == "HITS"
        await stage.press("slash", "escape")
        assert stage.place == "HITS"
        await stage.press("escape")
        assert (stage.place, stage.widgets.search_bar.text) == ("SESSIONS", "")
        await stage.press("escape")
        assert stage.place == "SESSIONS"
        await stage.shows("q quits")


async def test_enter_opens_from_the_search_row_and_esc_goes_back_there(tmp_path: Path) -> None:
    async with browsing(lost(tmp_path, missing=5)) as stage:
        await stage.type("quetzal")
        await stage.shows("7 hits")
        await stage.press("down", "enter")
        assert stage.place == "TRANSCRIPT"
        await stage.press("escape")
        assert stage.place == "SEARCH"
        await stage.press("tab", "enter")
        assert stage.place == "TRANSCRIPT"
        await stage.press("escape")
        assert stage.place == "HITS"


@pytest.mark.parametrize("word", ["retry", "fry it yes", "rye y", "Fry", "Dy y", "ruyy"])
async def test_no_word_typed_into_the_list_writes(tmp_path: Path, word: str) -> None:
    """Mutants: without the wait, `retry` repairs; without asking again, `sql query` quits."""
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        await stage.until(lambda: stage.state.catalog.flagged > 0)
        await stage.press("tab")
        stage.widgets.session_list.move_to("20260105_bot")
        for letter in word:
            await stage.press({" ": "space"}.get(letter, letter))
            await stage.pilot.pause(0.05)
        await stage.pilot.pause(QUIET)
        assert writable(stage) is None
        await stage.press(*"lq")
        assert stage.app.return_code is None
        await stage.shows("q again quits")


async def test_a_plan_is_applied_after_it_stood_and_a_key_without_meaning_makes_that_longer(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        screen = await open_repair(stage, "20260105_bot")
        await stage.press("y")
        await stage.shows("press y to apply")
        await stage.press("x")
        assert screen._frame.wait.seconds == LONGER
        await stage.shows("press y to apply")
        await stage.pilot.pause(QUIET + 0.1)
        await stage.press("y")
        await stage.shows("y applies 3 s after the last key")
        assert writable(stage) is None
        await stage.agree()
        await stage.shows("✓D repaired")


async def test_new_rows_on_disk_start_the_wait_again(tmp_path: Path) -> None:
    """Mutant: without a look at what other programs write, the plan on the screen is that of before."""
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        screen = await plan_of(stage)
        builders.jsonl(home, "20260105_bot", builders.talk(12, word="quetzal"))
        await stage.shows("10 messages after message 2")
        await stage.press("y")
        await stage.shows("press y to apply")
        assert screen.state.session is not None
        assert not screen.state.writing
    assert len(conversation(home, "20260105_bot")) == 2


async def test_leaving_a_session_out_and_the_next_one_start_the_wait_again(tmp_path: Path) -> None:
    async with browsing(several(tmp_path)) as stage:
        await stage.until(lambda: stage.state.catalog.flagged == 4)
        await stage.press("tab", "F")
        await stage.shows("2 of 3 chosen")
        screen = stage.app.screen
        assert isinstance(screen, RepairScreen)
        await stage.until(lambda: screen._frame.wait.over)
        screen.flagged.move_to("a")
        await stage.press("space", "y")
        await stage.shows("press y to apply")
        await stage.press("enter")
        await stage.until(lambda: screen._frame.wait.over)
        await stage.press("n", "y")
        assert writable(stage) is None


async def test_help_and_palette_over_a_plan_start_the_wait_again(tmp_path: Path) -> None:
    """Mutant: without that, the palette applies a plan which it has hidden."""
    async with browsing(lost(tmp_path, missing=5)) as stage:
        screen = await plan_of(stage)
        await stage.press("question_mark")
        await stage.pilot.pause(QUIET)
        await stage.press("escape", "y")
        await stage.shows("press y to apply")
        await stage.until(lambda: screen._frame.wait.over)
        await stage.press("ctrl+p")
        await stage.type("apply")
        await stage.shows("Apply the repair")
        await stage.press("enter")
        await stage.until(lambda: stage.app.screen is screen)
        await stage.shows("press y to apply")
        await stage.pilot.resize_terminal(30, 8)
        await stage.pilot.pause(QUIET)
        await stage.press("y")
        assert writable(stage) is None


async def test_u_shows_the_plan_of_the_undo_and_y_applies_it(tmp_path: Path) -> None:
    """Mutant: an undo with `u` alone."""
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        await plan_of(stage)
        await stage.agree()
        await stage.shows("✓D repaired")
        await stage.press("u")
        await stage.shows("Plan of the undo")
        assert "take out  5 messages" in stage.text
        assert stage.footer.startswith("y undo   esc back")
        await stage.press("y")
        await stage.shows("press y to apply")
        await stage.press("escape")
        await stage.shows("━ Receipt")
        assert len(conversation(home, "20260105_bot")) == 7
        await stage.press("u")
        await stage.agree()
        await stage.shows("✓D undone")
    assert len(conversation(home, "20260105_bot")) == 2


async def test_a_paste_is_text_of_the_search_row_wherever_it_comes(tmp_path: Path) -> None:
    async with browsing(lost(tmp_path, missing=5)) as stage:
        await stage.press("tab")
        stage.app.post_message(events.Paste("quetzal\r\nry\tq"))
        await stage.until(lambda: stage.widgets.search_bar.text == "quetzal ry q")
        assert stage.place == "SEARCH"
        await stage.press("ctrl+u")
        stage.app.post_message(events.Paste("ry " * 200))
        await stage.shows("only 300 characters of it were pasted")
        assert len(stage.widgets.search_bar.text) == 300
        assert stage.app.screen is stage.browser


async def test_a_burst_is_typed_in_the_search_row_and_dropped_elsewhere(tmp_path: Path) -> None:
    async with browsing(lost(tmp_path, missing=5)) as stage:
        stage.app.post_message(Burst("quetzal\nry"))
        await stage.until(lambda: stage.widgets.search_bar.text == "quetzal ry")
        await stage.press("escape", "escape")
        stage.app.post_message(Burst("sql query\n" * 100 + "q"))
        await stage.shows("pasted 1 001 characters · / then paste")
        assert stage.place == "SESSIONS"
        await stage.press("q")
        await stage.shows("q again quits")
        screen = await plan_of(stage)
        stage.app.post_message(Burst("retry yes\ny"))
        await stage.shows("pasted 11 characters")
        assert "then paste" not in stage.text  # the key that leads to a search does nothing here
        assert screen._frame.wait.seconds == LONGER
        assert writable(stage) is None
        await stage.press("question_mark")
        stage.app.post_message(Burst("qqqqqq retry"))
        await stage.shows("pasted 12 characters · / then paste")
        assert stage.app.return_code is None


async def test_the_second_click_of_a_double_click_applies_nothing(tmp_path: Path) -> None:
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        await stage.shows("⇡A")
        y = next(number for number, line in enumerate(stage.lines) if "⇡A" in line)
        await stage.pilot.click(offset=(4, y), times=2)
        await stage.shows("SQLite lacks 5 of its 7 messages")
        column = stage.lines[-1].index("apply")
        await stage.pilot.click(offset=(column, stage.app.size.height - 1), times=2)
        await stage.pilot.pause()
        assert writable(stage) is None


async def test_new_sessions_keep_the_cursor_of_somebody_who_types(tmp_path: Path) -> None:
    """Enter opens the row that was under the cursor, though another one came above it."""
    home = lost(tmp_path, missing=5)
    async with browsing(home) as stage:
        await stage.press("down")
        key = stage.widgets.session_list.cursor.key
        with closing(builders.db(home)) as db:
            builders.store(db, "fresh", builders.talk(2))
        await stage.until(lambda: "3 of 3" in stage.status)
        assert stage.widgets.session_list.cursor.key == key
        await stage.press("enter")
        assert stage.state.reading.row is not None
        assert stage.state.reading.row.session.id == key
