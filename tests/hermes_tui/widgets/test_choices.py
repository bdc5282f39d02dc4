"""Choices: what stands in a row, what a filter leaves, what the cursor tries out.

Mutants: `hidden` not looked at (every theme is listed); no `leave` (the theme that was only looked at stays).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_tui.render.choice_row import choice_row
from hermes_tui.render.glyphs import ASCII, UNICODE
from hermes_tui.render.line import Role, line_cells, plain
from hermes_tui.widgets.choices import Choices
from tests import builders
from tests.hermes_tui.browsing import browsing


@pytest.mark.parametrize("width", [24, 80])
def test_keys_stand_at_the_right_end_and_a_long_title_is_cut(width: int) -> None:
    line = choice_row("Sessions in 桂林旅行計画 and more of them", "↑↓", ["more"], width=width, glyphs=UNICODE)
    assert line_cells(line) == width
    assert plain(line).endswith(" ↑↓ ")
    assert plain(choice_row("Rows", "↑↓", [], width=width, glyphs=ASCII)).isascii()
    if width == 80:
        assert [span.text for span in line if span.underline] == ["more"]
        assert next(span.role for span in line if span.text == "↑↓") is Role.ACCENT


@pytest.mark.slow
async def test_the_palette_has_what_works_here_first_and_themes_behind_one_entry_with_a_preview(tmp_path: Path) -> None:
    async with browsing(builders.home(tmp_path), (80, 24)) as stage:
        before = stage.app.theme
        await stage.press("ctrl+p")
        await stage.shows("━ Commands ━")
        choices = stage.app.screen
        assert isinstance(choices, Choices)
        titles = [offer.title for offer in choices._list.offers if not offer.hidden]
        assert titles.index("Go to the list") < titles.index("Search") < titles.index("Theme")
        assert not any(title.startswith("Theme ") for title in titles)
        await stage.type("theme")
        await stage.press("enter")
        await stage.shows("━ Themes ━")
        await stage.press("down")
        await stage.until(lambda: stage.app.theme != before)
        await stage.press("escape")
        await stage.until(lambda: stage.app.theme == before and stage.app.screen is stage.browser)
        await stage.press("ctrl+p")
        await stage.type("no such command")
        await stage.press("ctrl+c")
        await stage.shows("ctrl+c again or ctrl+q quits")  # mutant: no binding, as every modal screen begins
        await stage.press("enter", "escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
