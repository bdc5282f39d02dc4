"""The repairs that were made: they are found again after their receipt was left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hermes_tui.browsing import NARROW, WIDE, browsing
from tests.hermes_tui.screens.repair.test_screen import conversation, lost, open_repair

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_a_repair_is_found_and_undone_after_its_receipt_was_left(tmp_path: Path, size: tuple[int, int]) -> None:
    home = lost(tmp_path, missing=5)
    async with browsing(home, size) as stage:
        await open_repair(stage, "20260105_bot")
        await stage.agree()
        await stage.shows("✓D repaired")
        await stage.press("escape")
    async with browsing(home, size) as stage:
        await stage.press("tab", "U")
        await stage.shows("1 repair")
        for width in (180, size[0]):  # mutant: the head as it was drawn for the size before
            await stage.pilot.resize_terminal(width, size[1])
            await stage.until(lambda: stage.lines[3].find("state") == stage.lines[4].find("done") > width - 20)  # noqa: B023
        assert "Fix the docker build on the bot" in stage.text
        assert "done" in stage.text
        assert stage.footer.startswith("enter receipt   u undo   esc back")
        await stage.press("enter")
        await stage.shows("━ Receipt ━")
        assert "inserted    5 messages of 5" in stage.text
        await stage.press("u")
        await stage.shows("Plan of the undo")
        await stage.press("escape")
        await stage.shows("━ Receipt ━")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
        await stage.press("U")
        await stage.shows("1 repair")
        await stage.press("u")
        await stage.shows("Plan of the undo")
        assert len(conversation(home, "20260105_bot")) == 7
        await stage.agree()
        await stage.shows("✓D undone: 5 messages taken out, 2 left")
        await stage.press("escape", "U")
        await stage.shows("undone")
        await stage.press("u")
        await stage.shows("no repair here could be undone")
    assert len(conversation(home, "20260105_bot")) == 2


async def test_a_home_without_a_repair_says_so_and_the_palette_leads_there(tmp_path: Path) -> None:
    async with browsing(lost(tmp_path, missing=5)) as stage:
        await stage.press("ctrl+p")
        await stage.type("repairs that")
        await stage.shows("Repairs that were made")
        await stage.press("enter")
        await stage.shows("no repair was made here yet")
        await stage.shows(" ∅0  No repair and no deletion was made here yet")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.browser)
