"""A page of lines on the screen."""

from __future__ import annotations

import pytest

from hermes_tui.render.line import Line, span
from hermes_tui.widgets.text_page import TextPage
from tests.hermes_tui.stage import Stage, screen, wheel


def numbered(count: int) -> list[Line]:
    return [(span(f"line {number}"),) for number in range(count)]


@pytest.mark.slow
async def test_a_page_is_scrolled_by_keys_and_the_wheel_and_no_further_than_its_ends() -> None:
    page = TextPage()
    async with Stage(page).run_test(size=(40, 10)) as pilot:
        page.focus()
        page.show(numbered(40))
        await pilot.press("down", "j")
        assert screen(page)[0].startswith("line 2")
        await wheel(pilot, page, down=True)
        assert screen(page)[0].startswith("line 5")
        await pilot.press("pagedown")
        assert screen(page)[0].startswith("line 14")
        await pilot.press("end", "down")
        assert screen(page)[0].startswith("line 30")
        await pilot.press("g", "up")
        assert screen(page)[0].startswith("line 0")


async def test_the_end_is_announced_before_it_is_reached_and_a_thumb_takes_the_last_column() -> None:
    page, long = TextPage(), "x" * 60
    app = Stage(page)
    async with app.run_test(size=(40, 10)) as pilot:
        page.focus()
        page.show(numbered(40))
        await pilot.pause()
        assert app.of(TextPage.EndNear) == []
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert app.of(TextPage.EndNear)
        page.show([(span(long),)] * 40, from_top=True)
        assert screen(page)[9] == "x" * 39
        assert screen(page)[0].endswith("x┃")
        page.show([(span(long),)] * 10, from_top=True)
        assert screen(page)[0] == "x" * 40
