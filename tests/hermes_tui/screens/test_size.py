"""Terminals that become too small, and large again: everything is where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hermes_tui.browsing import NARROW, WIDE, browsing
from tests.hermes_tui.screens.repair.test_screen import several

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_the_focus_stays_where_it_was(tmp_path: Path, size: tuple[int, int]) -> None:
    """Mutant: with the panes taken off a screen that is too small, the focus is in the search row afterwards."""
    async with browsing(several(tmp_path), size) as stage:
        for keys, place in (((), "SEARCH"), (("tab", "j"), "SESSIONS"), (("enter",), "TRANSCRIPT")):
            await stage.press(*keys)
            for small in ((30, 8), (39, 24), (80, 9)):
                await stage.pilot.resize_terminal(*small)
                await stage.shows("hermes-tui needs")
                assert not [line for line in stage.lines if "Session a" in line]
                await stage.pilot.resize_terminal(*size)
                await stage.gone("hermes-tui needs")
                assert stage.place == place
        await stage.press("escape", "D")
        await stage.shows("Doctor")
        focused = stage.app.focused
        await stage.pilot.resize_terminal(30, 8)
        await stage.shows("hermes-tui needs")
        await stage.pilot.resize_terminal(*size)
        await stage.gone("hermes-tui needs")
        assert stage.app.focused is focused
